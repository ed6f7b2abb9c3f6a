import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type KeyFiles, newKey } from "../../src/release/keys.ts";
import { run } from "../../src/system/process.ts";
import type { RunningVm } from "../../src/vm/running-vm.ts";
import {
	type BootedHost,
	bootDisk,
	greetHost,
	type Workshop,
	workshop,
} from "./support/update-host.ts";

let temp: string;
let shop: Workshop;
let key: KeyFiles;
let next: KeyFiles;
let disk: string;
let media: string;
const running = new Set<RunningVm>();

async function startMachine(
	extraArgs: readonly string[] = [],
): Promise<RunningVm> {
	const vm = await bootDisk({ name: "e2e-update", disk, media, extraArgs });
	running.add(vm);
	void vm.waitExit().then(() => running.delete(vm));
	return vm;
}

const start = async (extraArgs: readonly string[] = []): Promise<BootedHost> =>
	greetHost(await startMachine(extraArgs));

/**
 * Types a command that reboots, and starts the machine again: `failing` times to see it reboot by itself, then for good.
 * A fresh QEMU each time, since one that has rebooted is slow for minutes.
 */
async function reboots(
	host: BootedHost,
	command: string,
	failing = 0,
): Promise<BootedHost> {
	host.vm.console.write(`${command}\n`);
	await host.vm.waitExit();
	for (let count = 0; count < failing; count++)
		await (await startMachine()).waitExit();
	return start();
}

beforeAll(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-update-"));
	shop = await workshop(temp);
	key = await newKey(join(temp, "keys"), "release");
	next = await newKey(join(temp, "keys"), "release-2");
	const stranger = await newKey(join(temp, "keys"), "stranger");
	const trust = [key.publicFile];
	const both = [key.publicFile, next.publicFile];
	const one = await shop.release({ version: "1.0", trust, key });
	const folders: Record<string, string> = {
		old: await shop.release({ version: "0.9", trust, key }),
		two: await shop.release({ version: "2.0", trust, key }),
		again: await shop.release({
			version: "2.1",
			trust,
			key,
			etc: { broken: "the health check says no" },
		}),
		panics: await shop.release({
			version: "2.2",
			trust,
			key,
			etc: { panics: "yes" },
		}),
		foreign: await shop.release({ version: "3.0", trust, key: stranger }),
		both: await shop.release({ version: "4.0", trust: both, key }),
		rotated: await shop.release({
			version: "5.0",
			trust: [next.publicFile],
			key: next,
		}),
	};
	folders.flipped = join(temp, "flipped");
	await run("cp", ["-R", folders.two ?? "", folders.flipped]);
	await run("sh", [
		"-c",
		'printf X | dd of="$1" bs=1 seek=2000000 conv=notrunc status=none',
		"sh",
		join(folders.flipped, "root.squashfs"),
	]);
	media = join(temp, "media");
	await shop.media(media, folders);
	await mkdir(join(temp, "disks"));
	disk = join(temp, "disks/host.img");
	await shop.disk(disk, one);
});
afterAll(async () => {
	for (const vm of running) await vm.kill();
	await rm(temp, { recursive: true, force: true });
});

describe("a host on a disk, updated in place", () => {
	let host: BootedHost;

	it("boots, and keeps its database", async () => {
		host = await start();
		expect(host).toMatchObject({ version: "1.0", trial: false, rows: 0 });
		await host.guest.get(
			"for n in 1 2 3 4 5; do sqlite3 /var/lib/app/db \"insert into rows values ($n, 'x')\"; done",
		);
	});

	it("refuses a foreign signature, a flipped byte and an older version, and boots as before", async () => {
		for (const [source, words] of [
			["foreign", /wrong signature/],
			["flipped", /root\.squashfs arrived with SHA-256/],
			["old", /version 0\.9 is older than the running 1\.0/],
		] as const) {
			const answer = await host.guest.ask(
				`dock0-update install /run/media/${source}`,
				300,
			);
			expect(answer.exitCode).toBe(1);
			expect(answer.output).toMatch(words);
		}
		expect(await host.guest.get("dock0-update list")).toMatch(
			/^\* a small 1\.0 .*\n +b empty$/,
		);
		expect(await host.guest.get("dock0-update status")).not.toContain("trial");
	});

	it("takes a release on trial, keeps it, and has its database", async () => {
		host = await reboots(host, "dock0-update install /run/media/two");
		expect(host).toMatchObject({ version: "2.0", trial: true, rows: 5 });
		expect(await host.guest.get("dock0-update status")).toBe(
			"running: slot b, small 2.0\nconfirmed: slot b",
		);
	});

	it("goes back by itself from a release that is not healthy, and says why", async () => {
		host = await reboots(host, "dock0-update install /run/media/again", 1);
		expect(host).toMatchObject({ version: "2.0", trial: false, rows: 5 });
		expect(await host.guest.get("dock0-update status")).toContain(
			"failed: slot a, 2.1: the health check says no",
		);
	});

	it("goes back from one that panics, after as many tries as it has", async () => {
		host = await reboots(host, "dock0-update install /run/media/panics", 2);
		expect(host).toMatchObject({ version: "2.0", trial: false, rows: 5 });
		expect(await host.guest.get("dock0-update status")).toContain(
			"failed: slot a, 2.2: it did not come up",
		);
	});

	it("goes back to an older release when told to", async () => {
		host = await reboots(
			host,
			"dock0-update install /run/media/old --allow-downgrade",
		);
		expect(host).toMatchObject({ version: "0.9", trial: true, rows: 5 });
		host = await reboots(host, "dock0-update rollback");
		expect(host).toMatchObject({ version: "2.0", trial: true, rows: 5 });
	});

	it("moves over to another key by a release that trusts both", async () => {
		const refused = await host.guest.ask(
			"dock0-update install /run/media/rotated",
			300,
		);
		expect(refused.output).toContain("wrong signature");
		for (const [source, version] of [
			["both", "4.0"],
			["rotated", "5.0"],
		]) {
			host = await reboots(host, `dock0-update install /run/media/${source}`);
			expect(host).toMatchObject({ version, trial: true });
		}
		const late = await host.guest.ask(
			"dock0-update install /run/media/both --allow-downgrade",
			300,
		);
		expect(late.output).toContain("wrong signature");
	});

	it("leaves a second disk with the same partitions alone", async () => {
		await host.vm.kill();
		const copy = join(temp, "disks/copy.img");
		await run("cp", ["--sparse=always", disk, copy]);
		const before = (await run("sha256sum", [copy])).stdout;
		host = await start([
			...["-drive", `if=none,id=copy,format=raw,file=${copy}`],
			...["-device", "virtio-blk-pci,drive=copy"],
		]);
		const answer = await host.guest
			.get(
				"dock0-update install /run/media/two --allow-downgrade --allow-other-name --no-reboot; dock0-update list",
				300,
			)
			.catch((error: unknown) => String(error));
		expect(answer).toContain("wrong signature");
		await host.guest.get("dock0-update rollback --no-reboot");
		await host.vm.kill();
		expect((await run("sha256sum", [copy])).stdout).toBe(before);
	});
});
