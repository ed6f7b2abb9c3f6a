/** One of several pieces of work, which share a limit. */
export interface Piece<Result> {
	name: string;
	work: () => Promise<Result>;
}

export interface SeveralOutcome<Result> {
	done: { name: string; result: Result }[];
	failed: { name: string; error: unknown }[];
	/** Not begun, since another one failed before. */
	left: string[];
}

/**
 * Runs pieces of work, `limit` at a time, in order. After the first failure no further one begins; those
 * that run come to their end.
 */
export async function runSeveral<Result>(
	pieces: readonly Piece<Result>[],
	limit: number,
): Promise<SeveralOutcome<Result>> {
	const outcome: SeveralOutcome<Result> = { done: [], failed: [], left: [] };
	const waiting = [...pieces];
	async function worker(): Promise<void> {
		for (;;) {
			if (outcome.failed.length > 0) return;
			const piece = waiting.shift();
			if (!piece) return;
			const { name } = piece;
			try {
				outcome.done.push({ name, result: await piece.work() });
			} catch (error) {
				outcome.failed.push({ name, error });
			}
		}
	}
	await Promise.all(Array.from({ length: limit }, worker));
	outcome.left = waiting.map(({ name }) => name);
	return outcome;
}
