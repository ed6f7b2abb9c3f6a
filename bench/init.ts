// s6 against systemd under the same Docker host: seconds to Docker's answer, memory in use then, bytes of the root.
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageFile } from "../src/system/package-files.ts";
import { guestShell } from "../test/e2e/support/guest.ts";
import { bootHost, buildHost } from "../test/e2e/support/host.ts";

const rounds = Number(process.argv[2] ?? 3);
const contenders = {
	systemd: { profile: "dock0/debian", overlay: "test/hosts/overlay" },
	s6: { profile: "dock0/s6", overlay: "test/hosts/s6-overlay" },
};
type Name = keyof typeof contenders;
const names: readonly Name[] = ["systemd", "s6"];

const output = await mkdtemp(join(tmpdir(), "dock0-bench-"));
const layer = (name: Name): string => join(output, `bench-${name}.json`);
const megabytes: Record<Name, number> = { systemd: 0, s6: 0 };
const seconds: Record<Name, number[]> = { systemd: [], s6: [] };
const memory: Record<Name, number[]> = { systemd: [], s6: [] };
try {
	for (const name of names) {
		const { profile, overlay } = contenders[name];
		await writeFile(
			layer(name),
			JSON.stringify({
				extends: profile,
				rootfs: { overlay: packageFile(overlay) },
				kernel: {
					// On a busy machine the timer that the kernel checks at its start comes too late.
					"cmdline+": [
						"loglevel=3",
						"systemd.show_status=false",
						"no_timer_check",
					],
				},
				vm: { memory: 2048 },
			}),
		);
		const release = await buildHost([layer(name)], output);
		megabytes[name] = (await stat(join(release, "root.squashfs"))).size / 1e6;
	}
	// Alternating, so that whatever else the machine does meets both alike.
	for (let round = 0; round < rounds; round++)
		for (const name of names) await measure(name);
} finally {
	await rm(output, { recursive: true, force: true });
}
for (const name of names)
	console.log(
		`${name.padEnd(8)} root ${megabytes[name].toFixed(1)} MB, Docker ready after ${list(seconds[name])} s, ${list(memory[name])} MiB of memory in use then`,
	);
console.log(
	`s6 / systemd: root ${(megabytes.s6 / megabytes.systemd).toFixed(2)}, seconds ${ratio(seconds)}, memory ${ratio(memory)} (medians of ${rounds})`,
);

/** The guest's own clock and its own memory, asked as soon as it says that it is ready. */
async function measure(name: Name): Promise<void> {
	const vm = await bootHost([layer(name)], output, { name: `bench-${name}` });
	try {
		const guest = await guestShell(vm, 900);
		const ready = await vm.console.waitFor(/dock0: ready (\d+\.\d\d)/, {
			timeoutSeconds: 900,
		});
		seconds[name].push(Number(ready[1]));
		const used = await guest.get(
			'awk \'$1 == "MemTotal:" { total = $2 } $1 == "MemAvailable:" { print int((total - $2) / 1024) }\' /proc/meminfo',
			180,
		);
		memory[name].push(Number(used));
	} finally {
		await vm.kill();
	}
}

function list(values: readonly number[]): string {
	return values.map((value) => value.toFixed(1)).join(", ");
}

function ratio(values: Record<Name, number[]>): string {
	return (median(values.s6) / median(values.systemd)).toFixed(2);
}

function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
