import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../system/process.ts";
import { neededApplets } from "./applets.ts";
import {
	assembleInit,
	assembleInstaller,
	type InitSettings,
	initFolder,
} from "./init-script.ts";
import { installerApplets } from "./installer.ts";
import { stateSchema } from "./state-schema.ts";

const settings: InitSettings = {
	onFailure: "poweroff",
	rebootAfter: 7,
	waitSeconds: 9,
	state: stateSchema.parse({ encryption: "file", key: "LABEL=k:/state.key" }),
};
let temp: string;
let init: string;
let installer: string;

beforeAll(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-init-"));
	init = await assembleInit(settings);
	await writeFile(join(temp, "init"), init);
	installer = await assembleInstaller();
	await writeFile(join(temp, "installer"), installer);
});
afterAll(() => rm(temp, { recursive: true, force: true }));

test("the assembled script is one file with the config's values", () => {
	expect(init.startsWith("#!/bin/sh\n")).toBe(true);
	expect(init).not.toMatch(/^\. /m);
	expect(init).toContain(
		"\nonfailure=poweroff\nrebootafter=7\nwaitseconds=9\n",
	);
	expect(init).toContain(
		"\nstateencryption='file'\nstatekey='LABEL=k:/state.key'\nstatepcrs=''\n",
	);
});

test.each(["init", "installer"])(
	"shellcheck finds nothing in the assembled %s",
	async (name) => {
		await run("shellcheck", ["-s", "sh", join(temp, name)]);
	},
);

test("the applets they need are just the ones they call", async () => {
	const { stdout } = await run("busybox", ["--list"]);
	// builtins of the shell, the shell itself, and one that is tried with a fallback
	const others = "[ busybox echo kill printf sh test true usleep".split(" ");
	const calledBy = (script: string): string[] => {
		const code = script
			.split("\n")
			.map((line) => line.replace(/(^|\s)#.*/, "").replace(/\bexec /, ""))
			.filter((line) => !/^\s*(say|fail|note|tell) /.test(line))
			.join("\n");
		const called = new Set(
			[
				...code.matchAll(
					/(?:^|[|;&({!]|\b(?:do|then|else|exec|until|while|if)\s|\$\()\s*([a-z_0-9]+)(?=[\s)])/gm,
				),
			].map((match) => match[1] ?? ""),
		);
		return stdout
			.split("\n")
			.filter((name) => called.has(name) && !others.includes(name))
			.sort();
	};
	const wanted = (applets: readonly string[]): string[] =>
		applets.filter((name) => !others.includes(name));
	expect(calledBy(init)).toEqual(wanted(neededApplets));
	expect(calledBy(installer)).toEqual(wanted(installerApplets));
});

test.each([
	["dock0.state.disk=SCSI=2", "SCSI=2"],
	// what profile dock0/linode appends for dock0 boot
	["dock0.state.disk=SCSI=2 dock0.state.disk=", "LABEL=dock0-state"],
])("state with %s lies on %s", async (parameters, wanted) => {
	const cmdline = join(temp, "cmdline");
	const line = `dock0.root=/dev/vda dock0.state=LABEL=dock0-state ${parameters}`;
	await writeFile(cmdline, `${line}\n`);
	const script = await readFile(join(initFolder, "parameters.sh"), "utf8");
	const { stdout } = await run("busybox", [
		"sh",
		"-c",
		`onfailure=reboot\n${script.replace("/proc/cmdline", cmdline)}\nread_parameters; echo "$state"`,
	]);
	expect(stdout.trim()).toBe(wanted);
});

describe("probing superblocks", () => {
	/** What the init's `probe` says of a file, run by busybox as in the initramfs. */
	async function probe(file: string): Promise<string> {
		const { stdout } = await run("busybox", [
			"sh",
			"-c",
			'. "$1/devices.sh"; probe "$2"; echo "$fstype|$fsuuid|$fslabel"',
			"sh",
			initFolder,
			file,
		]);
		return stdout.trim();
	}
	/** What blkid(8), an independent judge, says. */
	async function blkid(file: string): Promise<string> {
		const { stdout } = await run("blkid", ["-p", "-o", "export", file]);
		const value = (key: string): string =>
			new RegExp(`^${key}=(.*)$`, "m").exec(stdout)?.[1] ?? "";
		return `${value("TYPE")}|${value("UUID")}|${value("LABEL").replaceAll("\\ ", " ")}`;
	}
	async function emptyFile(name: string, mib: number): Promise<string> {
		const file = join(temp, name);
		await writeFile(file, "");
		await truncate(file, mib * 1024 * 1024);
		return file;
	}

	test.each([
		["mkfs.ext4", ["-q", "-F", "-L", "my data"], 8],
		["mkfs.vfat", ["-F", "32", "-n", "FAT THREE"], 40],
		["mkfs.vfat", ["-F", "16", "-n", "SIXTEEN"], 20],
		["mkfs.vfat", ["-F", "12", "-n", "TWELVE"], 2],
	])("%s %j", async (tool, args, mib) => {
		const file = await emptyFile(`${tool}${args.join("")}`, mib);
		await run(tool, [...args, file]);
		const told = await probe(file);
		expect(told).toBe(await blkid(file));
		expect(told).toMatch(/^(ext4|vfat)\|.+\|.+/);
	});

	test("squashfs", async () => {
		const file = join(temp, "x.squashfs");
		await run("mksquashfs", [initFolder, file, "-no-progress"]);
		expect(await probe(file)).toBe("squashfs||");
	});

	const id = Buffer.from("0f8fad5bd9cb469fa16570867728950e", "hex");
	const uuid = "0f8fad5b-d9cb-469f-a165-70867728950e";
	test.each([
		["xfs", { 0: "XFSB", 32: id, 108: "label" }],
		["btrfs", { 65600: "_BHRfS_M", 65568: id, 65835: "label" }],
		[
			"erofs",
			{ 1024: Buffer.from("e2e1f5e0", "hex"), 1072: id, 1088: "label" },
		],
	])("%s, by its documented fields", async (type, fields) => {
		const image = Buffer.alloc(70_000);
		for (const [offset, value] of Object.entries(fields))
			image.set(Buffer.from(value), Number(offset));
		const file = join(temp, type);
		await writeFile(file, image);
		expect(await probe(file)).toBe(`${type}|${uuid}|label`);
	});

	test("nothing known, or too short, gives nothing", async () => {
		expect(await probe(await emptyFile("zero", 1))).toBe("||");
		expect(await probe(await emptyFile("short", 0))).toBe("||");
	});
});
