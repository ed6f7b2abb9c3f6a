import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type KeyFiles, newKey } from "../../src/release/keys.ts";
import type { RunningVm } from "../../src/vm/running-vm.ts";
import { checkout } from "./support/dock0.ts";
import { type GuestShell, guestShell } from "./support/guest.ts";
import { buildHost } from "./support/host.ts";
import { diskSettings } from "./support/tiny-disk.ts";
import { bootDisk, makeMedia, writeHostDisk } from "./support/update-host.ts";

let temp: string;
let key: KeyFiles;
let vm: RunningVm | undefined;
let guest: GuestShell;

/** Builds a release of a shipped test host, by the command line. */
async function build(
	host: string,
	version: string,
	health: readonly string[],
	/** Seconds from its start within which it has to be healthy; on a busy machine readiness alone takes minutes. */
	timeout = 400,
): Promise<string> {
	const folder = join(temp, version);
	await mkdir(folder);
	const layer = join(folder, "dock0.json");
	await writeFile(
		layer,
		JSON.stringify({
			extends: checkout(`test/hosts/${host}.yaml`),
			release: { version, sign: { key: key.privateFile } },
			update: { health: { commands: health, timeout } },
		}),
	);
	return buildHost([layer], join(folder, "out"));
}

/**
 * Waits until the machine has rebooted, and for the shell of the next boot, which has to be of that slot. A fresh
 * QEMU each time, since one that has rebooted is slow for minutes.
 */
async function nextBoot(slot: string): Promise<void> {
	await vm?.waitExit();
	vm = await bootDisk({
		name: "e2e-health",
		disk: join(temp, "host.img"),
		media: join(temp, "media"),
		memory: 1024,
	});
	await vm.console.waitFor(new RegExp(`starting slot ${slot}`), {
		timeoutSeconds: 600,
	});
	guest = await guestShell(vm, 600);
	await guest.get("mkdir -p /run/media; mount -o ro /dev/vdb /run/media");
}

/** Asks, in the guest, until a line of the answer matches; gives that line. */
async function until(line: string, pattern: string): Promise<string> {
	return guest.get(
		`n=0; until ${line} | grep -E '${pattern}'; do n=$((n + 1)); [ $n -lt 200 ] || break; sleep 1; done`,
		900,
	);
}

beforeAll(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-health-"));
	key = await newKey(join(temp, "keys"), "release");
	const first = await build("update", "1.0", []);
	const media = join(temp, "media");
	await makeMedia(media, {
		healthy: await build("update", "1.1", ["test -e /var/lib/dock0/wanted"]),
		unhealthy: await build(
			"update",
			"1.2",
			["true", "echo no such thing; test -e /var/lib/dock0/never"],
			150,
		),
		docker: await build("update-docker", "1.3", []),
		s6: await build("update-s6", "1.4", ["test -e /var/lib/dock0/wanted"]),
		"s6-unhealthy": await build(
			"update-s6",
			"1.5",
			["echo no such thing; test -e /var/lib/dock0/never"],
			150,
		),
	});
	const disk = join(temp, "host.img");
	await writeHostDisk({
		folder: temp,
		file: disk,
		release: first,
		settings: diskSettings({ slotSize: "256M", stateSize: "64M" }),
	});
	await nextBoot("a");
});
afterAll(async () => {
	await vm?.kill();
	await rm(temp, { recursive: true, force: true });
});

describe("a host on trial", () => {
	it("keeps a release that is ready and whose health commands succeed", async () => {
		await guest.get("systemctl is-active dock0-ready || true");
		vm?.console.write("dock0-update install /run/media/healthy\n");
		await nextBoot("b");
		expect(await guest.get("dock0-update status")).toContain(
			"on trial: slot b, 1.1, 1 more tries",
		);
		expect(
			await guest.get("cat /sys/class/watchdog/watchdog0/identity"),
		).toContain("Watchdog");
		await guest.get("touch /var/lib/dock0/wanted");
		const line = "dock0-update status";
		expect(await until(line, "confirmed: slot b")).toContain("slot b");
		expect(await guest.get(line)).toBe(
			"running: slot b, e2e-update 1.1\nconfirmed: slot b",
		);
	});

	it("goes back from one whose Docker does not start, and says so", async () => {
		vm?.console.write("dock0-update install /run/media/docker\n");
		await nextBoot("a");
		await nextBoot("b");
		const status = await guest.get("dock0-update status");
		expect(status).toContain("running: slot b, e2e-update 1.1");
		expect(status).toMatch(/failed: slot a, 1\.3: it is not ready: .*docker/);
		expect(await until("cat /etc/motd", "went back")).toContain("docker");
	});

	it("goes back from one whose health command fails until the time is over", async () => {
		vm?.console.write("dock0-update install /run/media/unhealthy\n");
		await nextBoot("a");
		await nextBoot("b");
		expect(await guest.get("dock0-update status")).toMatch(
			/failed: slot a, 1\.2: not healthy within 150 s: health command failed: .*no such thing/,
		);
	});

	it("does so under s6, too, to which an update can change", async () => {
		await guest.get("rm /var/lib/dock0/wanted");
		vm?.console.write("dock0-update install /run/media/s6\n");
		await nextBoot("a");
		expect(await guest.get("cat /proc/1/comm")).toBe("s6-svscan");
		const line = "dock0-update status";
		expect(await guest.get(line)).toContain("on trial: slot a, 1.4");
		await guest.get("touch /var/lib/dock0/wanted");
		expect(await until(line, "confirmed: slot a")).toContain("slot a");
		vm?.console.write("dock0-update install /run/media/s6-unhealthy\n");
		await nextBoot("b");
		await nextBoot("a");
		expect(await guest.get(line)).toMatch(
			/running: slot a, e2e-update 1\.4[\s\S]*failed: slot b, 1\.5: not healthy within 150 s: health command failed: .*no such thing/,
		);
	});
});
