// Search over the index of the site, and the menu of narrow screens.
const input = document.getElementById("search");
const results = document.getElementById("results");
const menu = document.getElementById("menu");
const { up } = document.body.dataset;

/** Headings count most, then page titles, then text; every word has to be somewhere. */
function find(query) {
	const words = query.toLowerCase().split(/\s+/).filter(Boolean);
	if (words.length === 0) return [];
	return window.searchIndex
		.map((entry) => {
			const heading = entry.heading.toLowerCase();
			const text = entry.text.toLowerCase();
			const page = entry.page.toLowerCase();
			let score = 0;
			for (const word of words) {
				const worth =
					(heading.includes(word) ? 12 : 0) +
					(heading.startsWith(word) ? 6 : 0) +
					(page.includes(word) ? 4 : 0) +
					Math.min(4, text.split(word).length - 1);
				if (worth === 0) return { entry, score: 0 };
				score += worth;
			}
			return { entry, score };
		})
		.filter(({ score }) => score > 0)
		.sort((a, b) => b.score - a.score)
		.slice(0, 12)
		.map(({ entry }) => ({ entry, excerpt: excerptOf(entry.text, words[0]) }));
}

function excerptOf(text, word) {
	const at = Math.max(0, text.toLowerCase().indexOf(word) - 50);
	return `${at > 0 ? "…" : ""}${text.slice(at, at + 150)}…`;
}

function show() {
	const found = find(input.value);
	results.hidden = input.value.trim() === "";
	results.replaceChildren(
		...found.map(({ entry, excerpt }) => {
			const link = document.createElement("a");
			const title = document.createElement("b");
			const small = document.createElement("small");
			link.href = `${up}${entry.file}${entry.id ? `#${entry.id}` : ""}`;
			title.textContent =
				entry.heading === entry.page
					? entry.page
					: `${entry.page} › ${entry.heading}`;
			small.textContent = excerpt;
			link.append(title, small);
			return link;
		}),
	);
	if (found.length === 0) results.textContent = "Nothing was found.";
}

input.addEventListener("input", show);
results.addEventListener("click", () => {
	results.hidden = true;
});
document.addEventListener("keydown", (event) => {
	const links = [...results.querySelectorAll("a")];
	const here = links.indexOf(document.activeElement);
	if (event.key === "/" && document.activeElement !== input) {
		event.preventDefault();
		input.focus();
	} else if (event.key === "Escape") {
		results.hidden = true;
		input.value = "";
	} else if (event.key === "ArrowDown" && !results.hidden) {
		event.preventDefault();
		links[Math.min(links.length - 1, here + 1)]?.focus();
	} else if (event.key === "ArrowUp" && here >= 0) {
		event.preventDefault();
		(links[here - 1] ?? input).focus();
	} else if (event.key === "Enter" && document.activeElement === input)
		links[0]?.click();
});
menu.addEventListener("click", () => {
	const open = document.body.classList.toggle("menu");
	menu.setAttribute("aria-expanded", String(open));
});
