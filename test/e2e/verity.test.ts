import { createHash } from "node:crypto";
import {
	copyFile,
	mkdir,
	mkdtemp,
	open,
	readFile,
	rm,
	stat,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mkfsErofsArguments } from "../../src/image/erofs.ts";
import { imageSchema } from "../../src/image/schema.ts";
import { appendHashTree, type Verity } from "../../src/image/verity.ts";
import { toolClosure } from "../../src/initramfs/tool-closure.ts";
import { toolSets } from "../../src/initramfs/tools.ts";
import { run } from "../../src/system/process.ts";
import { type DebianKernel, debianKernel } from "./support/debian-kernel.ts";
import { makeInitramfs } from "./support/initramfs.ts";
import {
	bootDirect,
	type DirectGuest,
	virtioDisk,
} from "./support/qemu-direct.ts";
import {
	factsOf,
	makeLayer,
	makeTinyRoot,
	squash,
} from "./support/tiny-root.ts";

/** Reads every file and says its hash, or that it cannot be read. */
const reader = `#!/bin/busybox sh
export PATH=/bin
echo
sed 's/^/FACT info./' /run/dock0/boot-info
for file in /data/* /etc/only-root; do
	if sum=$(busybox sha256sum "$file" 2> /dev/null); then
		echo "FACT sum.$file=\${sum%% *}"
	else
		echo "FACT sum.$file=unreadable"
	fi
done
for file in /etc/only-one; do
	[ -f $file ] && echo "FACT file.$file=$(cat $file)"
done
while read -r device at type options _; do
	echo "FACT mount.$at=$device $type $options"
done < /proc/mounts
echo FACTS-END
busybox stty sane < /dev/console # waits until all of that is out
poweroff -f
`;

let temp: string;
let kernel: DebianKernel;
let initramfs: string;
let verity: Verity;
/** SHA-256 of each file of the root. */
const sums: Record<string, string> = {};
const guests: DirectGuest[] = [];

beforeAll(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-verity-"));
	kernel = await debianKernel();
	initramfs = join(temp, "initramfs");
	await makeInitramfs(initramfs, kernel, {
		files: await toolClosure("/", toolSets.dmsetup.programs),
	});
	const tree = join(temp, "tree");
	await makeTinyRoot(tree);
	await writeFile(join(tree, "sbin/init"), reader, { mode: 0o755 });
	await mkdir(join(tree, "data"));
	let noise = createHash("sha256").update("dock0").digest();
	for (let index = 0; index < 8; index++) {
		const parts: Buffer[] = [];
		for (let at = 0; at < 4096; at++) {
			noise = createHash("sha256").update(noise).digest();
			parts.push(noise);
		}
		const path = `/data/${index}`;
		await writeFile(join(tree, path), Buffer.concat(parts));
		sums[path] = await sha256(join(tree, path));
	}
	sums["/etc/only-root"] = await sha256(join(tree, "etc/only-root"));
	await squash(tree, join(temp, "root.squashfs"));
	await run(
		"mkfs.erofs",
		mkfsErofsArguments(
			tree,
			join(temp, "root.erofs"),
			imageSchema.parse({}).erofs,
			0,
		),
	);
	verity = await appendHashTree(join(temp, "root.squashfs"));
}, 300_000);

afterAll(async () => {
	for (const guest of guests) guest.kill();
	await rm(temp, { recursive: true, force: true });
});

async function sha256(file: string): Promise<string> {
	return createHash("sha256")
		.update(await readFile(file))
		.digest("hex");
}

const parameter = ({ rootHash, dataBlocks, salt }: Verity): string =>
	`dock0.verity=${rootHash},${dataBlocks},${salt}`;

/** Boots to the end, a power-off or a reboot, and returns all console output. */
async function output(append: string, ...disks: string[]): Promise<string> {
	const guest = bootDirect({
		kernel: kernel.image,
		initramfs,
		append: `dock0.root=/dev/vda dock0.onfailure=poweroff dock0.rebootafter=0 ${append}`,
		devices: disks.flatMap(virtioDisk),
	});
	guests.push(guest);
	return guest.ended();
}

/** A copy of the root image with one bit changed. */
async function damaged(offset: number): Promise<string> {
	const file = join(temp, `damaged-${offset}`);
	await copyFile(join(temp, "root.squashfs"), file);
	const handle = await open(file, "r+");
	const byte = Buffer.alloc(1);
	await handle.read(byte, 0, 1, offset);
	await handle.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, offset);
	await handle.close();
	return file;
}

function sumsOf(told: Record<string, string>): Record<string, string> {
	return Object.fromEntries(
		Object.entries(told)
			.filter(([key]) => key.startsWith("sum."))
			.map(([key, value]) => [key.slice(4), value]),
	);
}

test("an undamaged root boots through dm-verity, and what it needs to know is noted", async () => {
	const told = factsOf(
		await output(
			`${parameter(verity)} dock0.slot=a dock0.trial dock0.failed=b`,
			join(temp, "root.squashfs"),
		),
	);
	expect(sumsOf(told)).toEqual(sums);
	expect(told["mount./run/dock0/root"]).toMatch(/^\/dev\/dm-0 squashfs ro/);
	expect(told).toMatchObject({
		"info.verity": verity.rootHash,
		"info.slot": "a",
		"info.trial": "on",
		"info.failed": "b",
	});
});

test("an erofs root, copied to memory through dm-verity, whose device is let go", async () => {
	const file = join(temp, "root.erofs");
	const told = factsOf(
		await output(`${parameter(await appendHashTree(file))} dock0.toram`, file),
	);
	expect(sumsOf(told)).toEqual(sums);
	expect(told["info.root.type"]).toBe("erofs");
	expect(told["mount./run/dock0/root"]).toMatch(/^\/dev\/loop\d erofs ro/);
});

describe("one changed bit", () => {
	test.each([
		["in the superblock", () => 0],
		["in the last block", () => verity.dataBlocks * 4096 - 10],
		["in the top block of the tree", () => verity.dataBlocks * 4096],
	])("%s: the boot is refused", async (_, offset) => {
		const file = await damaged(offset());
		const told = await output(parameter(verity), file);
		expect(told).toMatch(/FAILED: dock0\.verity: .* does not match its hash/);
		expect(told).not.toContain("FACT");
	});

	// The first half is the program that runs, the second half noise, so that a file of it is hit.
	test.each([
		["at the start of the data", () => 4096 + 50],
		["at a quarter", () => verity.dataBlocks * 1024],
		["in the middle", () => verity.dataBlocks * 2048],
		["at three quarters", () => verity.dataBlocks * 3072],
		[
			"in a leaf of the tree",
			() => (verity.dataBlocks + 1) * 4096 + verity.dataBlocks * 24,
		],
	])("%s: a read fails or gives the right bytes", async (name, offset) => {
		const file = await damaged(offset());
		const text = await output(parameter(verity), file);
		const told = sumsOf(factsOf(text));
		const wrong = Object.entries(told).filter(
			([path, sum]) => sum !== sums[path] && sum !== "unreadable",
		);
		expect(wrong).toEqual([]);
		expect(text).toMatch(/(metadata|data) block \d+ is corrupted/);
		if (!/start|quarter$/.test(name))
			expect(Object.values(told)).toContain("unreadable");
	});

	test("on trial: the machine restarts at the first bad block, or at once when the root is refused", async () => {
		const middle = await damaged(verity.dataBlocks * 2048);
		const restarted = await output(`${parameter(verity)} dock0.trial`, middle);
		expect(restarted).toMatch(/dock0: initramfs \d+ done/);
		expect(restarted).toMatch(/data block \d+ is corrupted/);
		expect(restarted).not.toContain("FACTS-END");

		const refused = await output(
			`${parameter(verity)} dock0.slot=b dock0.trial dock0.onfailure=shell dock0.rebootafter=3600`,
			await damaged(0),
		);
		expect(refused).toMatch(/FAILED: dock0\.verity/);
		expect(refused).toMatch(/slot b is on trial: reboot now/);
	});

	test("without its hash the same root boots and tells other bytes: the check above can fail", async () => {
		const told = sumsOf(
			factsOf(await output("", await damaged(verity.dataBlocks * 2048))),
		);
		expect(told).not.toEqual(sums);
	});
});

test("another root's hash, and a parameter that is none", async () => {
	const other = {
		...verity,
		rootHash: verity.rootHash.replace(/^./, (digit) =>
			digit === "0" ? "1" : "0",
		),
	};
	expect(await output(parameter(other), join(temp, "root.squashfs"))).toMatch(
		/FAILED: dock0\.verity: .* does not match its hash/,
	);
	expect(await output("dock0.verity=off", join(temp, "root.squashfs"))).toMatch(
		/FAILED: dock0\.verity: 'off' is not ROOTHASH,DATABLOCKS,SALT/,
	);
});

test("a bundle above the root counts only with its hash; an absent optional one does not hold up the boot", async () => {
	await makeLayer(join(temp, "layer"), { "only-one": "one" });
	const layer = join(temp, "layer.squashfs");
	await squash(join(temp, "layer"), layer);
	const { size } = await stat(layer);
	const hash = await sha256(layer);
	const boot = async (extrahash: string, extra = "/dev/vdb") =>
		factsOf(
			await output(
				`${parameter(verity)} dock0.extra=${extra} dock0.extrahash=${extrahash} dock0.wait=1`,
				join(temp, "root.squashfs"),
				layer,
			),
		);
	const right = await boot(`${hash},${size}`);
	expect(right).toMatchObject({
		"info.layers": "1",
		"file./etc/only-one": "one",
	});
	const wrong = await boot(`${hash},${size - 1}`);
	expect(wrong).toMatchObject({
		"info.layers": "0",
		"info.layer.1.refused": "/dev/vdb: it does not match dock0.extrahash",
	});
	expect(wrong["file./etc/only-one"]).toBeUndefined();
	expect(sumsOf(wrong)).toEqual(sums);
	const absent = await boot(`${hash},${size}`, "?PARTLABEL=none");
	expect(absent["info.layer.1.refused"]).toBe(
		"PARTLABEL=none: there is no device PARTLABEL=none",
	);
});
