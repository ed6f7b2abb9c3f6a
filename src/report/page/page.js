// The report's behaviour. The data is JSON in the page; all text goes in as text, never as HTML.
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);

/** An element with properties and children; `class`, `style` and `data`-like names are attributes. */
function make(tag, attributes = {}, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes))
		if (value !== undefined && value !== false)
			if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
			else element.setAttribute(name, value);
	element.append(...children.filter((child) => child !== undefined));
	return element;
}

function bytesText(bytes) {
	const units = ["B", "kB", "MB", "GB"];
	let value = Math.abs(bytes);
	let unit = 0;
	while (value >= 1000 && unit < units.length - 1) {
		value /= 1000;
		unit += 1;
	}
	const shown = value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value);
	return `${bytes < 0 ? "−" : ""}${shown} ${units[unit]}`;
}

function changeText(bytes) {
	return bytes > 0 ? `+${bytesText(bytes)}` : bytesText(bytes);
}

/** The same hue for the same name, in every report. */
function hueOf(name) {
	let hash = 7;
	for (const letter of name) hash = (hash * 31 + letter.charCodeAt(0)) % 3600;
	return (hash * 137) % 360;
}

// The treemap: squarified (Bruls, Huizing, van Wijk 2000), so that tiles stay readable.
function layOut(nodes, x, y, width, height) {
	const placed = [];
	const total = nodes.reduce((sum, { bytes }) => sum + bytes, 0);
	if (total === 0 || width <= 0 || height <= 0) return placed;
	const scale = (width * height) / total;
	let rest = nodes.map((node) => ({ node, area: node.bytes * scale }));
	while (rest.length > 0) {
		const side = Math.min(width, height);
		let count = 1;
		let best = worstRatio(rest.slice(0, 1), side);
		while (count < rest.length) {
			const next = worstRatio(rest.slice(0, count + 1), side);
			if (next > best) break;
			best = next;
			count += 1;
		}
		const row = rest.slice(0, count);
		rest = rest.slice(count);
		const thickness = row.reduce((sum, { area }) => sum + area, 0) / side;
		let along = 0;
		for (const { node, area } of row) {
			const length = area / thickness;
			placed.push(
				width >= height
					? { node, x, y: y + along, width: thickness, height: length }
					: { node, x: x + along, y, width: length, height: thickness },
			);
			along += length;
		}
		if (width >= height) {
			x += thickness;
			width -= thickness;
		} else {
			y += thickness;
			height -= thickness;
		}
	}
	return placed;
}

function worstRatio(row, side) {
	const sum = row.reduce((total, { area }) => total + area, 0);
	const thickness = sum / side;
	return Math.max(
		...row.map(({ area }) => {
			const length = area / thickness;
			return Math.max(length / thickness, thickness / length);
		}),
	);
}

const view = { by: "package", path: [] };

function currentNode() {
	let node = data.trees[view.by];
	for (const name of view.path)
		node = node.children?.find((child) => child.name === name) ?? node;
	return node;
}

function drawMap(focusName) {
	const map = $("map");
	const node = currentNode();
	const { width, height } = map.getBoundingClientRect();
	const total = data.trees[view.by].bytes;
	map.replaceChildren(
		...layOut(node.children ?? [node], 0, 0, width, height).map((place) =>
			tile(place, total),
		),
	);
	drawCrumbs(node, total);
	const tiles = [...map.children];
	const again = tiles.find((one) => one.dataset.name === focusName) ?? tiles[0];
	for (const one of tiles) one.tabIndex = one === again ? 0 : -1;
	if (focusName !== undefined) again?.focus();
}

function tile({ node, x, y, width, height }, total) {
	const opens = (node.children?.length ?? 0) > 0;
	const share = ((node.bytes / total) * 100).toFixed(1);
	const hue =
		hueOf(view.path[0] ?? node.name) +
		(view.path.length > 0 ? hueOf(node.name) / 9 : 0);
	const element = make("button", {
		type: "button",
		class: opens ? "tile opens" : "tile",
		title: `${node.name}: ${bytesText(node.bytes)}, ${share} %`,
		"aria-label": `${node.name}, ${bytesText(node.bytes)}, ${share} percent${opens ? ", opens" : ""}`,
		style: `left:${x}px;top:${y}px;width:${width}px;height:${height}px;--hue:${hue}`,
		onclick: () => zoomInto(node),
	});
	element.dataset.name = node.name;
	if (opens && width > 60 && height > 60)
		for (const inner of layOut(node.children, 3, 38, width - 8, height - 43))
			if (inner.width > 3 && inner.height > 3)
				element.append(
					make("i", {
						style: `left:${inner.x}px;top:${inner.y}px;width:${inner.width - 1}px;height:${inner.height - 1}px`,
					}),
				);
	if (width > 34 && height > 18) {
		element.append(make("span", {}, node.name));
		if (height > 36)
			element.append(
				make(
					"span",
					{ style: "opacity:.75;padding-top:0" },
					bytesText(node.bytes),
				),
			);
	}
	return element;
}

function drawCrumbs(node, total) {
	const crumbs = [];
	const names = ["the whole root", ...view.path];
	names.forEach((name, index) => {
		if (index > 0) crumbs.push(" › ");
		crumbs.push(
			index === names.length - 1
				? make("b", {}, name)
				: make(
						"button",
						{
							type: "button",
							onclick: () => {
								view.path = view.path.slice(0, index);
								drawMap("");
							},
						},
						name,
					),
		);
	});
	const share = ((node.bytes / total) * 100).toFixed(1);
	$("crumbs").replaceChildren(
		...crumbs,
		make("span", { class: "soft" }, ` ${bytesText(node.bytes)}, ${share} %`),
	);
}

function zoomInto(node) {
	if (!node.children?.length) return;
	view.path = [...view.path, node.name];
	drawMap("");
}

function zoomOut() {
	const left = view.path.at(-1);
	if (left === undefined) return;
	view.path = view.path.slice(0, -1);
	drawMap(left);
}

/** The tile whose middle is nearest in the direction of the arrow. */
function neighbour(from, key) {
	const middle = (element) => {
		const box = element.getBoundingClientRect();
		return [box.left + box.width / 2, box.top + box.height / 2];
	};
	const [x, y] = middle(from);
	const horizontal = key === "ArrowLeft" || key === "ArrowRight";
	const sign = key === "ArrowRight" || key === "ArrowDown" ? 1 : -1;
	let best;
	let bestScore = Number.POSITIVE_INFINITY;
	for (const one of $("map").children) {
		const [a, b] = middle(one);
		const along = (horizontal ? a - x : b - y) * sign;
		const across = Math.abs(horizontal ? b - y : a - x);
		if (along <= 0.5) continue;
		const score = along + across * 2;
		if (score < bestScore) {
			best = one;
			bestScore = score;
		}
	}
	return best;
}

$("map").addEventListener("keydown", (event) => {
	if (event.key === "Escape" || event.key === "Backspace") {
		event.preventDefault();
		zoomOut();
	} else if (event.key.startsWith("Arrow")) {
		event.preventDefault();
		const next = neighbour(event.target, event.key);
		if (!next) return;
		event.target.tabIndex = -1;
		next.tabIndex = 0;
		next.focus();
	}
});
for (const button of document.querySelectorAll("#by button"))
	button.addEventListener("click", () => {
		view.by = button.dataset.by;
		view.path = [];
		for (const one of document.querySelectorAll("#by button"))
			one.setAttribute("aria-pressed", String(one === button));
		drawMap();
	});
new ResizeObserver(() => drawMap()).observe($("map"));

/**
 * A table with a filter and columns to sort by.
 * columns: { title, cell(row): text or element, value?(row) to sort by, number?, hide?, wrap? }
 */
function showTable(id, columns, rows, textOf, limit = 400) {
	const place = $(id);
	if (!place) return;
	const input = place.querySelector("input");
	const count = place.querySelector(".count");
	const body = make("tbody");
	let sorted = { column: undefined, descending: false };
	const headings = columns.map((column, index) =>
		make(
			"th",
			{ scope: "col", class: classOf(column) },
			column.value
				? make(
						"button",
						{ type: "button", onclick: () => sortBy(index) },
						column.title,
					)
				: column.title,
		),
	);
	place
		.querySelector(".table")
		.append(
			make("table", {}, make("thead", {}, make("tr", {}, ...headings)), body),
		);
	input?.addEventListener("input", draw);
	draw();

	function classOf({ number, hide, wrap, key }) {
		const names = [
			number && "number",
			hide && "hide",
			wrap && "wrap",
			key && "key",
		];
		return names.filter(Boolean).join(" ") || undefined;
	}

	function sortBy(index) {
		const again = sorted.column === index;
		sorted = {
			column: index,
			descending: again ? !sorted.descending : columns[index].number === true,
		};
		headings.forEach((heading, at) => {
			if (at === index)
				heading.setAttribute(
					"aria-sort",
					sorted.descending ? "descending" : "ascending",
				);
			else heading.removeAttribute("aria-sort");
		});
		draw();
	}

	function draw() {
		const words = (input?.value ?? "")
			.toLowerCase()
			.split(/\s+/)
			.filter(Boolean);
		const found = rows.filter((row) => {
			const text = textOf(row).toLowerCase();
			return words.every((word) => text.includes(word));
		});
		if (sorted.column !== undefined) {
			const { value } = columns[sorted.column];
			const sign = sorted.descending ? -1 : 1;
			found.sort((a, b) => {
				const [x, y] = [value(a), value(b)];
				return (x < y ? -1 : x > y ? 1 : 0) * sign;
			});
		}
		body.replaceChildren(
			...found
				.slice(0, limit)
				.map((row) =>
					make(
						"tr",
						{},
						...columns.map((column) =>
							make("td", { class: classOf(column) }, column.cell(row)),
						),
					),
				),
		);
		if (found.length > limit)
			body.append(
				make(
					"tr",
					{},
					make(
						"td",
						{ colspan: columns.length, class: "soft" },
						`and ${found.length - limit} more; filter to see them`,
					),
				),
			);
		count.textContent =
			found.length === rows.length
				? String(rows.length)
				: `${found.length} of ${rows.length}`;
	}
}

const mono = (text) => make("code", {}, text);
const worst = Math.max(1, ...data.packages.map(({ bytes }) => bytes));
showTable(
	"packages",
	[
		{
			title: "Package",
			value: ({ name }) => name,
			wrap: true,
			cell: ({ name }) => name,
		},
		{
			title: "Version",
			hide: true,
			wrap: true,
			cell: ({ version }) => mono(version),
		},
		{
			title: "Files",
			number: true,
			hide: true,
			value: ({ files }) => files,
			cell: ({ files }) => String(files),
		},
		{
			title: "Size",
			number: true,
			value: ({ bytes }) => bytes,
			cell: ({ bytes }) => bytesText(bytes),
		},
		{
			title: "",
			hide: true,
			cell: ({ bytes }) =>
				make("i", { class: "bar", style: `width:${(bytes / worst) * 160}px` }),
		},
	],
	data.packages,
	({ name, version }) => `${name} ${version}`,
);

const severityClass = (severity) =>
	/^(critical|high)/.test(severity)
		? "badge bad"
		: /^(low|unimportant)/.test(severity)
			? "badge soft"
			: "badge warn";
showTable(
	"vulnerabilities",
	[
		{
			title: "Severity",
			cell: ({ severity }) =>
				make("span", { class: severityClass(severity) }, severity || "unknown"),
		},
		{
			title: "Id",
			key: true,
			value: ({ id }) => id,
			cell: ({ id }) => mono(id),
		},
		{
			title: "Package",
			value: ({ source }) => source,
			wrap: true,
			cell: ({ source, version }) =>
				make("span", {}, `${source} `, mono(version)),
		},
		{
			title: "Fixed in",
			hide: true,
			wrap: true,
			cell: ({ fixed }) =>
				fixed ? mono(fixed) : make("span", { class: "soft" }, "not yet"),
		},
		{ title: "What", hide: true, wrap: true, cell: ({ summary }) => summary },
	],
	data.vulnerabilities?.findings ?? [],
	({ id, source, summary, severity, packages }) =>
		`${id} ${source} ${summary} ${severity} ${packages.join(" ")}`,
);

const show = (value) =>
	value === null
		? ""
		: typeof value === "string"
			? value
			: JSON.stringify(value);
showTable(
	"settings",
	[
		{
			title: "Key",
			value: ({ key }) => key,
			key: true,
			cell: ({ key }) => mono(key),
		},
		{ title: "Value", wrap: true, cell: ({ value }) => mono(show(value)) },
		{
			title: "Set by",
			wrap: true,
			value: ({ from }) => from,
			cell: ({ from, history }) =>
				history.length > 1
					? make(
							"span",
							{ title: history.join("\n") },
							from,
							make("span", { class: "soft" }, ` (${history.length} layers)`),
						)
					: make(
							"span",
							{ class: from === "default" ? "soft" : undefined },
							from,
						),
		},
	],
	data.settings ?? [],
	({ key, value, from }) => `${key} ${show(value)} ${from}`,
);

showTable(
	"kernel",
	[
		{
			title: "Option",
			wrap: true,
			value: ([name]) => name,
			cell: ([name]) => mono(`CONFIG_${name}`),
		},
		{ title: "Value", wrap: true, cell: ([, value]) => mono(value) },
	],
	Object.entries(data.kernelOptions ?? {}),
	([name, value]) => `CONFIG_${name} ${value}`,
	100,
);

showTable(
	"services",
	[
		{
			title: "Unit",
			value: ({ unit }) => unit,
			wrap: true,
			cell: ({ unit }) => mono(unit),
		},
		{
			title: "Wanted by",
			value: ({ target }) => target,
			wrap: true,
			cell: ({ target }) => mono(target),
		},
		{
			title: "Enabled",
			hide: true,
			value: ({ isStatic }) => Number(isStatic),
			cell: ({ isStatic }) =>
				make(
					"span",
					{ class: isStatic ? "soft" : "good" },
					isStatic ? "always, by its package" : "enabled",
				),
		},
	],
	[...data.services].sort((a, b) => Number(a.isStatic) - Number(b.isStatic)),
	({ unit, target, isStatic }) =>
		`${unit} ${target} ${isStatic ? "always" : "enabled"}`,
);

const boot = $("timeline");
if (boot && data.boot) {
	const end = Math.max(...data.boot.map(({ end: last }) => last));
	for (const { name, start, end: last } of data.boot)
		boot.append(
			make("div", { title: name }, name),
			make(
				"div",
				{ class: "lane" },
				make("i", {
					style: `left:${(start / end) * 100}%;width:${Math.max(0.2, ((last - start) / end) * 100)}%`,
				}),
			),
			make("div", { class: "soft" }, `${(last - start).toFixed(2)} s`),
		);
}

const changes = $("change-lists");
if (changes && data.changes) {
	const { changes: all } = data;
	const sign = ({ before, after }) =>
		before === undefined ? "+" : after === undefined ? "−" : "~";
	const signed = (row) => {
		const mark = sign(row);
		return make(
			"b",
			{ class: mark === "+" ? "good" : mark === "−" ? "bad" : "warn" },
			mark,
		);
	};
	const list = (title, rows, cells, open = false) => {
		if (!rows || rows.length === 0) return;
		changes.append(
			make(
				"details",
				open ? { open: "" } : {},
				make(
					"summary",
					{},
					`${title} `,
					make("span", { class: "soft" }, String(rows.length)),
				),
				make(
					"div",
					{ class: "scroll" },
					make(
						"table",
						{},
						make(
							"tbody",
							{},
							...rows
								.slice(0, 1000)
								.map((row) =>
									make(
										"tr",
										{},
										make("td", {}, signed(row)),
										...cells(row).map((cell) =>
											make("td", { class: "wrap" }, cell),
										),
									),
								),
						),
					),
				),
			),
		);
	};
	const arrow = (before, after) =>
		[before, after]
			.filter(
				(one, index, both) =>
					one !== undefined && one !== "" && one !== both[index - 1],
			)
			.join(" → ");
	list(
		"Packages",
		all.packages,
		({ name, before, after }) => [
			name,
			mono(arrow(before?.version, after?.version)),
			changeText((after?.bytes ?? 0) - (before?.bytes ?? 0)),
		],
		true,
	);
	list(
		"Sizes",
		all.parts,
		({ name, before, after }) => [
			name,
			arrow(bytesText(before ?? 0), bytesText(after ?? 0)),
			changeText((after ?? 0) - (before ?? 0)),
		],
		true,
	);
	list(
		"Kernel options",
		all.kernelOptions?.map(({ name, before, after }) => ({
			name,
			...(before === "n" ? {} : { before }),
			...(after === "n" ? {} : { after }),
		})),
		({ name, before, after }) => [
			mono(`CONFIG_${name}`),
			mono(arrow(before, after)),
		],
		true,
	);
	list("Kernel parameters", all.cmdline, ({ name }) => [mono(name)], true);
	list("Units", all.services, ({ name }) => [mono(name)], true);
	list(
		"Settings",
		all.settings,
		({ name, before, after }) => [
			mono(name),
			mono(
				[before, after]
					.filter((one) => one !== undefined)
					.map(show)
					.join(" → "),
			),
		],
		true,
	);
	list("Files", all.files, ({ name, before, after }) => [
		mono(`/${name}`),
		make("span", { class: "soft hide" }, arrow(before, after)),
	]);
	if (changes.children.length === 0)
		changes.append(make("p", { class: "empty" }, "Nothing differs."));
}
