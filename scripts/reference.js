// Prints docs/reference.md, made from the JSON Schema. To renew it:
// node scripts/reference.js > docs/reference.md && npx biome format --write docs/reference.md
import { execFile } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const { stdout } = await run(
	process.execPath,
	[fileURLToPath(new URL("../bin/dock0.js", import.meta.url)), "schema"],
	{ maxBuffer: 64 * 1024 * 1024 },
);
const schema = JSON.parse(stdout);

/** Without what any value may be replaced by: a reference or null. */
function options(node) {
	return (node.anyOf ?? node.oneOf ?? [node])
		.filter((option) => option.$ref !== "#/$defs/instead")
		.flatMap((option) =>
			option.anyOf || option.oneOf ? options(option) : [option],
		);
}

const isListChange = (key) => /^\+|[+-]$/.test(key);

function typeOf(node) {
	const words = options(node).map((option) => {
		if (option.enum)
			return option.enum.map((value) => `\`${value}\``).join(", ");
		if (option.const !== undefined) return `\`${option.const}\``;
		if (option.type === "array") return listOf(option.items ?? {});
		if (option.type === "object")
			return option.properties
				? `map (${Object.keys(option.properties)
						.filter((key) => !isListChange(key))
						.join(", ")})`
				: "map";
		if (option.type === "integer") return "whole number";
		if (option.type === "string") return "text";
		return option.type ?? "anything";
	});
	return [...new Set(words)].join(" or ");
}

function listOf(items) {
	const words = typeOf(items);
	return options(items).length > 1 ? `list of (${words})` : `list of ${words}`;
}

/** What the maps in a list hold, at any depth of alternatives. */
function itemMaps(node) {
	return options(node).flatMap((option) =>
		option.type === "array"
			? options(option.items ?? {}).filter((item) => item.properties)
			: [],
	);
}

/** A `|` would end the table's cell, also inside of a code span. */
const cell = (text) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

function rows(node, path) {
	return Object.entries(node.properties ?? {})
		.filter(([key]) => !isListChange(key))
		.flatMap(([key, child]) => {
			const name = [...path, key].join(".");
			const kinds = options(child);
			const [only] = kinds;
			if (kinds.length === 1 && only.type === "object" && only.properties)
				return rows(only, [...path, key]);
			const standard =
				child.default === undefined
					? ""
					: `\`${cell(JSON.stringify(child.default))}\``;
			return [
				`| \`${name}\` | ${cell(typeOf(child))} | ${standard} | ${cell(child.description ?? "")} |`,
				...itemMaps(child).flatMap((item) => rows(item, [...path, `${key}[]`])),
			];
		});
}

const head = [
	"| key | value | default | meaning |",
	"| --- | --- | --- | --- |",
];
const lines = [
	"# Every key of a config",
	"",
	"Made from the schema by `scripts/reference.js`; do not edit. Any value may also be a reference to another one, or `null` to remove what a layer below set; any list `key` may be changed by `key+`, `+key` and `key-` ([config.md](config.md)).",
	"",
	"## Top level",
	"",
	...head,
];
const sections = [];
for (const [key, child] of Object.entries(schema.properties)) {
	if (isListChange(key)) continue;
	const section = options(child).find((option) => option.properties);
	if (section)
		sections.push(
			"",
			`## ${key}`,
			"",
			...(child.description
				? [
						`${child.description[0].toUpperCase()}${child.description.slice(1)}.`,
						"",
					]
				: []),
			...head,
			...rows(section, [key]),
		);
	else lines.push(...rows({ properties: { [key]: child } }, []));
}
process.stdout.write(`${[...lines, ...sections].join("\n")}\n`);
