import { type ConfigValues, type Request, valueIn } from "./config-file.ts";
import { type Explanation, explainDropped } from "./explain.ts";
import type { KconfigTree } from "./tree.ts";

/** A requested option whose value in the result is another one. */
export interface Dropped {
	request: Request;
	got: string;
	explanation: Explanation;
}

/**
 * Compares what was asked for with the finished config. `tree` is only read when something was dropped.
 */
export function findDropped(
	requests: readonly Request[],
	config: ConfigValues,
	tree: () => KconfigTree,
): Dropped[] {
	return requests
		.filter(({ name, value }) => !sameValue(value, valueIn(config, name)))
		.map((request) => ({
			request,
			got: valueIn(config, request.name),
			explanation: explainDropped(request.name, request.value, config, tree()),
		}));
}

/** Numbers compare by value: Kconfig rewrites hex in its own way. */
function sameValue(wanted: string, got: string): boolean {
	if (wanted === got) return true;
	if (/^(0x)?[0-9a-fA-F]+$/.test(wanted) && /^(0x)?[0-9a-fA-F]+$/.test(got))
		return Number(wanted) === Number(got);
	// An option that does not exist or is not visible has no line at all; an empty string neither.
	return wanted === '""' && got === "n";
}

/** `CONFIG_EXT4_FS=y was dropped: it depends on BLOCK, which is off; add CONFIG_BLOCK=y`. */
export function describeDropped({ request, explanation }: Dropped): string {
	const { reason, remedies } = explanation;
	return `CONFIG_${request.name}=${request.value} was dropped: ${reason}${remedies.length > 0 ? `; add ${remedies.join(", ")}` : ""}`;
}
