import { createHash } from "node:crypto";
import {
	chmod,
	cp,
	mkdir,
	mkdtemp,
	open,
	readFile,
	rm,
	symlink,
	truncate,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageFile } from "../system/package-files.ts";
import { type RunResult, run } from "../system/process.ts";
import { type KeyFiles, newKey, readPrivateKey } from "./keys.ts";
import { signManifest } from "./signature.ts";

/** Plain files that stand for a host's disk, its sysfs and its root, for the update agent (docs/disk.md). */
export interface FakeHost {
	folder: string;
	key: KeyFiles;
	/** Runs `dock0-update` of the shipped profile. */
	agent(...args: string[]): Promise<RunResult>;
	/** Makes a signed release; returns its folder. */
	release(options: ReleaseOptions): Promise<string>;
	/** GRUB's variables. */
	environment(): Promise<Record<string, string>>;
	/** What a slot's header says; undefined when it is empty. */
	header(slot: "a" | "b"): Promise<Record<string, string> | undefined>;
	/** The file that stands for a partition. */
	partition(name: string): string;
	/** The kernel's command line: boots slot `slot`. */
	boot(slot: "a" | "b", more?: string): Promise<void>;
	remove(): Promise<void>;
}

export interface ReleaseOptions {
	version: string;
	name?: string;
	root?: Buffer;
	cmdline?: string[];
	key?: KeyFiles;
}

export const slotBytes = 4 * 1024 * 1024;

const partitions = [
	"dock0-bios",
	"dock0-esp",
	"dock0-boot",
	"dock0-bundle-a",
	"dock0-bundle-b",
	"dock0-slot-a",
	"dock0-slot-b",
	"dock0-state",
];

/** GUIDs of two disks are the same when one is a copy of the other. */
const uuid = (number: number): string =>
	`00000000-0000-4000-8000-00000000000${number}`;

/** A host that runs version 1.0 of `web1` from slot a, beside a second disk with the same names. */
export async function fakeHost(): Promise<FakeHost> {
	const folder = await mkdtemp(join(tmpdir(), "dock0-agent-"));
	const at = (path: string): string => join(folder, path);
	for (const path of ["dev", "proc", "state", "run", "sys/class/block"])
		await mkdir(at(path), { recursive: true });
	// The other disk comes first, as a trap.
	for (const disk of ["vda", "vdb"])
		for (const [index, name] of partitions.entries())
			await makePartition(folder, disk, index + 1, name);
	await cp(packageFile("profiles/base/usr/lib/dock0"), at("lib"), {
		recursive: true,
	});
	const key = await newKey(at("keys"), "release");
	await mkdir(at("lib/keys.d"));
	await cp(key.publicFile, at("lib/keys.d/one.pem"));
	await writeFile(at("reboot"), `#!/bin/sh\necho reboot >>${at("reboots")}\n`);
	await chmod(at("reboot"), 0o755);
	const partition = (name: string): string =>
		at(`dev/vdb${partitions.indexOf(name) + 1}`);

	const host: FakeHost = {
		folder,
		key,
		partition,
		agent: (...args) =>
			run("sh", [packageFile("profiles/base/usr/bin/dock0-update"), ...args], {
				okExitCodes: [0, 1, 2],
				env: {
					DOCK0_LIB: at("lib"),
					DOCK0_RUN: at("run"),
					DOCK0_DEV: at("dev"),
					DOCK0_SYS: at("sys"),
					DOCK0_PROC: at("proc"),
					DOCK0_STATE: at("state"),
					DOCK0_REBOOT: at("reboot"),
				},
			}),
		release: (options) => makeRelease(folder, { key, ...options }),
		async environment() {
			const block = await readFile(partition("dock0-boot"));
			return Object.fromEntries(
				block
					.subarray(512, 1024)
					.toString("latin1")
					.split("\n")
					.filter((line) => line.includes("="))
					.map((line) => line.split("=", 2)),
			);
		},
		async header(slot) {
			const number = slot === "a" ? 1 : 2;
			const boot = await readFile(partition("dock0-boot"));
			const text = boot
				.subarray(65_536 * number, 65_536 * number + 4096)
				.toString("latin1");
			const lines = [...text.matchAll(/^set dock0_(\w+)='(.*)'$/gm)];
			return lines.at(-1)?.[1] === "end"
				? Object.fromEntries(lines.map(([, name, value]) => [name, value]))
				: undefined;
		},
		async boot(slot, more = "") {
			const number = partitions.indexOf(`dock0-slot-${slot}`) + 1;
			await writeFile(
				at("proc/cmdline"),
				`quiet dock0.slot=${slot} dock0.root=PARTUUID=${uuid(number).toUpperCase()} ${more}\n`,
			);
			await writeFile(
				at("proc/mounts"),
				`proc /proc proc rw 0 0\n${at(`dev/vdb${number}`)} ${at("run/root")} squashfs ro 0 0\n`,
			);
		},
		remove: () => rm(folder, { recursive: true, force: true }),
	};
	await writeBoot(partition("dock0-boot"));
	await host.boot("a");
	return host;
}

async function makePartition(
	folder: string,
	disk: string,
	number: number,
	name: string,
): Promise<void> {
	const sys = join(folder, "sys/devices", disk, `${disk}${number}`);
	const bytes = name.startsWith("dock0-slot") ? slotBytes : 1024 * 1024;
	await mkdir(sys, { recursive: true });
	await writeFile(join(sys, "partition"), `${number}\n`);
	await writeFile(join(sys, "size"), `${bytes / 512}\n`);
	await writeFile(
		join(sys, "uevent"),
		`DEVTYPE=partition\nPARTN=${number}\nPARTUUID=${uuid(number)}\nPARTNAME=${name}\n`,
	);
	await symlink(sys, join(folder, "sys/class/block", `${disk}${number}`));
	const device = join(folder, "dev", `${disk}${number}`);
	await writeFile(device, "");
	await truncate(device, bytes);
}

/** GRUB's environment block and slot a's header, as the disk writer leaves them. */
async function writeBoot(device: string): Promise<void> {
	const file = await open(device, "r+");
	const environment = "# GRUB Environment Block\ndock0_good=a\ndock0_try=\n";
	await file.write(environment.padEnd(1024, "#"), 512);
	const header = [
		"# dock0 slot 1",
		"set dock0_version='1.0'",
		"set dock0_release='0'",
		"set dock0_name='web1'",
		"set dock0_end='ok'",
		"",
	].join("\n");
	await file.write(header.padEnd(4096, "\n"), 65_536);
	await file.close();
}

async function makeRelease(
	folder: string,
	options: ReleaseOptions & { key: KeyFiles },
): Promise<string> {
	const { version, name = "web1", key } = options;
	const files: Record<string, Buffer> = {
		vmlinuz: Buffer.from(`kernel ${version}`.repeat(1000)),
		initramfs: Buffer.from(`initramfs ${version}`.repeat(400)),
		"root.squashfs": options.root ?? Buffer.alloc(1_500_000, version),
	};
	const release = join(folder, `release-${version}-${name}`);
	await rm(release, { recursive: true, force: true });
	await mkdir(release);
	for (const [file, content] of Object.entries(files))
		await writeFile(join(release, file), content);
	await writeSignedManifest(release, key, {
		format: 1,
		name,
		version,
		kernel: { version: "6.12", cmdline: options.cmdline ?? ["quiet", "a=b"] },
		root: { file: "root.squashfs", type: "squashfs" },
		files: Object.fromEntries(
			Object.entries(files).map(([file, content]) => [
				file,
				{
					bytes: content.length,
					sha256: createHash("sha256").update(content).digest("hex"),
				},
			]),
		),
		packages: { format: 9, list: [{ name: "wrong", version: "0" }] },
	});
	return release;
}

/** Writes manifest.json and manifest.sig into a release's folder. */
export async function writeSignedManifest(
	release: string,
	key: KeyFiles,
	content: object,
): Promise<void> {
	const manifest = Buffer.from(`${JSON.stringify(content, undefined, "\t")}\n`);
	await writeFile(join(release, "manifest.json"), manifest);
	await writeFile(
		join(release, "manifest.sig"),
		signManifest(manifest, readPrivateKey({ key: key.privateFile })),
	);
}
