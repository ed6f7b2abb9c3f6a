import type { BuildEvent } from "../plan/events.ts";

interface Planned {
	needs: readonly string[];
	expected: number | undefined;
	/** Seconds on the caller's clock. */
	started?: number;
	done: boolean;
}

/** Guesses how long a build still takes, from how long its steps took before. */
export function remainingTime(): {
	observe: (event: BuildEvent, now: number) => void;
	/** Seconds until the last step ends; undefined when a step never ran before. */
	seconds: (now: number) => number | undefined;
} {
	const steps = new Map<string, Planned>();
	return {
		observe(event, now) {
			if (event.type === "plan")
				for (const { name, cached, needs, expected } of event.steps)
					steps.set(name, { needs, expected, done: cached });
			if (!("step" in event)) return;
			const step = steps.get(event.step);
			if (!step) return;
			if (event.type === "step:start") step.started = now;
			if (event.type === "step:done" || event.type === "step:cached")
				step.done = true;
		},
		seconds(now) {
			const ends = new Map<string, number | undefined>();
			const endOf = (name: string): number | undefined => {
				const step = steps.get(name);
				if (!step || step.done) return 0;
				if (ends.has(name)) return ends.get(name);
				const before = step.needs.map(endOf);
				const end =
					step.expected === undefined || before.includes(undefined)
						? undefined
						: step.started === undefined
							? Math.max(0, ...before.map((one) => one ?? 0)) + step.expected
							: // A step that takes longer than last time ends at any moment.
								Math.max(0, step.expected - (now - step.started));
				ends.set(name, end);
				return end;
			};
			const all = [...steps.keys()].map(endOf);
			return all.includes(undefined)
				? undefined
				: Math.max(0, ...all.map((one) => one ?? 0));
		},
	};
}
