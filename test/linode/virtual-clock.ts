import { type Clock, systemClock } from "../../src/system/clock.ts";

/** A clock on which things can be set to happen. */
export interface BedClock extends Clock {
	/** Does `work` in `milliseconds`; returns what calls it off. */
	after(milliseconds: number, work: () => void | Promise<void>): () => void;
}

interface Timer {
	at: number;
	order: number;
	work: () => void | Promise<void>;
}

/** Time passes only when somebody sleeps, and then at once: hours of waiting take milliseconds. */
export function virtualClock(start = Date.UTC(2026, 0, 1)): BedClock {
	let now = start;
	let count = 0;
	const timers = new Set<Timer>();
	const due = (until: number): Timer | undefined =>
		[...timers]
			.filter(({ at }) => at <= until)
			.sort((a, b) => a.at - b.at || a.order - b.order)[0];
	return {
		now: () => now,
		async sleep(milliseconds, signal) {
			signal?.throwIfAborted();
			const until = now + milliseconds;
			for (let timer = due(until); timer; timer = due(until)) {
				timers.delete(timer);
				now = Math.max(now, timer.at);
				await timer.work();
			}
			now = Math.max(now, until);
			await new Promise((resolve) => setImmediate(resolve));
			signal?.throwIfAborted();
		},
		after(milliseconds, work) {
			const timer: Timer = { at: now + milliseconds, order: count++, work };
			timers.add(timer);
			return () => timers.delete(timer);
		},
	};
}

/** A clock on which things that are set to happen do so in real time, some times as fast. */
export function fastClock(speed: number): BedClock {
	const timers = new Set<NodeJS.Timeout>();
	return {
		...systemClock,
		after(milliseconds, work) {
			const timer = setTimeout(() => {
				timers.delete(timer);
				void work();
			}, milliseconds / speed);
			timer.unref();
			timers.add(timer);
			return () => {
				timers.delete(timer);
				clearTimeout(timer);
			};
		},
	};
}
