import type { KeyedStep } from "./key.ts";
import type { AnyStep } from "./step.ts";

/**
 * Runs `work` for each step once all of its needs are done, independent ones side by side. At the first
 * failure nothing new starts, `abort` is called so that what runs can stop, and that failure is thrown.
 */
export async function schedule(
	steps: readonly KeyedStep[],
	work: (step: KeyedStep) => Promise<void>,
	abort: (reason: unknown) => void,
): Promise<void> {
	const finished = new Map<AnyStep, Promise<void>>();
	let failure: { reason: unknown } | undefined;
	for (const keyed of steps) {
		const needs = Object.values(keyed.step.needs).map((need) =>
			finished.get(need),
		);
		finished.set(
			keyed.step,
			(async () => {
				await Promise.all(needs);
				if (failure) return;
				try {
					await work(keyed);
				} catch (reason) {
					if (!failure) {
						failure = { reason };
						abort(reason);
					}
				}
			})(),
		);
	}
	await Promise.all(finished.values());
	if (failure) throw failure.reason;
}
