// Builds the documentation as a static site in dist-docs/: npm run docs. Needs dist/ (npm run build).
import { execFile } from "node:child_process";
import {
	copyFile,
	mkdir,
	readdir,
	readFile,
	rm,
	stat,
	writeFile,
} from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Marked } from "marked";
import { apiPage } from "./docs/api.js";
import { commandsPage } from "./docs/commands.js";
import { escapeHtml, layout } from "./docs/layout.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = process.argv[2] ?? join(root, "dist-docs");

/** The parts of the navigation; a page of docs/ that is in none of them stops the build. */
const parts = {
	"": ["README"],
	Build: ["config", "rootfs", "kernel", "lock", "cache"],
	"Run and change": [
		"boot-story",
		"boot",
		"dev",
		"ui",
		"host",
		"init",
		"identity",
	],
	Deliver: ["disk", "update", "deploy", "reliability"],
	"Look and check": ["report", "sbom", "verify", "performance"],
	Reference: ["reference", "commands", "api", "errors", "json-events"],
	Project: [
		"architecture",
		"dependencies",
		"CONTRIBUTING",
		"CHANGELOG",
		"SECURITY",
		"original",
		"coming-from",
	],
};

/** Page name to its Markdown's path in the checkout; those that are generated have none. */
const sources = { README: "README.md" };
for (const name of ["CONTRIBUTING", "CHANGELOG", "SECURITY"])
	sources[name] = `${name}.md`;
for (const file of await readdir(join(root, "docs")))
	if (file.endsWith(".md")) sources[file.slice(0, -3)] = `docs/${file}`;
const generated = {
	commands: await commandsPage(root, promisify(execFile)),
	api: await apiPage(root),
};
const known = Object.values(parts).flat();
for (const name of [...Object.keys(sources), ...Object.keys(generated)])
	if (!known.includes(name))
		throw new Error(
			`${name} has no place in the navigation of scripts/docs.js`,
		);

const pageByPath = new Map(
	Object.entries(sources).map(([name, path]) => [path, fileOf(name)]),
);

function fileOf(name) {
	return name === "README" ? "index.html" : `${name.toLowerCase()}.html`;
}

/** As GitHub makes them: what the links in the Markdown are written for. */
function slugger() {
	const seen = new Map();
	return (text) => {
		const slug = text
			.toLowerCase()
			.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
			.trim()
			.replaceAll(/\s/g, "-");
		const count = seen.get(slug) ?? 0;
		seen.set(slug, count + 1);
		return count === 0 ? slug : `${slug}-${count}`;
	};
}

/** Files outside of the documentation that it links to come along as text; folders as a list of what is in them. */
const wanted = new Set();

function hrefOf(href, from) {
	if (/^[a-z]+:/.test(href) || href.startsWith("#")) return href;
	const [path, anchor] = href.split("#");
	const full = posix
		.normalize(posix.join(posix.dirname(from), path))
		.replace(/\/$/, "");
	const hash = anchor === undefined ? "" : `#${anchor}`;
	const page = pageByPath.get(full);
	if (page) return `${page}${hash}`;
	if (full.startsWith("docs/pictures/")) return full.slice("docs/".length);
	wanted.add(full);
	return `files/${full}.html`;
}

function render(markdown, from) {
	const slug = slugger();
	const headings = [];
	const marked = new Marked({
		gfm: true,
		renderer: {
			heading({ tokens, depth, text }) {
				const id = slug(
					text.replaceAll("`", "").replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1"),
				);
				const html = this.parser.parseInline(tokens);
				headings.push({ id, depth, text: html.replaceAll(/<[^>]*>/g, "") });
				return `<h${depth} id="${escapeHtml(id)}">${html}${depth > 1 ? ` <a class="anchor" href="#${escapeHtml(id)}" aria-label="Link to this part">#</a>` : ""}</h${depth}>\n`;
			},
			link({ href, tokens }) {
				return `<a href="${escapeHtml(hrefOf(href, from))}">${this.parser.parseInline(tokens)}</a>`;
			},
			image({ href, text }) {
				return `<img src="${escapeHtml(hrefOf(href, from))}" alt="${escapeHtml(text)}" loading="lazy">`;
			},
			table(token) {
				const row = (cells, tag) =>
					`<tr>${cells.map((cell) => `<${tag}>${this.parser.parseInline(cell.tokens)}</${tag}>`).join("")}</tr>`;
				return `<div class="scroll" tabindex="0"><table><thead>${row(token.header, "th")}</thead><tbody>${token.rows.map((cells) => row(cells, "td")).join("\n")}</tbody></table></div>\n`;
			},
		},
	});
	return { html: marked.parse(markdown), headings };
}

await rm(target, { recursive: true, force: true });
await mkdir(join(target, "pictures"), { recursive: true });
const pages = [];
for (const name of known) {
	const from = sources[name];
	const markdown = from
		? await readFile(join(root, from), "utf8")
		: generated[name];
	if (markdown === undefined) throw new Error(`there is no page ${name}`);
	const { html, headings } = render(markdown, from ?? "docs/generated.md");
	const title = headings[0]?.text ?? name;
	pages.push({ name, file: fileOf(name), title, html, headings });
}
const navigation = Object.entries(parts).map(([title, names]) => ({
	title,
	pages: names.map((name) => pages.find((page) => page.name === name)),
}));
for (const page of pages)
	await writeFile(
		join(target, page.file),
		layout({ ...page, navigation, up: "" }),
	);

for (const path of wanted) {
	const full = join(root, path);
	const isFolder = (await stat(full)).isDirectory();
	const text = isFolder
		? (await readdir(full, { recursive: true })).sort().join("\n")
		: await readFile(full, "utf8");
	const file = join(target, "files", `${path}.html`);
	await mkdir(dirname(file), { recursive: true });
	await writeFile(
		file,
		layout({
			file: "",
			title: path,
			headings: [],
			html: `<h1><code>${escapeHtml(path)}</code></h1><pre><code>${escapeHtml(text)}</code></pre>`,
			navigation,
			up: "../".repeat(path.split("/").length),
		}),
	);
}

for (const picture of await readdir(join(root, "docs/pictures")))
	await copyFile(
		join(root, "docs/pictures", picture),
		join(target, "pictures", picture),
	);
for (const file of ["site.css", "site.js"])
	await copyFile(join(root, "scripts/docs", file), join(target, file));

/** One entry a heading, with the words below it: small enough to be read as a whole. */
const index = pages.flatMap(({ file, title, html }) =>
	html.split(/(?=<h[1-6] id=)/).map((part) => {
		const id = /^<h[1-6] id="([^"]*)"/.exec(part)?.[1] ?? "";
		const text = part
			.replaceAll(/<a class="anchor".*?<\/a>/g, "")
			.replaceAll(/<[^>]*>/g, " ")
			.replaceAll(/&lt;/g, "<")
			.replaceAll(/&gt;/g, ">")
			.replaceAll(/&quot;/g, '"')
			.replaceAll(/&#39;/g, "'")
			.replaceAll(/&amp;/g, "&")
			.replaceAll(/\s+/g, " ")
			.trim();
		const heading = /^<h[1-6][^>]*>(.*?)(?: <a class="anchor"|<\/h)/s
			.exec(part)?.[1]
			?.replaceAll(/<[^>]*>/g, "");
		return { file, page: title, id, heading: heading ?? title, text };
	}),
);
await writeFile(
	join(target, "search-index.js"),
	`window.searchIndex = ${JSON.stringify(index).replaceAll("<", "\\u003c")};\n`,
);
console.log(`${pages.length} pages in ${target}`);
