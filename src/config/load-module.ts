import { readFile } from "node:fs/promises";
import { ExpectedError, type Where } from "../system/errors.ts";
import type { Json } from "./json.ts";
import type { Layer } from "./layer.ts";
import type { Problems } from "./problems.ts";
import type { RawMap } from "./tree.ts";
import { treeOfValue } from "./value-tree.ts";

/** A loaded TypeScript or JavaScript layer. */
export interface ConfigModule {
	/** True when it exports a function, whose value depends on the layers below. */
	readonly dependsOnBelow: boolean;
	/** Its tree; undefined when problems were added. */
	evaluate(below: Json, problems: Problems): Promise<RawMap | undefined>;
}

/**
 * Imports a config module, which runs it.
 * @throws ExpectedError when it does not compile, throws, or has no usable default export.
 */
export async function loadModule(layer: Layer): Promise<ConfigModule> {
	// Most configs are YAML: do not pay for the compiler then.
	const { createJiti } = await import("jiti");
	const jiti = createJiti(layer.file, {
		// Its default is a folder below /tmp, where others could put code for us to run.
		fsCache: false,
		moduleCache: false,
	});
	const imported = await guard(layer, () => jiti.import<unknown>(layer.file));
	const exported =
		typeof imported === "object" && imported !== null && "default" in imported
			? imported.default
			: undefined;
	if (
		typeof exported !== "function" &&
		(typeof exported !== "object" || exported === null)
	)
		throw new ExpectedError({
			code: "CONFIG_MODULE_EXPORT",
			message: `'${layer.shownFile}' exports no config`,
			where: { file: layer.shownFile, line: 1, column: 1 },
			hint: "write `export default { … }` or `export default (below) => ({ … })`",
		});
	return {
		dependsOnBelow: typeof exported === "function",
		async evaluate(below, problems) {
			const value: unknown =
				typeof exported === "function"
					? await guard(layer, async () =>
							(exported as (below: Json) => unknown)(below),
						)
					: exported;
			const before = problems.count;
			const origin = { layer, line: 1, column: 1 };
			const root = treeOfValue(value, origin, problems);
			if (problems.count > before) return undefined;
			if (root.kind === "map") return root;
			problems.add(
				"CONFIG_NOT_A_MAP",
				"a config is a map of keys, but this module gives something else",
				origin,
			);
			return undefined;
		},
	};
}

async function guard<T>(layer: Layer, action: () => Promise<T>): Promise<T> {
	try {
		return await action();
	} catch (error) {
		if (error instanceof ExpectedError) throw error;
		const message = error instanceof Error ? error.message : String(error);
		const first = message
			.split("\n", 1)[0]
			?.replace(/^ParseError:/, "")
			.trim();
		throw new ExpectedError(
			{
				code: "CONFIG_MODULE_FAILED",
				message: `'${layer.shownFile}' failed: ${first}`,
				where: await placeInModule(error, layer),
			},
			{ cause: error },
		);
	}
}

/** The first place in the module that the error names: in its message (syntax) or its stack (run time). */
async function placeInModule(error: unknown, layer: Layer): Promise<Where> {
	const start = { file: layer.shownFile, line: 1, column: 1 };
	if (!(error instanceof Error)) return start;
	const find = (text: string): [number, number] | undefined => {
		const at = text.indexOf(`${layer.file}:`);
		const match = /^:(\d+):(\d+)/.exec(text.slice(at + layer.file.length));
		return at >= 0 && match ? [Number(match[1]), Number(match[2])] : undefined;
	};
	const inMessage = find(error.message);
	const [line] = inMessage ?? find(error.stack ?? "") ?? [];
	if (line === undefined) return start;
	const lines = (await readFile(layer.file, "utf8")).split(/\r?\n/);
	const text = lines[line - 1] ?? "";
	// The compiler counts columns from 0; those of the stack are of the compiled line, which is another.
	const column = inMessage ? inMessage[1] + 1 : text.search(/\S|$/) + 1;
	return { ...start, line, column, text };
}
