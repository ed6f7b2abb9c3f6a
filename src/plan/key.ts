import { sha256 } from "../system/files.ts";
import { versionOf } from "../system/process.ts";
import { canonicalJson } from "./canonical.ts";
import { type HashFile, withFileHashes } from "./file-hashes.ts";
import { fingerprint } from "./fingerprint.ts";
import type { AnyStep } from "./step.ts";

/** Input name (`value:suite`, `path:overlay`, `tool:mksquashfs`, `step:rootfs/packages`) to its hash or short text. */
export type InputRecord = Readonly<Record<string, string>>;

/** A step with what its inputs are now. */
export interface KeyedStep {
	readonly step: AnyStep;
	/** Its outputs are wanted for themselves, and not only to make others. */
	readonly isRoot: boolean;
	/** SHA-256 (hex) over everything that decides the outputs; the name of the cache entry. */
	readonly key: string;
	readonly inputs: InputRecord;
}

/**
 * Computes the keys of `roots` and of all that they need, in an order in which each step comes after
 * its needs. Values are recorded only as hashes: they can hold secrets.
 * @throws ExpectedError when an input file or a tool is missing.
 */
export async function keySteps(
	roots: readonly AnyStep[],
): Promise<KeyedStep[]> {
	const ordered = inOrder(roots);
	return withFileHashes(async (hashFile) => {
		const keyed = new Map<AnyStep, KeyedStep>();
		for (const step of ordered) {
			const inputs = await recordInputs(step, keyed, hashFile);
			keyed.set(step, {
				step,
				isRoot: roots.includes(step),
				inputs,
				key: sha256(
					canonicalJson({ name: step.name, version: step.version, inputs }),
				),
			});
		}
		return [...keyed.values()];
	});
}

async function recordInputs(
	step: AnyStep,
	keyed: ReadonlyMap<AnyStep, KeyedStep>,
	hashFile: HashFile,
): Promise<InputRecord> {
	const { values = {}, paths = {}, tools = [] } = step.inputs;
	const record: Record<string, string> = {};
	for (const [name, value] of Object.entries(values))
		if (value !== undefined)
			record[`value:${name}`] = sha256(canonicalJson(value));
	for (const [name, path] of Object.entries(paths)) {
		if (path === undefined) continue;
		const list = typeof path === "string" ? [path] : path;
		const hashes: string[] = [];
		for (const one of list) hashes.push(await fingerprint(one, hashFile));
		record[`path:${name}`] = hashes.join(" ");
	}
	for (const tool of tools) record[`tool:${tool}`] = await versionOf(tool);
	for (const need of Object.values(step.needs))
		record[`step:${need.name}`] = keyed.get(need)?.key ?? "";
	return record;
}

function inOrder(roots: readonly AnyStep[]): AnyStep[] {
	const ordered: AnyStep[] = [];
	const state = new Map<AnyStep, "open" | "done">();
	const visit = (step: AnyStep): void => {
		if (state.get(step) === "done") return;
		if (state.get(step) === "open")
			throw new Error(`step ${step.name} needs itself`);
		state.set(step, "open");
		for (const need of Object.values(step.needs)) visit(need);
		state.set(step, "done");
		ordered.push(step);
	};
	for (const root of roots) visit(root);
	const names = new Set(ordered.map((step) => step.name));
	if (names.size !== ordered.length)
		throw new Error("two steps of one plan share a name");
	return ordered;
}
