import { distance } from "fastest-levenshtein";

/** The candidate that `word` is most likely a slip of, or undefined when none is near. */
export function nearest(
	word: string,
	candidates: Iterable<string>,
): string | undefined {
	const simple = simplify(word);
	let best: string | undefined;
	let bestDistance = Math.max(1, Math.floor(simple.length / 3)) + 1;
	for (const candidate of candidates) {
		const other = simplify(candidate);
		// Letters in the wrong order are one slip, which the distance counts as two.
		const far = sameLetters(simple, other) ? 1 : distance(simple, other);
		if (far < bestDistance) {
			best = candidate;
			bestDistance = far;
		}
	}
	return best;
}

/** `did you mean 'x'?`, else the list of what is known when it is short. */
export function suggestion(
	word: string,
	candidates: readonly string[],
	what = "known here",
): string | undefined {
	const near = nearest(word, candidates);
	const known =
		candidates.length > 0 && candidates.length <= 12
			? `${what}: ${[...candidates].sort().join(", ")}`
			: undefined;
	if (near === undefined) return known;
	return known
		? `did you mean '${near}'? (${known})`
		: `did you mean '${near}'?`;
}

/** `on-failure`, `on_failure` and `OnFailure` are all slips of `onFailure`. */
function simplify(word: string): string {
	return word.toLowerCase().replace(/[-_ ]/g, "");
}

function sameLetters(a: string, b: string): boolean {
	return (
		a !== b && a.length > 2 && [...a].sort().join() === [...b].sort().join()
	);
}
