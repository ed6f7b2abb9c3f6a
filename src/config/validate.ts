import type { z } from "zod";
import {
	type Finding,
	type FindingContext,
	findingsOf,
	unknownKey,
} from "./issue-words.ts";
import { type Json, type KeyPath, type Scalar, showPath } from "./json.ts";
import { locate } from "./located.ts";
import { absolutePath } from "./paths.ts";
import type { Problems } from "./problems.ts";
import { plainOf, type Resolved, visitScalars } from "./resolved.ts";
import { schemasAt } from "./schema-walk.ts";
import { type MapNode, type Node, toPlain } from "./tree.ts";

export interface Validated<T> {
	/** Undefined when problems were added. */
	readonly value: T | undefined;
	readonly secretPaths: readonly KeyPath[];
}

/** Checks the resolved tree against the schema; everything wrong is added to the problems with its place. */
export function validate<T>(options: {
	schema: z.ZodType<T>;
	root: MapNode;
	resolved: Resolved;
	problems: Problems;
}): Validated<T> {
	const { schema, root, resolved, problems } = options;
	const plain = plainForSchema(schema, root, resolved);
	const secretPaths: KeyPath[] = [];
	const brokenPaths: KeyPath[] = [];
	visitScalars(resolved, (scalar, path) => {
		if (scalar.secret) secretPaths.push(path);
		if (scalar.broken) brokenPaths.push(path);
	});
	const context: FindingContext = {
		schema,
		plain,
		isSecret: (path) => secretPaths.some((secret) => startsWith(secret, path)),
		nodeAt: (path) => {
			const { node, exact } = locate(root, resolved, path);
			return exact ? node : undefined;
		},
	};
	// A parser compiled for one config costs more than it saves.
	const result = schema.safeParse(plain, { jitless: true });
	const findings = [
		...removedUnknownKeys(root, context),
		...(result.error?.issues ?? []).flatMap((issue) =>
			findingsOf(issue, context),
		),
	];
	const told = new Set<string>();
	for (const finding of findings) {
		if (
			finding.code !== "CONFIG_UNKNOWN_KEY" &&
			brokenPaths.some((broken) => startsWith(finding.path, broken))
		)
			continue;
		const key = `${showPath(finding.path)} ${finding.message}`;
		if (told.has(key)) continue;
		told.add(key);
		tell(finding, root, resolved, problems);
	}
	return { value: result.success ? result.data : undefined, secretPaths };
}

function tell(
	{ code, path, at, message, hint }: Finding,
	root: MapNode,
	resolved: Resolved,
	problems: Problems,
): void {
	const { node, exact, keyPlace } = locate(root, resolved, path);
	problems.add(
		code,
		message,
		exact && at === "value" ? node.origin : keyPlace,
		hint,
	);
}

/** The data as zod gets it: paths absolute, and text from outside turned into what the schema wants there. */
function plainForSchema(
	schema: z.core.$ZodType,
	root: MapNode,
	resolved: Resolved,
): Json {
	const written = toPlain(root);
	return plainOf(resolved, ({ value, untyped, folder }, path): Scalar => {
		if (typeof value !== "string") return value;
		if (untyped) {
			const typed = typedText(value, schema, path, written);
			if (typeof typed !== "string") return typed;
		}
		return absolutePath(value, folder, schema, path, written);
	});
}

function typedText(
	text: string,
	schema: z.core.$ZodType,
	path: KeyPath,
	root: unknown,
): Scalar {
	const wants = new Set(
		schemasAt(schema, path, root).map(({ definition }) => definition.type),
	);
	if (wants.has("string") || wants.has("unknown") || wants.has("any"))
		return text;
	if (wants.has("number") && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
	if (wants.has("boolean") && (text === "true" || text === "false"))
		return text === "true";
	return text;
}

/** `packges:` with nothing after it removes a key that cannot exist: a slip that zod never sees. */
function removedUnknownKeys(root: Node, context: FindingContext): Finding[] {
	const findings: Finding[] = [];
	const visit = (node: Node, path: KeyPath): void => {
		if (node.kind === "list")
			node.items.forEach((item, index) => {
				visit(item, [...path, index]);
			});
		if (node.kind !== "map") return;
		const options = schemasAt(context.schema, path, context.plain);
		for (const [key, value] of node.entries) {
			const here = [...path, key];
			if (
				value.kind === "removed" &&
				options.length > 0 &&
				schemasAt(context.schema, here, context.plain).length === 0
			)
				findings.push(unknownKey(path, key, context));
			visit(value, here);
		}
	};
	visit(root, []);
	return findings;
}

function startsWith(path: KeyPath, start: KeyPath): boolean {
	return start.every((key, index) => String(path[index]) === String(key));
}
