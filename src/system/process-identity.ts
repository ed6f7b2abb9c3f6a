import { readFileSync } from "node:fs";

/** Names one process for good: a number is given again to other processes, and after a reboot everything is. */
export interface ProcessIdentity {
	pid: number;
	/** Clock ticks from this machine's boot to the process's start: field 22 of /proc/PID/stat, proc(5). */
	startTime: number;
	/** Of random(4), new at each boot. */
	bootId: string;
}

/** The identity of a running process; undefined when there is none (a zombie has ended too). */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
		// The second field is the name in brackets and may itself hold spaces and brackets.
		const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
		if (fields[0] === "Z" || fields[0] === "X") return undefined;
		return {
			pid,
			startTime: Number(fields[19]),
			bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
		};
	} catch {
		return undefined;
	}
}

/** The identity of this process. */
export function ownIdentity(): ProcessIdentity {
	const identity = identifyProcess(process.pid);
	if (!identity) throw new Error("/proc is not mounted");
	return identity;
}

/** Whether exactly this process still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
	const now = identifyProcess(identity.pid);
	return (
		now !== undefined &&
		now.startTime === identity.startTime &&
		now.bootId === identity.bootId
	);
}

/** Sends `signal` if exactly this process still runs; answers whether it did. */
export function signalProcess(
	identity: ProcessIdentity,
	signal: NodeJS.Signals,
): boolean {
	if (!isRunning(identity)) return false;
	try {
		process.kill(identity.pid, signal);
		return true;
	} catch {
		return false;
	}
}
