import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { environment } from "../../../src/system/environment.ts";
import type { RunningVm } from "../../../src/vm/running-vm.ts";
import type { GuestShell } from "./guest.ts";
import { secondsSincePowerOn } from "./host.ts";

/** How long each part of a boot took, in seconds; they follow one another. */
interface Timeline {
	/** Also QEMU's own start, and reading the kernel. */
	firmware: number;
	kernel: number;
	initramfs: number;
	/** Init until it starts containerd. */
	init: number;
	containerd: number;
	dockerd: number;
}

/**
 * Says where the boot of a Docker host went, and appends it as a line of JSON to `vm-logs/timeline.jsonl`
 * of the cache.
 */
export async function recordTimeline(
	vm: RunningVm,
	guest: GuestShell,
): Promise<void> {
	const answer = await guest.get(
		[
			"sed -n 's/^\\(start\\|finish\\)=/\\1=/p' /run/dock0/boot-info",
			...["containerd", "docker"].map(
				(unit) =>
					`systemctl show ${unit}.service -p ExecMainStartTimestampMonotonic -p ActiveEnterTimestampMonotonic | sed 's/^/${unit}./'`,
			),
			"read -r up _ </proc/uptime; echo uptime=$up",
		].join("; "),
	);
	const since = secondsSincePowerOn(vm);
	const value = (name: string): number =>
		Number(new RegExp(`^${name}=(.*)$`, "m").exec(answer)?.[1]);
	const unit = (name: string, event: string): number =>
		value(`${name}.${event}TimestampMonotonic`) / 1e6;
	const timeline: Timeline = {
		firmware: since - value("uptime"),
		kernel: value("start"),
		initramfs: value("finish") - value("start"),
		init: unit("containerd", "ExecMainStart") - value("finish"),
		containerd:
			unit("containerd", "ActiveEnter") - unit("containerd", "ExecMainStart"),
		dockerd: unit("docker", "ActiveEnter") - unit("containerd", "ActiveEnter"),
	};
	for (const [part, seconds] of Object.entries(timeline))
		if (!Number.isFinite(seconds))
			throw new Error(`no time for ${part} in:\n${answer}`);
	console.log(
		`${vm.name}: ${Object.entries(timeline)
			.map(([part, seconds]) => `${part} ${seconds.toFixed(1)}`)
			.join(", ")} s`,
	);
	await appendFile(
		join(environment().cacheDir, "vm-logs", "timeline.jsonl"),
		`${JSON.stringify({ host: vm.name, at: new Date().toISOString(), ...timeline })}\n`,
	);
}
