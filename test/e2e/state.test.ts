import { createHash } from "node:crypto";
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
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { initramfsSchema } from "../../src/initramfs/schema.ts";
import { stateSchema } from "../../src/initramfs/state-schema.ts";
import { toolClosure } from "../../src/initramfs/tool-closure.ts";
import {
	toolSets,
	wantedModules,
	wantedTools,
} from "../../src/initramfs/tools.ts";
import { run } from "../../src/system/process.ts";
import { type DebianKernel, debianKernel } from "./support/debian-kernel.ts";
import { distributionTools } from "./support/distribution-tools.ts";
import { makeInitramfs } from "./support/initramfs.ts";
import {
	bootDirect,
	type DirectGuest,
	virtioDisk,
} from "./support/qemu-direct.ts";
import {
	factsOf,
	makeDisk,
	makeTinyRoot,
	squash,
} from "./support/tiny-root.ts";
import { makeTpm, type Tpm } from "./support/tpm.ts";

const mib = 1024 * 1024;
/** What the guest writes to its state, in the clear as far as the guest can see. */
const secret = "a secret that must not be found on the disk";

/** Counts its boots on the state volume; told `cut`, it ends without writing anything back. */
const counter = `#!/bin/busybox sh
export PATH=/bin
echo
sed 's/^/FACT info./' /run/dock0/boot-info
while read -r device at type options _; do
	echo "FACT mount.$at=$device $type $options"
done < /proc/mounts
echo "FACT boots=$(cat /var/lib/app/boots 2> /dev/null | busybox wc -l)"
echo "FACT machine=$(cat /etc/machine-id)"
echo "FACT size=$(busybox df -k /run/dock0/state | busybox tail -n 1 | busybox awk '{ print $2 }')"
echo "${secret}" >> /var/lib/app/boots
if [ "$1" = cut ]; then
	sync
	busybox dd if=/dev/zero of=/var/lib/app/half bs=64k count=64 2> /dev/null
	for name in 1 2 3 4 5 6 7 8; do echo $name > /var/lib/app/$name; done
	echo FACTS-END
	busybox stty sane < /dev/console
	echo b > /proc/sysrq-trigger
fi
sync
umount /var/lib/app /etc/machine-id /run/dock0/state 2> /dev/null
echo FACTS-END
busybox stty sane < /dev/console # waits until all of that is out
poweroff -f
`;

let temp: string;
let kernel: DebianKernel;
const guests: DirectGuest[] = [];
const initramfses = new Map<string, Promise<string>>();

beforeAll(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-state-"));
	kernel = await debianKernel();
	const tree = join(temp, "tree");
	await makeTinyRoot(tree);
	await writeFile(join(tree, "sbin/init"), counter, { mode: 0o755 });
	await squash(tree, join(temp, "root.squashfs"));
}, 300_000);
afterEach(() => {
	for (const guest of guests.splice(0)) guest.kill();
});
afterAll(() => rm(temp, { recursive: true, force: true }));

/** The initramfs of a config's `state`, with this machine's own programs (a TPM's with those of a build); made once for each. */
function initramfs(state: Record<string, unknown>): Promise<string> {
	const key = JSON.stringify(state);
	const made = initramfses.get(key);
	if (made) return made;
	const build = async (): Promise<string> => {
		const settings = stateSchema.parse(state);
		const wanted = { verity: false, state: settings };
		const sets = wantedTools(wanted).map((set) => toolSets[set]);
		const base = initramfsSchema.parse({});
		const out = join(temp, `initramfs-${initramfses.size}`);
		await makeInitramfs(out, kernel, {
			settings: {
				compressionLevel: 3,
				waitSeconds: 5,
				baseModules: [...base.baseModules, ...wantedModules(wanted)],
			},
			state: settings,
			files:
				settings.encryption === "tpm"
					? await distributionTools(state)
					: await toolClosure(
							"/",
							sets.flatMap(({ programs }) => programs),
							sets.flatMap(({ libraries }) => libraries),
						),
		});
		return out;
	};
	const promise = build();
	initramfses.set(key, promise);
	return promise;
}

/** Boots to the end with the root as first disk, and returns all console output. */
function output(
	state: Record<string, unknown>,
	append: string,
	...disks: string[]
): Promise<string> {
	return outputWith([], state, append, ...disks);
}

/** The same in a machine that has more devices. */
async function outputWith(
	devices: readonly string[],
	state: Record<string, unknown>,
	append: string,
	...disks: string[]
): Promise<string> {
	const guest = bootDirect({
		kernel: kernel.image,
		initramfs: await initramfs(state),
		append: `dock0.onfailure=poweroff dock0.rebootafter=0 ${append.includes("dock0.root") ? "" : "dock0.root=/dev/vda "}${append}`,
		devices: [
			...(append.includes("dock0.root")
				? disks
				: [join(temp, "root.squashfs"), ...disks]
			).flatMap(virtioDisk),
			...devices,
		],
	});
	guests.push(guest);
	return guest.ended(300);
}

async function facts(
	state: Record<string, unknown>,
	append: string,
	...disks: string[]
): Promise<Record<string, string>> {
	const text = await output(state, append, ...disks);
	expect(text).toContain("FACTS-END");
	return factsOf(text);
}

async function blank(name: string, size: number): Promise<string> {
	const file = join(temp, name);
	await writeFile(file, "");
	await truncate(file, size);
	return file;
}

async function hash(file: string): Promise<string> {
	return createHash("sha256")
		.update(await readFile(file))
		.digest("hex");
}

async function patch(
	file: string,
	offset: number,
	bytes: Uint8Array | string,
): Promise<void> {
	const handle = await open(file, "r+");
	await handle.write(Buffer.from(bytes), 0, bytes.length, offset);
	await handle.close();
}

describe("a disk with the root and an empty state partition", () => {
	const append = "dock0.root=PARTLABEL=root dock0.state=PARTLABEL=dock0-state";
	let disk: string;
	let machine: string | undefined;
	beforeAll(async () => {
		disk = join(temp, "disk");
		await makeDisk(
			disk,
			64,
			"label: gpt\nstart=1MiB, size=16MiB, name=root\nstart=17MiB, size=40MiB, name=dock0-state\n",
			[{ startMiB: 1, file: join(temp, "root.squashfs") }],
		);
	});
	/** The state partition's file system, judged by e2fsck(8) on this machine. */
	async function judge(sizeMiB: number): Promise<void> {
		const part = join(temp, "part");
		await run("dd", [
			`if=${disk}`,
			`of=${part}`,
			"bs=1M",
			"skip=17",
			`count=${sizeMiB}`,
			"status=none",
		]);
		await run("e2fsck", ["-f", "-n", part]);
	}

	test("is made at the first boot and kept by the second", async () => {
		const first = await facts({}, append, disk);
		expect(first).toMatchObject({
			boots: "0",
			"info.state.made": "ext4",
		});
		expect(first["mount./run/dock0/state"]).toMatch(/^\/dev\/vda2 ext4 rw/);
		machine = first.machine;
		expect(machine).toMatch(/^[0-9a-f]{32}$/);
		const second = await facts({}, append, disk);
		expect(second).toMatchObject({
			boots: "1",
			machine,
			"info.state.check": "0",
		});
		expect(second["info.state.made"]).toBeUndefined();
		expect(second["info.state.grown"]).toBeUndefined();
		await judge(40);
	});

	test("grows with the disk, partition and file system, and keeps what it holds", async () => {
		await truncate(disk, 300 * mib);
		const grown = await facts({}, append, disk);
		expect(grown).toMatchObject({
			boots: "2",
			machine,
			"info.state.grown": "242 MiB",
		});
		expect(Number(grown.size)).toBeGreaterThan(240_000);
		const { stdout } = await run("sfdisk", ["--verify", disk]);
		expect(stdout).toContain("No errors detected");
		await judge(282);
	});

	test("is checked after the power was cut, and keeps what had been written", async () => {
		expect(await facts({}, `${append} cut`, disk)).toMatchObject({
			boots: "3",
		});
		const after = await facts({}, append, disk);
		expect(after).toMatchObject({
			boots: "4",
			machine,
			"info.state.recovered": "yes",
		});
		await judge(282);
	});

	test("with a broken file system is not mounted", async () => {
		const broken = await blank("broken", 64 * mib);
		await run("mkfs.ext4", ["-q", "-F", "-L", "dock0-state", broken]);
		// the inode of the root folder becomes nonsense, which only a person may decide about
		for (const request of ["clri <2>", "set_super_value state 2"])
			await run("debugfs", ["-w", "-R", request, broken]);
		const text = await output({}, "dock0.state=/dev/vdb", broken);
		expect(text).toMatch(
			/FAILED: dock0\.state: e2fsck cannot repair \/dev\/vdb by itself/,
		);
	});
});

describe("a device that is not empty", () => {
	test.each([
		[
			"ext4 with somebody's data",
			async (file: string) => {
				await mkdir(join(temp, "photos"), { recursive: true });
				await writeFile(join(temp, "photos/one"), "a photo");
				await run("mkfs.ext4", [
					"-q",
					"-F",
					"-L",
					"photos",
					"-d",
					join(temp, "photos"),
					file,
				]);
			},
			"ext4, label photos",
		],
		[
			"a partition table",
			async (file: string) => {
				await run("sfdisk", ["-q", file], {
					input: "label: dos\nstart=4MiB\n",
				});
			},
			"something unknown",
		],
		[
			"a single byte in its first MiB",
			(file: string) => patch(file, 1_048_575, "x"),
			"something unknown",
		],
		[
			"a RAID's header at its end",
			(file: string) => patch(file, 64 * mib - 65_536, "x"),
			"something unknown",
		],
	])("%s is not touched", async (_, fill, found) => {
		const disk = await blank("taken", 64 * mib);
		await fill(disk);
		const before = await hash(disk);
		const text = await output({}, "dock0.state=/dev/vdb", disk);
		expect(text).toContain(`it holds ${found}); it was left as it is`);
		expect(text).toMatch(
			/FAILED: dock0\.state: \/dev\/vdb is neither empty nor/,
		);
		expect(await hash(disk)).toBe(before);
	});

	test("is overwritten when the config says force, once; and an unfinished volume is made again", async () => {
		const disk = await blank("forced", 64 * mib);
		await run("mkfs.ext4", ["-q", "-F", "-L", "photos", disk]);
		const force = { init: "force" };
		const first = await facts(force, "dock0.state=/dev/vdb", disk);
		expect(first).toMatchObject({ boots: "0", "info.state.made": "ext4" });
		expect(await facts(force, "dock0.state=/dev/vdb", disk)).toMatchObject({
			boots: "1",
		});
		await patch(disk, 64 * mib - 512, "dock0 is making a state volume here");
		expect(await facts({}, "dock0.state=/dev/vdb", disk)).toMatchObject({
			boots: "0",
		});
		expect(await facts({}, "dock0.state=/dev/vdb", disk)).toMatchObject({
			boots: "1",
		});
	});

	test("is found by its label, and an empty one is left alone by never", async () => {
		const disk = await blank("labelled", 64 * mib);
		await run("mkfs.ext4", ["-q", "-F", "-L", "mine", disk]);
		expect(await facts({}, "dock0.state=LABEL=mine", disk)).toMatchObject({
			boots: "0",
		});
		const empty = await blank("never", 64 * mib);
		const before = await hash(empty);
		const text = await output(
			{},
			"dock0.state=/dev/vdb dock0.state.init=never",
			empty,
		);
		expect(text).toMatch(/FAILED: dock0\.state: .*state\.init=never/);
		expect(await hash(empty)).toBe(before);
	});
});

/** Whether a disk holds what the guest wrote, anywhere. */
async function holds(disk: string, text: string): Promise<boolean> {
	return (await readFile(disk)).includes(text);
}

describe("encryption", () => {
	test("by a random key: nothing is kept, nor to be found on the disk", async () => {
		const disk = await blank("random", 64 * mib);
		const random = { encryption: "random" };
		const first = await facts(random, "dock0.state=/dev/vdb", disk);
		expect(first.boots).toBe("0");
		expect(first["mount./run/dock0/state"]).toMatch(/^\/dev\/dm-0 ext4 rw/);
		const once = await hash(disk);
		const second = await facts(random, "dock0.state=/dev/vdb", disk);
		expect(second.boots).toBe("0");
		expect(second.machine).not.toBe(first.machine);
		expect(await hash(disk)).not.toBe(once);
		expect(await holds(disk, secret)).toBe(false);
		expect(await holds(disk, "dock0 random state")).toBe(true);
	});

	test("by a key in a file: kept, not readable without, refused with another key", async () => {
		const disk = await blank("locked", 64 * mib);
		const keys = async (name: string, key: string): Promise<string> => {
			const folder = join(temp, `${name}-folder`);
			await mkdir(folder);
			await writeFile(join(folder, "state.key"), key);
			const file = await blank(name, 4 * mib);
			await run("mkfs.ext4", ["-q", "-F", "-L", "keys", "-d", folder, file]);
			return file;
		};
		const right = await keys("right", "0123456789abcdef0123456789abcdef");
		const wrong = await keys("wrong", "0123456789abcdef0123456789abcdee");
		const locked = { encryption: "file", key: "LABEL=keys:/state.key" };
		const first = await facts(locked, "dock0.state=/dev/vdb", disk, right);
		expect(first).toMatchObject({ boots: "0", "info.state.made": "ext4" });
		const second = await facts(
			locked,
			"dock0.state=LABEL=dock0-state",
			disk,
			right,
		);
		expect(second).toMatchObject({ boots: "1", machine: first.machine });
		expect(second["mount./run/dock0/state"]).toMatch(/^\/dev\/dm-0 ext4 rw/);
		expect(await holds(disk, secret)).toBe(false);
		const { stdout } = await run("cryptsetup", ["luksDump", disk]);
		expect(stdout).toMatch(/Label:\s+dock0-state/);
		const before = await hash(disk);
		expect(await output(locked, "dock0.state=/dev/vdb", disk, wrong)).toMatch(
			/FAILED: dock0\.state\.key: the key of LABEL=keys:\/state\.key does not open \/dev\/vdb/,
		);
		expect(await hash(disk)).toBe(before);
	});

	test("by a TPM: kept on this machine, and of no use on any other", async () => {
		const disk = await blank("guarded", 64 * mib);
		// In this register the kernel's measuring of files leaves its traces: ima_policy=.
		const guarded = { encryption: "tpm", pcrs: [10] };
		const own = await makeTpm(join(temp, "own-tpm"));
		const other = await makeTpm(join(temp, "other-tpm"));
		const boot = async (tpm: Tpm, append = ""): Promise<string> =>
			outputWith(
				await tpm.plug(),
				guarded,
				`dock0.state=/dev/vdb ${append}`,
				disk,
			);
		const first = factsOf(await boot(own));
		expect(first).toMatchObject({ boots: "0", "info.state.made": "ext4" });
		expect(first["mount./run/dock0/state"]).toMatch(/^\/dev\/dm-0 ext4 rw/);
		expect(factsOf(await boot(own))).toMatchObject({
			boots: "1",
			machine: first.machine,
		});
		expect(await holds(disk, secret)).toBe(false);
		const { stdout } = await run("cryptsetup", ["luksDump", disk]);
		expect(stdout).toMatch(/Tokens:\n\s+0: systemd-tpm2/);
		// The key that it was made with opens it no more.
		expect(stdout).toMatch(/Keyslots:\n\s+1: luks2\n/);
		expect(stdout).not.toMatch(/^\s+0: luks2$/m);

		const before = await hash(disk);
		const refused =
			/FAILED: dock0\.state: the TPM of this machine does not open \/dev\/vdb/;
		expect(await boot(other)).toMatch(refused);
		expect(await boot(own, "ima_policy=critical_data")).toMatch(refused);
		expect(await output(guarded, "dock0.state=/dev/vdb", disk)).toMatch(
			/FAILED: dock0\.state: .*this machine has no TPM 2\.0/,
		);
		expect(await hash(disk)).toBe(before);
		expect(factsOf(await boot(own))).toMatchObject({ boots: "2" });
	});

	test("none: what the guest writes is on the disk, so that the checks above can fail", async () => {
		const disk = await blank("plain", 64 * mib);
		await facts({}, "dock0.state=/dev/vdb", disk);
		expect(await holds(disk, secret)).toBe(true);
	});
});

test.each(["xfs", "btrfs"])("%s: made, kept and grown", async (filesystem) => {
	const disk = await blank(filesystem, 400 * mib);
	const first = await facts({ filesystem }, "dock0.state=/dev/vdb", disk);
	expect(first).toMatchObject({ boots: "0", "info.state.made": filesystem });
	await truncate(disk, 600 * mib);
	const second = await facts({ filesystem }, "dock0.state=/dev/vdb", disk);
	expect(second).toMatchObject({ boots: "1" });
	expect(Number(second.size)).toBeGreaterThan(Number(first.size) + 150_000);
});
