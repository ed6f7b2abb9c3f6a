import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ExpectedError } from "../system/errors.ts";
import { checkInit } from "./init-check.ts";
import { configSchema } from "./schema.ts";

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-init-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function problems(init: string, rootfs: object): string[] {
	try {
		checkInit(configSchema.parse({ init, rootfs, kernel: {} }));
	} catch (error) {
		if (error instanceof ExpectedError)
			return error.problems.map(({ message }) => message);
		throw error;
	}
	return [];
}

it("tells what of a config s6 would never read, by its key", async () => {
	await mkdir(join(folder, "etc/systemd"), { recursive: true });
	expect(
		problems("s6", {
			packages: ["s6"],
			overlay: folder,
			links: { "/etc/systemd/system/x.service": "/dev/null" },
		}),
	).toEqual([
		"rootfs.links./etc/systemd/system/x.service: /etc/systemd/system/x.service is for systemd, but this host's init is s6",
		`rootfs.overlay ${folder}: /etc/systemd/ is for systemd, but this host's init is s6`,
	]);
});

it("wants the init's package, and what a profile itself brings is no problem", async () => {
	await mkdir(join(folder, "usr/lib/systemd"), { recursive: true });
	expect(problems("s6", { packages: ["s6"], baseOverlay: [folder] })).toEqual(
		[],
	);
	expect(problems("s6", { packages: ["systemd", "systemd-sysv"] })).toEqual([
		"init is s6, but rootfs.packages does not have it",
		"rootfs.packages has systemd-sysv, but init is s6",
	]);
});

it("tells services of s6 under systemd", async () => {
	await mkdir(join(folder, "etc/s6"), { recursive: true });
	expect(problems("systemd", { overlay: [folder] })).toEqual([
		`rootfs.overlay ${folder}: /etc/s6/ is for s6, but this host's init is systemd`,
	]);
});
