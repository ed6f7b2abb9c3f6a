import {
	mkdir,
	mkdtemp,
	open,
	readFile,
	rm,
	truncate,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../system/process.ts";
import { initFolder } from "./init-script.ts";

const mib = 1024 * 1024;
let temp: string;
beforeAll(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-gpt-"));
});
afterAll(() => rm(temp, { recursive: true, force: true }));

/** A disk of 64 MiB with three partitions, of which the last in the table is not the last on the disk. */
async function disk(name: string, label = "gpt"): Promise<string> {
	const file = join(temp, name);
	await writeFile(file, "");
	await truncate(file, 64 * mib);
	const table = `label: ${label}\nstart=1MiB, size=8MiB\nstart=40MiB, size=16MiB\nstart=20MiB, size=8MiB\n`;
	await run("sfdisk", ["-q", file], { input: table });
	return file;
}

/** Lets the init's `grow_gpt`, run by busybox as in the initramfs, grow a partition; returns what it says. */
async function grow(
	file: string,
	partition: number,
	size: number,
): Promise<string> {
	const work = join(temp, "run");
	await mkdir(work, { recursive: true });
	await truncate(file, size);
	const { stdout } = await run("busybox", [
		"sh",
		"-c",
		`run=$1; say() { echo "$*"; }; . "$2/devices.sh"; . "$2/gpt.sh"; grow_gpt "$3" 512 ${size / 512} ${partition}; echo "grown $grown"`,
		...["sh", work, initFolder, file],
	]);
	return stdout.trim();
}

/** Start and size of each partition in MiB, as sfdisk(8) reads them. */
async function partitions(file: string): Promise<number[][]> {
	const { stdout } = await run("sfdisk", ["--json", file]);
	const { partitiontable } = JSON.parse(stdout) as {
		partitiontable: { partitions: { start: number; size: number }[] };
	};
	return partitiontable.partitions.map(({ start, size }) => [
		start / 2048,
		size / 2048,
	]);
}

test("the last partition grows to the last whole MiB, and both judges find the table sound", async () => {
	const file = await disk("grows");
	const size = 200 * mib + 12_288;
	expect(await grow(file, 2, size)).toBe("grown 143");
	expect(await partitions(file)).toEqual([
		[1, 8],
		[40, 159],
		[20, 8],
	]);
	const { stdout } = await run("sfdisk", ["--verify", file]);
	expect(stdout).toContain("No errors detected");
	const judged = await run("sgdisk", ["--verify", file]);
	expect(judged.stdout).toContain("No problems found");
	expect(await grow(file, 2, size)).toBe("grown");

	// the copy at the end is whole too: without the first, it is what is read
	const handle = await open(file, "r+");
	await handle.write(Buffer.alloc(512), 0, 512, 512);
	await handle.close();
	const recovered = await run("sgdisk", ["--print", file]);
	expect(recovered.stdout + recovered.stderr).toMatch(/Backup header: OK/);
	expect(recovered.stdout).toMatch(/^ +2 +81920 /m);
});

test.each([
	["a partition with another after it", "gpt", 1, () => {}],
	["a partition that is not there", "gpt", 7, () => {}],
	["a table of another kind", "dos", 2, () => {}],
	[
		"a damaged header",
		"gpt",
		2,
		(bytes: Buffer) => bytes.writeUInt8(7, 512 + 60),
	],
	[
		"damaged entries",
		"gpt",
		2,
		(bytes: Buffer) => bytes.writeUInt8(7, 1024 + 60),
	],
] as const)("%s is left alone", async (_, label, partition, damage) => {
	const file = await disk("alone", label);
	const bytes = await readFile(file);
	damage(bytes);
	await writeFile(file, bytes);
	expect(await grow(file, partition, 100 * mib)).toMatch(/grown$/);
	expect((await readFile(file)).subarray(0, 64 * mib).equals(bytes)).toBe(true);
});
