import type { InputRecord } from "./key.ts";

/**
 * Says in words why a step must run, by comparing its inputs with those of its last run in this
 * project (undefined: it never ran here). Pure.
 */
export function explainChange(
	now: InputRecord,
	before: InputRecord | undefined,
): string[] {
	if (!before) return ["it has not run yet"];
	const reasons: string[] = [];
	for (const name of Object.keys({ ...before, ...now }).sort()) {
		if (now[name] === before[name]) continue;
		reasons.push(describe(name, before[name], now[name]));
	}
	return reasons.length > 0
		? reasons
		: ["its inputs are as before, but its outputs are no longer in the cache"];
}

function describe(
	name: string,
	before: string | undefined,
	now: string | undefined,
): string {
	const [kind = "", ...rest] = name.split(":");
	const subject = rest.join(":");
	const change =
		before === undefined
			? "was added"
			: now === undefined
				? "was removed"
				: "changed";
	switch (kind) {
		case "step":
			return `step ${subject} ${change === "changed" ? "runs again" : change}`;
		case "path":
			return `files of ${subject} ${change}`;
		case "tool":
			return change === "changed"
				? `tool ${subject} changed: ${before} -> ${now}`
				: `tool ${subject} ${change}`;
		default:
			return `config of ${subject} ${change}`;
	}
}
