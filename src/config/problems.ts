import { ExpectedError, type ProblemDetails } from "../system/errors.ts";
import { type Origin, placeOf } from "./layer.ts";

/** Gathers problems so that all of them are shown at once. */
export interface Problems {
	add(
		code: string,
		message: string,
		origin: Origin | undefined,
		hint?: string,
	): void;
	/** Takes over the problems of an ExpectedError; throws anything else on. */
	absorb(error: unknown): void;
	readonly count: number;
	/**
	 * @param files the order in which to tell them; default as they came
	 * @throws ExpectedError with everything gathered, by file, line and column
	 */
	throwIfAny(files?: readonly string[]): void;
}

export function gatherProblems(): Problems {
	const found: ProblemDetails[] = [];
	return {
		add(code, message, origin, hint) {
			found.push({
				code,
				message,
				...(origin ? { where: placeOf(origin) } : {}),
				...(hint === undefined ? {} : { hint }),
			});
		},
		absorb(error) {
			if (!(error instanceof ExpectedError)) throw error;
			for (const details of error.problems) found.push(details);
		},
		get count() {
			return found.length;
		},
		throwIfAny(files = []) {
			if (found.length === 0) return;
			const order = [
				...files,
				...found.map((details) => details.where?.file ?? ""),
			];
			const rank = ({ where }: ProblemDetails): number[] => [
				order.indexOf(where?.file ?? ""),
				where?.line ?? 0,
				where?.column ?? 0,
			];
			throw new ExpectedError(
				found.toSorted((a, b) => compare(rank(a), rank(b))),
			);
		},
	};
}

function compare(a: readonly number[], b: readonly number[]): number {
	const at = a.findIndex((value, index) => value !== b[index]);
	return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
