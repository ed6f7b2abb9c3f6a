import { statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { newKey } from "../../../src/release/keys.ts";
import { run } from "../../../src/system/process.ts";
import type { RunningVm } from "../../../src/vm/running-vm.ts";
import {
	diskAfterPowerCut,
	type LoggedWrite,
	readBlockLog,
} from "./block-log.ts";
import { bootDisk, chance, greetHost, workshop } from "./update-host.ts";

/** An update from 1.0 to 2.0 under a database's load, with every write that it sent to the disk. */
export interface RecordedUpdate {
	base: string;
	log: string;
	media: string;
	writes: readonly LoggedWrite[];
	/** Rows of the database, and the log's length when the guest had said that they are committed. */
	commits: readonly { rows: number; end: number }[];
	/** The log's length when the update began, when its switch was turned for certain, and at the end. */
	began: number;
	switched: number;
	ended: number;
	/** Where `dock0-boot` lies: bytes. */
	boot: { start: number; bytes: number };
}

/** Boots, updates, and lets the new release confirm itself, recording what reaches the disk. */
export async function recordUpdate(folder: string): Promise<RecordedUpdate> {
	const shop = await workshop(folder);
	const key = await newKey(join(folder, "keys"), "release");
	const trust = [key.publicFile];
	const one = await shop.release({ version: "1.0", trust, key });
	const two = await shop.release({ version: "2.0", trust, key });
	const base = join(folder, "base.img");
	const disk = join(folder, "recorded.img");
	const log = join(folder, "writes.log");
	const media = join(folder, "media");
	const layout = await shop.disk(base, one);
	await shop.media(media, { two });
	await run("cp", ["--sparse=always", base, disk]);
	await run("truncate", ["-s", "0", log]);
	const commits: { rows: number; end: number }[] = [];
	const length = (): number => statSync(log).size;
	const boot = async (appendLog: boolean): Promise<RunningVm> => {
		const vm = await bootDisk({
			name: "e2e-power-cut",
			...{ disk, media, log, appendLog },
		});
		let text = "";
		vm.console.onOutput((chunk) => {
			text += Buffer.from(chunk).toString("latin1").replaceAll("\r", "");
			const end = length();
			const lines = text.split("\n");
			text = lines.pop() ?? "";
			for (const line of lines) {
				const rows = Number(/COMMITTED (\d+)$/.exec(line)?.[1] ?? 0);
				if (rows > 0) commits.push({ rows, end });
			}
		});
		return vm;
	};
	const wait = { timeoutSeconds: 400 };
	const writer = "sh /run/writer >/dev/ttyS0 2>&1 &\n";
	let vm = await boot(false);
	try {
		await greetHost(vm);
		vm.console.write(writer);
		await vm.console.waitFor(/COMMITTED 3\b/, wait);
		const began = length();
		vm.console.write("dock0-update install /run/media/two\n");
		await vm.console.waitFor(/slot b is booted next, on trial/, wait);
		const switched = length();
		await vm.waitExit();
		vm = await boot(true);
		expect((await greetHost(vm)).version).toBe("2.0");
		vm.console.write(writer);
		const last = commits.at(-1)?.rows ?? 0;
		await vm.console.waitFor(new RegExp(`COMMITTED ${last + 3}\\b`), wait);
		const ended = length();
		await vm.kill();
		const writes = (await readBlockLog(log)).filter(({ end }) => end <= ended);
		return {
			...{ base, log, media, writes, commits, began, switched, ended },
			boot: layout.boot,
		};
	} finally {
		await vm.kill();
	}
}

/**
 * Picks `count` points of the update, as numbers of writes before the power cut: every other one near a write to
 * `dock0-boot`, which is where things are decided, the others anywhere.
 */
export function choosePoints(
	update: RecordedUpdate,
	count: number,
	seed: string,
): number[] {
	const random = chance(`points ${seed}`);
	const { writes, boot, began } = update;
	const first = writes.findIndex(({ end }) => end > began);
	const deciding = writes.flatMap(({ at, bytes }, index) =>
		index >= first &&
		bytes > 0 &&
		at >= boot.start &&
		at < boot.start + boot.bytes
			? [index]
			: [],
	);
	return Array.from({ length: count }, (_, index) => {
		const near = deciding[Math.floor(random() * deciding.length)] ?? first;
		const point =
			index % 2 === 0
				? near + Math.floor(random() * 5) - 1
				: first + Math.floor(random() * (writes.length - first));
		return Math.min(Math.max(point, first), writes.length);
	});
}

/** What came up after a power cut. */
export interface AfterPowerCut {
	version: string;
	rows: number;
}

/**
 * Boots the disk as a power cut at `point` leaves it, and checks: it boots, the old or the new release, the new one
 * for certain once the switch was turned; and the database has every row that was told to be committed.
 * @param retry also takes the update again, which must end in the new release.
 */
export async function surviveAt(
	update: RecordedUpdate,
	point: number,
	options: { folder: string; seed: string; retry: boolean },
): Promise<AfterPowerCut> {
	const { writes, commits, media } = update;
	const disk = join(options.folder, "after.img");
	await diskAfterPowerCut({
		...update,
		target: disk,
		count: point,
		random: chance(`loss ${options.seed} ${point}`),
	});
	const end = writes[point - 1]?.end ?? 0;
	const vm = await bootDisk({ name: "e2e-power-cut", disk, media });
	let again: RunningVm | undefined;
	try {
		const { guest, version, rows } = await greetHost(vm);
		expect(["1.0", "2.0"]).toContain(version);
		if (end >= update.switched) expect(version).toBe("2.0");
		const promised = commits.findLast((commit) => commit.end <= end);
		expect(rows).toBeGreaterThanOrEqual(promised?.rows ?? 0);
		await guest.get("dock0-update status");
		if (options.retry && version === "1.0") {
			vm.console.write("dock0-update install /run/media/two\n");
			await vm.waitExit();
			again = await bootDisk({ name: "e2e-power-cut", disk, media });
			expect(await greetHost(again)).toMatchObject({ version: "2.0", rows });
		}
		return { version, rows };
	} finally {
		await vm.kill();
		await again?.kill();
		await rm(disk, { force: true });
	}
}
