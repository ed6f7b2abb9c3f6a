import type { z } from "zod";
import { type KeyPath, showPath, valueAt } from "./json.ts";
import { findKey, keysOf, namedValues, schemasAt } from "./schema-walk.ts";
import { nearest, suggestion } from "./suggest.ts";
import type { Node } from "./tree.ts";
import { typeHint } from "./type-hints.ts";
import { expectedWords, oneOf, valueWords } from "./type-words.ts";

/** A problem of one value; `at` says whether to point at its key or at the value. */
export interface Finding {
	readonly code: string;
	readonly path: KeyPath;
	readonly at: "key" | "value";
	readonly message: string;
	readonly hint?: string | undefined;
}

export interface FindingContext {
	readonly schema: z.core.$ZodType;
	/** The data that was validated. */
	readonly plain: unknown;
	isSecret(path: KeyPath): boolean;
	nodeAt(path: KeyPath): Node | undefined;
}

type Issue = z.core.$ZodIssue;

/** Says in plain words what zod found; one issue may be several problems. */
export function findingsOf(
	issue: Issue,
	context: FindingContext,
	above: KeyPath = [],
): Finding[] {
	const path = [...above, ...(issue.path as (string | number)[])];
	const value = valueAt(context.plain, path);
	if (issue.code === "unrecognized_keys")
		return issue.keys.map((key) => unknownKey(path, key, context));
	if (value === undefined && path.length > 0) return [missing(path, context)];
	if (issue.code === "invalid_union") {
		const inside = closestBranch(issue);
		if (inside)
			return inside.flatMap((inner) => findingsOf(inner, context, path));
	}
	if (issue.code === "invalid_key")
		return [
			{
				code: "CONFIG_BAD_KEY",
				path,
				at: "key",
				message: `'${path.at(-1)}' is not allowed as a key of '${showPath(path.slice(0, -1))}': ${issue.issues.map((inner) => inner.message).join("; ")}`,
			},
		];
	if (
		issue.code === "invalid_type" ||
		issue.code === "invalid_union" ||
		issue.code === "invalid_value"
	)
		return [wrongValue(path, value, issue, context)];
	return [
		{
			code: "CONFIG_BAD_VALUE",
			path,
			at: "value",
			message: `${subject(path)} ${ruleWords(issue)}${typeof value === "number" ? `, but is ${value}` : ""}`,
		},
	];
}

/** The problem of a key that the schema does not know. */
export function unknownKey(
	parent: KeyPath,
	key: string,
	{ schema, plain }: FindingContext,
): Finding {
	const known = keysOf(schemasAt(schema, parent, plain));
	const elsewhere = nearest(key, known) ? undefined : findKey(schema, key);
	return {
		code: "CONFIG_UNKNOWN_KEY",
		path: [...parent, key],
		at: "key",
		message: `there is no setting '${showPath([...parent, key])}'`,
		hint: elsewhere
			? `'${key}' belongs below '${showPath(elsewhere.slice(0, -1)) || "the top"}'`
			: (suggestion(key, known) ??
				(parent.length === 0
					? "values of your own go below vars:"
					: undefined)),
	};
}

function missing(path: KeyPath, { schema, plain }: FindingContext): Finding {
	return {
		code: "CONFIG_MISSING_KEY",
		path,
		at: "key",
		message: `the setting '${showPath(path)}' is missing`,
		hint: `it must be ${expectedWords(schemasAt(schema, path, plain))}`,
	};
}

function wrongValue(
	path: KeyPath,
	value: unknown,
	issue: Issue,
	context: FindingContext,
): Finding {
	const options =
		"options" in issue && Array.isArray(issue.options)
			? []
			: schemasAt(context.schema, path, context.plain);
	const named =
		options.length > 0
			? namedValues(options)
			: ((issue as { options?: unknown[] }).options ?? []);
	const isSecret = context.isSecret(path);
	const expected = options.length > 0 ? expectedWords(options) : oneOf(named);
	const onlyNamed = named.length > 0 && typeof value === "string";
	const near =
		onlyNamed && !isSecret ? nearest(value, named.map(String)) : undefined;
	return {
		code: onlyNamed ? "CONFIG_BAD_VALUE" : "CONFIG_WRONG_TYPE",
		path,
		at: "value",
		message: `${subject(path)} must be ${expected}, but this is ${valueWords(value, isSecret)}`,
		hint:
			near === undefined
				? typeHint(value, options, context.nodeAt(path))
				: `did you mean '${near}'?`,
	};
}

/** Of a union's branches the one that took the value's kind, if any did: its complaints are the useful ones. */
function closestBranch(
	issue: z.core.$ZodIssueInvalidUnion,
): readonly Issue[] | undefined {
	const entered = issue.errors.filter(
		(branch) =>
			!branch.some(
				(inner) =>
					inner.path.length === 0 &&
					(inner.code === "invalid_type" || inner.code === "invalid_value"),
			),
	);
	return entered.toSorted((a, b) => a.length - b.length)[0];
}

function ruleWords(issue: Issue): string {
	// Messages of zod's own begin so; others were written for people by whoever wrote the schema.
	const own = /^(Invalid|Too|Unrecognized)\b/.test(issue.message);
	if (!own) return issue.message;
	if (issue.code === "too_small" || issue.code === "too_big") {
		const small = issue.code === "too_small";
		const bound = Number(small ? issue.minimum : issue.maximum);
		if (
			small &&
			bound === 1 &&
			issue.origin !== "number" &&
			issue.origin !== "int"
		)
			return "must not be empty";
		const unit =
			issue.origin === "string"
				? " characters long"
				: issue.origin === "array"
					? " items long"
					: "";
		if (issue.inclusive === false)
			return `must be ${small ? "more" : "less"} than ${bound}${unit}`;
		return `must be at ${small ? "least" : "most"} ${bound}${unit}`;
	}
	if (issue.code === "not_multiple_of")
		return `must be a multiple of ${issue.divisor}`;
	if (issue.code === "invalid_format")
		return issue.format === "regex"
			? `must match ${issue.pattern}`
			: `must be a valid ${issue.format}`;
	return `is not valid: ${issue.message}`;
}

function subject(path: KeyPath): string {
	return path.length > 0 ? `'${showPath(path)}'` : "the config";
}
