import { setTimeout as pause } from "node:timers/promises";

/** Time as long waits see it; tests give one that does not really wait. */
export interface Clock {
	/** Milliseconds since 1970. */
	now(): number;
	/** Resolves after `milliseconds`; rejects with the signal's reason when aborted. */
	sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
	now: () => Date.now(),
	async sleep(milliseconds, signal) {
		signal?.throwIfAborted();
		try {
			await pause(milliseconds, undefined, signal ? { signal } : {});
		} catch (error) {
			signal?.throwIfAborted();
			throw error;
		}
	},
};
