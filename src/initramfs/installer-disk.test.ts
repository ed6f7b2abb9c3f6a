import { createHash, randomBytes } from "node:crypto";
import {
	mkdir,
	mkdtemp,
	open,
	readFile,
	rm,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, it } from "vitest";
import { entryOf, keptTable, tableBytes } from "../deploy/ssh/kept-table.ts";
import { run } from "../system/process.ts";
import { installerFolder } from "./init-script.ts";

const mib = 1024 * 1024;
const stateAt = 10 * mib;

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-installer-"));
	for (const name of ["install", "run", "dev", "sys/vda"])
		await mkdir(join(folder, name), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A disk of random bytes with a table like a host's, whose state partition begins at `stateAt`. */
async function disk(
	name: string,
	size: number,
	state: number,
): Promise<Buffer> {
	const file = join(folder, name);
	await writeFile(file, randomBytes(size));
	await run("sfdisk", ["-q", "--wipe", "always", file], {
		input: `label: gpt\nfirst-lba: 2048\nstart=1MiB, size=1MiB, name=dock0-bios\nstart=2MiB, size=8MiB, name=dock0-slot-a\nstart=10MiB, size=${state / mib}MiB, name=dock0-state\n`,
	});
	return readFile(file);
}

/** Runs the installer's part that writes, by busybox as in the initramfs, with files for disk, /sys and /install. */
async function install(image: Buffer, bytes: number, whole: boolean) {
	const target = join(folder, "dev/vda");
	const { length } = await readFile(target);
	await writeFile(join(folder, "sys/vda/size"), `${length / 512}\n`);
	await writeFile(join(folder, "sys/vda/stat"), "1 2 3 4 5 6 7 8\n");
	await writeFile(
		join(folder, "install/disk.img.gz"),
		gzipSync(image, { level: 1 }),
	);
	const script = (await readFile(join(installerFolder, "target.sh"), "utf8"))
		.replaceAll("/dev/$target", "$folder/dev/$target")
		.replaceAll("/sys/block", "$folder/sys")
		.replaceAll("/proc/sys/vm/drop_caches", "$folder/run/drop_caches");
	const hash = createHash("sha256").update(image.subarray(0, bytes));
	const { stdout } = await run("busybox", [
		"sh",
		"-c",
		`folder=$1 here=$1/install run=$1/run target=vda bytes=$2 whole=$3 sha256=$4
tell() { echo "$*"; }
open_shell() { exit 3; }
${script}
install_image
trap - EXIT`,
		...["sh", folder, String(bytes), whole ? "yes" : "no", hash.digest("hex")],
	]);
	expect(stdout).toContain("reading vda again");
	return readFile(target);
}

/** Start and size in MiB of the state partition, as sfdisk(8) reads them; both judges must find the table sound. */
async function stateOf(file: string): Promise<number[]> {
	const verified = await run("sfdisk", ["--verify", file]);
	expect(verified.stdout).toContain("No errors detected");
	const judged = await run("sgdisk", ["--verify", file]);
	expect(judged.stdout).toContain("No problems found");
	const { stdout } = await run("sfdisk", ["--json", file]);
	const { partitiontable } = JSON.parse(stdout) as {
		partitiontable: {
			partitions: { name: string; start: number; size: number }[];
		};
	};
	return partitiontable.partitions
		.filter(({ name }) => name === "dock0-state")
		.flatMap(({ start, size }) => [start / 2048, size / 2048]);
}

it.each([
	["has grown with the disk", 53, 8],
	["is smaller than the image's own", 4, 8],
	["is as the image has it", 8, 8],
])("keeps a state partition that %s", async (_, old, own) => {
	const before = await disk("dev/vda", 64 * mib, old * mib);
	const image = await disk("image", (11 + own) * mib, own * mib);
	const table = keptTable(
		image.subarray(0, tableBytes),
		"dock0-state",
		{ start: stateAt / 512, sectors: (old * mib) / 512 },
		(64 * mib) / 512,
	);
	await writeFile(join(folder, "install/front"), table.front);
	await writeFile(join(folder, "install/back"), table.back);
	const after = await install(image, stateAt, false);

	const file = join(folder, "dev/vda");
	expect(await stateOf(file)).toEqual([10, old]);
	const state = (bytes: Buffer): Buffer =>
		bytes.subarray(stateAt, stateAt + old * mib);
	expect(state(after).equals(state(before))).toBe(true);
	const system = (bytes: Buffer): Buffer => bytes.subarray(mib, stateAt);
	expect(system(after).equals(system(image))).toBe(true);
	// the boot loader's first sector too, but for the size of the protective partition
	expect(after.subarray(0, 446).equals(image.subarray(0, 446))).toBe(true);

	// the copy alone says the same
	const handle = await open(file, "r+");
	await handle.write(Buffer.alloc(512), 0, 512, 512);
	await handle.close();
	const recovered = await run("sgdisk", ["--print", file]);
	expect(recovered.stdout + recovered.stderr).toMatch(/Backup header: OK/);
	expect(recovered.stdout).toContain(`${stateAt / 512}`);
	expect(recovered.stdout).toContain(`${(stateAt + old * mib) / 512 - 1} `);
});

it("writes all of an image when nothing is kept, and clears what a table's copy would be found in", async () => {
	await disk("dev/vda", 64 * mib, 53 * mib);
	const image = await disk("image", 19 * mib, 8 * mib);
	const after = await install(image, image.length, true);
	expect(after.subarray(0, image.length).equals(image)).toBe(true);
	expect(after.subarray(60 * mib).every((byte) => byte === 0)).toBe(true);
});

it("refuses a table for a partition that the image has elsewhere, or that leaves no room for its copy", async () => {
	const image = await disk("image", 19 * mib, 8 * mib);
	const head = image.subarray(0, tableBytes);
	const sectors = (64 * mib) / 512;
	const start = stateAt / 512;
	const make = (from: number, size: number) => () =>
		keptTable(head, "dock0-state", { start: from, sectors: size }, sectors);
	expect(make(start + 8, 100)).toThrow(/has no dock0-state at sector 20488/);
	expect(make(start, sectors - start - 32)).toThrow(/reaches beyond/);
	expect(make(start, sectors - start - 33)).not.toThrow();
	expect(entryOf(head, "dock0-slot-b")).toBeUndefined();
	expect(entryOf(Buffer.alloc(tableBytes), "")).toBeUndefined();
});
