import { extname, isAbsolute, relative } from "node:path";
import type { z } from "zod";
import { ExpectedError } from "../system/errors.ts";
import { type Extended, takeExtends } from "./extends.ts";
import { type Layer, placeOf } from "./layer.ts";
import { loadModule } from "./load-module.ts";
import { emptyRoot, mergeMaps } from "./merge.ts";
import { plainForModule } from "./paths.ts";
import type { Problems } from "./problems.ts";
import { readConfigText } from "./read-file.ts";
import type { MapNode, RawMap } from "./tree.ts";
import { parseLayer } from "./yaml-tree.ts";

/** Every layer, lowest first, and what they make together. */
export interface Stack {
	readonly layers: readonly Layer[];
	readonly root: MapNode;
}

const kinds: Readonly<Record<string, Layer["kind"]>> = {
	".yaml": "yaml",
	".yml": "yaml",
	".json": "json",
	".ts": "module",
	".mts": "module",
	".js": "module",
	".mjs": "module",
};

interface Reading {
	readonly schema: z.core.$ZodType;
	readonly profilesDir: string;
	/** What hinders reading. */
	readonly problems: Problems;
	/** What layers say against each other. */
	readonly mergeProblems: Problems;
	readonly layers: Layer[];
	/** Files that lie in the stack already, or failed. */
	readonly visited: Set<string>;
	root: MapNode;
}

/**
 * Reads the files and all that they extend, and merges them in order.
 * @param files absolute paths, lowest first
 */
export async function stackLayers(
	files: readonly string[],
	options: Pick<
		Reading,
		"schema" | "profilesDir" | "problems" | "mergeProblems"
	>,
): Promise<Stack> {
	const top = describeLayer(files.at(-1) ?? "", undefined);
	const reading: Reading = {
		...options,
		layers: [],
		visited: new Set(),
		root: emptyRoot({ layer: top, line: 1, column: 1 }),
	};
	for (const file of files) await visit({ file }, [], reading);
	return { layers: reading.layers, root: reading.root };
}

async function visit(
	wanted: Pick<Extended, "file"> & Partial<Extended>,
	chain: readonly string[],
	reading: Reading,
): Promise<void> {
	const { file, origin } = wanted;
	if (chain.includes(file)) {
		const circle = [...chain.slice(chain.indexOf(file)), file];
		reading.problems.add(
			"CONFIG_EXTENDS_CYCLE",
			`layers extend each other in a circle: ${circle.map(shownPath).join(" → ")}`,
			origin,
		);
		return;
	}
	// Reached twice, a layer counts once, at its lowest place.
	if (reading.visited.has(file)) return;
	try {
		await readLayer(wanted, chain, reading);
	} catch (error) {
		reading.problems.absorb(error);
	}
	reading.visited.add(file);
}

async function readLayer(
	wanted: Pick<Extended, "file"> & Partial<Extended>,
	chain: readonly string[],
	reading: Reading,
): Promise<void> {
	const { problems, profilesDir, schema } = reading;
	const bare = describeLayer(wanted.file, wanted);
	const text = await readConfigText(
		wanted.file,
		bare.shownFile,
		wanted.origin ? { where: placeOf(wanted.origin) } : {},
	);
	if (!kinds[extname(wanted.file)])
		throw new ExpectedError({
			code: "CONFIG_FILE_TYPE",
			message: `'${bare.shownFile}' is not a kind of file that can be a config`,
			...(wanted.origin ? { where: placeOf(wanted.origin) } : {}),
			hint: `a config's name ends in ${Object.keys(kinds).join(", ")}`,
		});
	const layer: Layer =
		bare.kind === "module" ? bare : { ...bare, lines: text.split(/\r?\n/) };
	const module = layer.kind === "module" ? await loadModule(layer) : undefined;
	const read = async (): Promise<RawMap | undefined> =>
		module
			? await module.evaluate(plainForModule(reading.root, schema), problems)
			: parseLayer(layer, text, problems);
	const raw = await read();
	if (!raw) return;
	let { root, extended } = takeExtends(raw, profilesDir, problems);
	for (const below of extended)
		await visit(below, [...chain, wanted.file], reading);
	if (module?.dependsOnBelow && extended.length > 0) {
		// Only its answer told what lies below it; now that this is known, ask again.
		const again = await read();
		if (again) root = takeExtends(again, profilesDir, problems).root;
	}
	reading.layers.push(layer);
	reading.root = mergeMaps(reading.root, root, {
		problems: reading.mergeProblems,
		schema,
	});
}

function describeLayer(
	file: string,
	wanted: Partial<Extended> | undefined,
): Layer {
	const shownFile = shownPath(file);
	return {
		file,
		shownFile,
		label: wanted?.profile ?? shownFile,
		kind: kinds[extname(file)] ?? "yaml",
		inherited: wanted?.origin !== undefined,
		lines: [],
	};
}

/** Short when below the current folder, else absolute. */
export function shownPath(file: string): string {
	const short = relative(process.cwd(), file);
	return short === "" || short.startsWith("..") || isAbsolute(short)
		? file
		: short;
}
