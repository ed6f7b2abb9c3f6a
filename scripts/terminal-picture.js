// Records docs/pictures/terminal.svg: a real plan and build in a pseudo-terminal. node scripts/terminal-picture.js
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { escapeHtml } from "./docs/layout.js";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const columns = 110;
/** Before the scene: a project that was built once, so that the plan has something to compare with. */
const before = [
	"dock0 init web1 --template web-server --yes",
	"cd web1",
	"dock0 build",
];
const commands = [
	"date > overlay/var/www/html/index.html",
	"dock0 plan",
	"dock0 build",
];

/** What the terminal shows in the end, as rows of cells: the control sequences that dock0 uses, of ECMA-48. */
function screenOf(output) {
	const rows = [[]];
	let [row, column, style] = [0, 0, ""];
	const styles = new Set();
	for (const [token] of output.matchAll(
		// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
		/\u001b\[[?\d;]*[A-Za-z]|\u001b[=>()][B0]?|[\s\S]/gu,
	)) {
		if (token === "\n") {
			row += 1;
			rows[row] ??= [];
		} else if (token === "\r") column = 0;
		else if (token.startsWith("\u001b[")) {
			const count = Number(/\d+/.exec(token)?.[0] ?? 1);
			const kind = token.at(-1);
			if (kind === "A") row = Math.max(0, row - count);
			else if (kind === "G") column = count - 1;
			else if (kind === "K")
				rows[row] = token.includes("2") ? [] : rows[row].slice(0, column);
			else if (kind === "J") rows.splice(row + 1);
			else if (kind === "m") {
				for (const code of token.slice(2, -1).split(";").map(Number))
					if (code === 0) styles.clear();
					else if (code === 22) for (const old of [1, 2]) styles.delete(old);
					else if (code === 39)
						for (const old of styles) old >= 30 && styles.delete(old);
					else styles.add(code);
				style = [...styles].map((code) => `s${code}`).join(" ");
			}
		} else if (token >= " ") {
			if (column >= columns) {
				row += 1;
				column = 0;
				rows[row] ??= [];
			}
			rows[row][column] = { text: token, style };
			column += 1;
		}
	}
	return rows;
}

function drawn(rows) {
	const [cell, line, left, top] = [8.43, 20, 20, 58];
	const width = Math.round(columns * cell + 2 * left);
	const height = top + rows.length * line + 14;
	const texts = rows.map((cells, row) => {
		const runs = [];
		for (let at = 0; at < cells.length; at += 1) {
			const { text = " ", style = "" } = cells[at] ?? {};
			const last = runs.at(-1);
			if (last && last.style === style) last.text += text;
			else runs.push({ style, text });
		}
		const spans = runs.map(({ style, text }) =>
			style
				? `<tspan class="${style}">${escapeHtml(text)}</tspan>`
				: escapeHtml(text),
		);
		return `<text x="${left}" y="${top + row * line}" xml:space="preserve">${spans.join("")}</text>`;
	});
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="A terminal: dock0 plans and builds a host">
<style>
text { fill: #d8dee9; font: 14px ui-monospace, "DejaVu Sans Mono", monospace }
.s1 { font-weight: 700 } .s2 { fill: #8b96a5 }
.s31, .s91 { fill: #ff8a80 } .s32, .s92 { fill: #5dd08c } .s33, .s93 { fill: #f2bf5e }
.s34, .s94 { fill: #6cb0ff } .s35, .s95 { fill: #d7a6ff } .s36, .s96 { fill: #6fd6d6 } .s90 { fill: #8b96a5 }
</style>
<rect width="${width}" height="${height}" rx="10" fill="#10151c"/>
<circle cx="24" cy="22" r="6" fill="#ff5f57"/><circle cx="44" cy="22" r="6" fill="#febc2e"/><circle cx="64" cy="22" r="6" fill="#28c840"/>
${texts.join("\n")}
</svg>
`;
}

const folder = await mkdtemp(join(tmpdir(), "dock0-terminal-"));
try {
	const lines = commands.map(
		(line) =>
			`printf '\\033[32m$\\033[0m \\033[1m%s\\033[0m\\n' ${JSON.stringify(line)}; ${line}; echo`,
	);
	await writeFile(
		join(folder, "scene.sh"),
		`dock0() { ${JSON.stringify(process.execPath)} ${JSON.stringify(`${root}bin/dock0.js`)} "$@"; }\nstty cols ${columns} rows 60\ncd "$(dirname "$0")"\n${before.map((line) => `${line} >/dev/null 2>&1`).join("\n")}\n${lines.join("\n")}\n`,
	);
	// script(1) gives a pseudo-terminal.
	await run("script", ["-qec", `sh ${folder}/scene.sh`, join(folder, "said")], {
		env: { ...process.env, TERM: "xterm-256color", NO_COLOR: "" },
		maxBuffer: 64 * 1024 * 1024,
	});
	const said = (await readFile(join(folder, "said"), "utf8"))
		.replace(/^Script started.*\n/, "")
		.replace(/\nScript done.*\n?$/, "")
		.replaceAll(`${folder}/`, "~/")
		.replaceAll(folder, "~");
	const rows = screenOf(said);
	while (rows.at(-1)?.length === 0) rows.pop();
	await writeFile(join(root, "docs/pictures/terminal.svg"), drawn(rows));
} finally {
	await rm(folder, { recursive: true, force: true });
}
