import { loadavg } from "node:os";

export function median(values: readonly number[]): number {
	return (
		[...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ??
		Number.NaN
	);
}

/** Of the last minute, for beside a figure. */
export function load(): string {
	return `load average ${(loadavg()[0] ?? Number.NaN).toFixed(1)}`;
}

/** What `job` takes, in seconds. */
export async function secondsOf(job: () => Promise<unknown>): Promise<number> {
	const began = performance.now();
	await job();
	return (performance.now() - began) / 1000;
}

/** One line: ours, the peer's, and ours as a part of the peer's. */
export function compare(
	what: string,
	unit: string,
	ours: readonly number[],
	theirs: readonly number[],
): void {
	const list = (values: readonly number[]): string =>
		values.map((value) => value.toFixed(1)).join(", ");
	console.log(
		`${what.padEnd(34)} ${list(ours)} against ${list(theirs)} ${unit}; ratio ${(median(ours) / median(theirs)).toFixed(2)}`,
	);
}
