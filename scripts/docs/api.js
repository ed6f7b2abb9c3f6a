import { readFile } from "node:fs/promises";
import { join, posix } from "node:path";

/**
 * The programming interface as Markdown: what src/index.ts exports, with its documentation and its types.
 * @throws Error naming each export that has no documentation.
 */
export async function apiPage(root) {
	const index = await readFile(join(root, "src/index.ts"), "utf8");
	const sections = [];
	const missing = [];
	for (const [, names, path] of index.matchAll(
		/export (?:type )?\{([^}]*)\} from "([^"]+)";/g,
	)) {
		const file = posix.join("src", path);
		const source = await readFile(join(root, file), "utf8");
		for (const entry of names.split(",").map((one) => one.trim())) {
			if (!entry) continue;
			const [inner, outer = inner] = entry.split(" as ");
			const found = declarationOf(source, inner);
			if (!found) throw new Error(`${file} does not declare ${inner}`);
			if (!found.words) missing.push(`${outer} (${file})`);
			sections.push({ name: outer, ...found, inner });
		}
	}
	if (missing.length > 0)
		throw new Error(`exported without documentation: ${missing.join(", ")}`);
	sections.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
	return [
		"# Programming interface",
		'What `import { … } from "dock0"` gives: the same functions that the commands call. [examples/api](../examples/api/build.js) is a program that uses them.',
		'```js\nimport { build, loadProject } from "dock0";\n\nconst project = await loadProject({ files: ["dock0.yaml"] });\nconst { folder, manifest } = await build(project);\n```',
		...sections.map(
			({ name, inner, words, code }) =>
				`## ${name}\n\n${words}\n\n\`\`\`ts\n${name === inner ? code : code.replace(new RegExp(`\\b${inner}\\b`), name)}\n\`\`\``,
		),
		"",
	].join("\n\n");
}

function rank({ code }) {
	return code.startsWith("function") ? 0 : 1;
}

/** The text of an exported declaration without its body, and what stands in the comment above it. */
function declarationOf(source, name) {
	const start = new RegExp(
		`^export (?:declare )?(?:async )?(interface|type|function|class|const) ${name}\\b`,
		"m",
	).exec(source);
	if (!start) return undefined;
	const [, kind] = start;
	const comment = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*$/.exec(
		source.slice(0, start.index),
	)?.[1];
	const rest = source.slice(start.index).replace(/^export (?:async )?/, "");
	const end = {
		interface: /^\}/m,
		class: /^\}/m,
		type: /;\n(?=\n|\/|export|$)/,
		function: /\)[^\n]*\{\n/,
		const: /;\n/,
	}[kind].exec(rest);
	const length = (end?.index ?? rest.length) + (end?.[0].length ?? 0);
	const code =
		kind === "function"
			? rest.slice(0, length).replace(/\s*\{\n$/, "")
			: rest.slice(0, length);
	return {
		code: (kind === "class" ? classOutline(code) : code).trim(),
		words: comment
			?.replaceAll(/^\s*\*? ?/gm, "")
			.trim()
			.replaceAll(/^@(param|throws|returns)\s*/gm, "\n- **$1** ")
			.replaceAll(/\s*\n(?!\n|-)/g, " ")
			.trim(),
	};
}

/** A class without what its methods do. */
function classOutline(code) {
	return code
		.replaceAll(/\) \{\n[\s\S]*?\n\t\}/g, ");")
		.replaceAll(/\{\n\t\t[\s\S]*?\n\t\}/g, ";");
}
