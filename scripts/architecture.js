// Draws docs/pictures/architecture.svg from the imports as they are in src/: node scripts/architecture.js
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Rows from above to below, as docs/architecture.md lists them; imports may only point down. */
const rows = [
	["cli"],
	["ui"],
	["pipeline"],
	["deploy", "vm", "report"],
	["release"],
	["image", "initramfs", "kernel", "rootfs", "host"],
	["plan"],
	["config"],
	["system"],
];
const known = rows.flat();
const imports = new Map();
const files = new Map(known.map((name) => [name, 0]));
for (const name of readdirSync(`${root}/src`, { recursive: true })) {
	if (!name.endsWith(".ts") || name.endsWith(".test.ts")) continue;
	const from = name.split("/")[0];
	if (!files.has(from)) continue;
	files.set(from, files.get(from) + 1);
	const text = readFileSync(`${root}/src/${name}`, "utf8");
	for (const [, target] of text.matchAll(
		/(?:from|import\()\s*"(\.\.?\/[^"]+)"/g,
	)) {
		const to = posix
			.normalize(posix.join(posix.dirname(name), target))
			.split("/")[0];
		if (to === from || !files.has(to)) continue;
		const key = `${from} ${to}`;
		imports.set(key, (imports.get(key) ?? 0) + 1);
	}
}

const [width, rowHeight, boxWidth, boxHeight] = [920, 92, 130, 46];
const places = new Map();
rows.forEach((row, index) => {
	const present = row.filter((name) => files.get(name) > 0);
	present.forEach((name, at) => {
		places.set(name, {
			x: (width * (at + 1)) / (present.length + 1),
			y: 40 + index * rowHeight,
		});
	});
});
const lines = [...imports].sort().flatMap(([key, count]) => {
	const [from, to] = key.split(" ").map((name) => places.get(name));
	if (!from || !to) return [];
	const [x1, y1] = [from.x, from.y + boxHeight / 2];
	const [x2, y2] = [to.x, to.y - boxHeight / 2 - 5];
	// Long ways bend aside, so that they do not run through the boxes between.
	const long = y2 - y1 > rowHeight;
	const aside = long ? (x1 + x2 > width ? 1 : -1) * (y2 - y1) * 0.55 : 0;
	const middle = (y1 + y2) / 2;
	return [
		`<path d="M${x1} ${y1} C${x1 + aside} ${middle} ${x2 + aside} ${middle} ${x2} ${y2}" stroke-width="${Math.min(4, 0.7 + Math.log2(count) / 2).toFixed(1)}"><title>${key.replace(" ", " imports ")}, ${count} times</title></path>`,
	];
});
const boxes = [...places].map(
	([name, { x, y }]) =>
		`<g><rect x="${x - boxWidth / 2}" y="${y - boxHeight / 2}" width="${boxWidth}" height="${boxHeight}" rx="8"/><text x="${x}" y="${y - 1}">${name}/</text><text x="${x}" y="${y + 15}" class="small">${files.get(name)} files</text></g>`,
);
const height = 40 + (rows.length - 1) * rowHeight + 50;
writeFileSync(
	`${root}/docs/pictures/architecture.svg`,
	`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="Which folder of src imports which">
<style>
svg { background: #fff; font: 15px system-ui, sans-serif }
path { fill: none; stroke: #7b8aa0; stroke-opacity: .55; marker-end: url(#tip) }
rect { fill: #eef4ff; stroke: #0b62d6 }
text { text-anchor: middle; fill: #17202b }
.small { font-size: 11px; fill: #5b6776 }
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 8 4 0 8z" style="fill:#7b8aa0;stroke:none;marker-end:none"/></marker></defs>
${lines.join("\n")}
${boxes.join("\n")}
</svg>
`,
);
