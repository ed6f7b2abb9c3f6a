import {
	mkdtemp,
	readFile,
	rm,
	stat,
	truncate,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { diskMachine } from "./disk-machine.ts";
import { qemuArguments } from "./qemu.ts";
import { vmSchema } from "./schema.ts";

let temp: string;
beforeEach(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-disk-machine-"));
	vi.stubEnv("XDG_STATE_HOME", join(temp, "state"));
	await writeFile(join(temp, "host.img"), "built");
	await truncate(join(temp, "host.img"), 1024 * 1024);
});
afterEach(async () => {
	vi.unstubAllEnvs();
	await rm(temp, { recursive: true, force: true });
});

const machine = (keep: boolean, told: unknown[] = []) =>
	diskMachine(
		{
			file: join(temp, "host.img"),
			settings: vmSchema.parse({}),
			name: "host",
			keep,
			reboot: true,
			onDisk: (disk) => told.push(disk),
		},
		"tcg",
	);

describe("diskMachine", () => {
	it("starts the image by the firmware and throws away what is written", async () => {
		const made = await machine(false);
		expect(made.kernel).toBeUndefined();
		const args = qemuArguments(made, { logFile: "/log", monitor: "stdio" });
		expect(args).toContain(
			`if=none,id=drive0,format=raw,discard=unmap,snapshot=on,file=${join(temp, "host.img")}`,
		);
	});

	it("keeps one copy, which a new image does not change", async () => {
		const told: unknown[] = [];
		const copy = join(temp, "state/dock0/host.disk.qcow2");
		const first = await machine(true, told);
		expect(first.drives).toEqual([
			{ file: copy, format: "qcow2", serial: "dock0-disk" },
		]);
		const before = await readFile(copy);
		await writeFile(join(temp, "host.img"), "built again");
		await machine(true, told);
		expect(told).toEqual([
			{ file: copy, created: true },
			{ file: copy, created: false },
		]);
		expect(before.equals(await readFile(copy))).toBe(true);
		// It holds the host's state.
		expect((await stat(copy)).mode & 0o077).toBe(0);
	});

	it("says what is missing", async () => {
		await rm(join(temp, "host.img"));
		await expect(machine(false)).rejects.toThrow(
			expect.objectContaining({ code: "DISK_MISSING" }),
		);
	});
});
