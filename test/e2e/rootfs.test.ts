import { readFileSync } from "node:fs";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/system/process.ts";
import {
	makeTinyRepository,
	type TinyRepository,
} from "./rootfs/tiny-repository.ts";
import {
	type DriverResult,
	digest,
	listing,
	openWorkshop,
	textIn,
	type Who,
	type Workshop,
} from "./rootfs/workshop.ts";

let shop: Workshop;
let first: Who;

beforeAll(async () => {
	shop = await openWorkshop();
	first = shop.hasRoot ? "root" : "user";
});
afterAll(() => shop?.close());

const tarOf = (folder: string | undefined): string =>
	join(folder ?? "", "rootfs.tar");

/** Nothing may be left: no work folder, no mount below the cache. */
async function expectNothingLeft(who: Who): Promise<void> {
	const cache = shop.cache(who);
	expect(await readdir(join(cache, "tmp"))).toEqual([]);
	expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain(cache);
}

async function project(
	name: string,
	files: Record<string, string>,
): Promise<string> {
	const folder = join(shop.folder, name);
	for (const [path, text] of Object.entries(files)) {
		await mkdir(dirname(join(folder, path)), { recursive: true });
		const mode = text.startsWith("#!") ? 0o755 : 0o644;
		await writeFile(join(folder, path), text, { mode });
	}
	return folder;
}

describe("a Debian root", () => {
	let input: object;
	let built: DriverResult;

	beforeAll(async () => {
		const folder = await project("debian", {
			"overlay/etc/app/app.conf": "overlay",
			"overlay/lib/systemd/system/app.service": "unit",
			"templates/etc/greeting.eta": "host=<%= it.name %>\n",
			"scripts/05-flat": '#!/bin/sh\necho flat > "$DOCK0_ROOTFS/etc/flat"\n',
			"scripts/rootfs/10-typed.ts": `
import { defineScript } from "dock0";
interface Config { name: string }
export default defineScript<Config>(async ({ rootfs, chroot, config }) => {
	const { stdout } = await chroot(["/bin/cat", "/etc/flat"]);
	await rootfs.write("/etc/typed", config.name + " after " + stdout, { mode: 0o640, owner: "root:adm" });
});`,
			"scripts/chroot/10-inside":
				'#!/bin/sh\nset -e\n[ "$DOCK0_ROOTFS" = / ]\ngrep -q web1 "$DOCK0_CONFIG"\nsetcap cap_net_raw+ep /usr/bin/ping\nuseradd --create-home --uid 1234 joe\n',
			"scripts/finalize/10-last":
				'#!/bin/sh\necho "$DOCK0_PHASE" > "$DOCK0_ROOTFS/etc/last"\n',
		});
		await symlink("app.conf", join(folder, "overlay/etc/app/link"));
		input = {
			config: { name: "web1" },
			rootfs: {
				packages: ["systemd-sysv", "iputils-ping", "libcap2-bin", "passwd"],
				overlay: join(folder, "overlay"),
				templates: join(folder, "templates"),
				scripts: join(folder, "scripts"),
				permissions: [
					{ path: "/etc/app/app.conf", mode: "0600", owner: "root:adm" },
				],
				chroot: ["ls / > /root/listing", ["touch", "/etc/by words"]],
				finalize: ['test -d "$DOCK0_ROOTFS/etc"'],
			},
		};
		built = await shop.drive(first, input);
		expect(built.problems).toBeUndefined();
	});

	it("is the same, byte for byte, as root and as an ordinary user", async (context) => {
		if (!shop.hasRoot) return context.skip();
		// The downloads are handed over, which also shows that a second build needs none.
		await run("cp", [
			"-r",
			join(shop.cache("root"), "packages"),
			join(shop.cache("user"), "packages"),
		]);
		await run("chown", [
			"-R",
			"--reference",
			shop.cache("user"),
			join(shop.cache("user"), "packages"),
		]);
		const theirs = await shop.drive("user", input);
		expect(theirs.problems).toBeUndefined();
		// apt's line for a package: source, suite, architecture, name, architecture, version, size.
		expect(theirs.stderr).not.toMatch(/^Get:\d+( \S+){6} \[/m);
		for (const step of ["packages", "customised"] as const) {
			const [ours, user] = [tarOf(built[step]), tarOf(theirs[step])];
			expect(await listing(user)).toEqual(await listing(ours));
			expect(await digest(user)).toBe(await digest(ours));
		}
		for (const file of ["changes.tar", "kept"])
			expect(await digest(join(theirs.changes ?? "", file))).toBe(
				await digest(join(built.changes ?? "", file)),
			);
		await expectNothingLeft("user");
	});

	it("holds what overlay, templates, permissions and scripts put there", async () => {
		const tar = tarOf(built.customised);
		expect(await textIn(tar, "/etc/greeting")).toBe("host=web1\n");
		expect(await textIn(tar, "/usr/lib/systemd/system/app.service")).toBe(
			"unit",
		);
		expect(await textIn(tar, "/etc/typed")).toBe("web1 after flat\n");
		expect(await textIn(tar, "/etc/last")).toBe("finalize\n");
		const lines = await listing(tar);
		const lineOf = (path: string) =>
			lines.find((line) => line.split(" -> ")[0]?.endsWith(` .${path}`));
		expect(lineOf("/etc/app/app.conf")).toMatch(/^-rw------- +0\/4 /);
		expect(lineOf("/etc/typed")).toMatch(/^-rw-r----- +0\/4 /);
		expect(lineOf("/etc/app/link")).toMatch(/^l.* -> app\.conf$/);
		expect(lineOf("/home/joe/")).toMatch(/ 1234\/1234 /);
		expect(lineOf("/etc/by words")).toBeDefined();
		// File capabilities (capabilities(7)) are kept in this extended attribute.
		const ping = lines.findIndex((line) => line.endsWith(" ./usr/bin/ping"));
		expect(lines[ping + 1]).toContain("security.capability");
	});

	it("tells nothing of the machine and the moment of its build", async () => {
		for (const step of ["packages", "customised"] as const) {
			const lines = await listing(tarOf(built[step]));
			const files = lines.filter((line) => line.startsWith("-")).join("\n");
			expect(files).not.toMatch(
				/ \.\/(etc\/(hostname|resolv\.conf|ssh\/ssh_host_.*|passwd-)|var\/log\/.*|(dev|run|tmp)\/.*|var\/cache\/(apt|ldconfig)\/.*)$/m,
			);
			expect(files).toMatch(/^-r--r--r-- +0\/0 +0 .* \.\/etc\/machine-id$/m);
			expect(lines.some((line) => line.includes("initramfs-tools"))).toBe(
				false,
			);
		}
		const packages = JSON.parse(
			await readFile(join(built.packages ?? "", "packages.json"), "utf8"),
		) as { name: string; version: string; size: number }[];
		expect(packages.find(({ name }) => name === "systemd")).toMatchObject({
			version: expect.stringMatching(/^\d/),
			size: expect.any(Number),
		});
	});

	it("is not built again without a change, and only customised again with one", async () => {
		const again = await shop.drive(first, input);
		expect(again).toMatchObject({
			packages: built.packages,
			customised: built.customised,
		});
		expect(again.stderr).not.toContain("took");
		const changed = await shop.drive(first, {
			...input,
			config: { name: "web1", x: 1 },
		});
		expect(changed.stderr).not.toContain("rootfs/packages took");
		expect(changed.stderr).toContain("rootfs/customise took");
	});

	it.each([
		[
			"a module",
			"rootfs/20-oops.ts",
			'import { defineScript } from "dock0";\n\nexport default defineScript(() => {\n\tthrow new Error("my own words");\n});\n',
			/script rootfs\/20-oops\.ts, line 4: my own words/,
		],
		[
			"an executable",
			"chroot/20-oops",
			"#!/bin/sh\necho last words >&2\nexit 3\n",
			/script chroot\/20-oops: [\s\S]*exit code 3[\s\S]*last words/,
		],
		[
			"a path that climbs out",
			"rootfs/20-oops.mjs",
			'export default async ({ rootfs }) => {\n\tawait rootfs.write("/../../escaped", "x");\n};\n',
			/'\/\.\.\/\.\.\/escaped' leads out of the root file system/,
		],
	])("says which script failed: %s", async (_what, path, text, message) => {
		const folder = await project(`failing-${path.replaceAll("/", "-")}`, {
			[path]: text,
		});
		const failed = await shop.drive(first, {
			...input,
			rootfs: {
				...(input as { rootfs: object }).rootfs,
				chroot: [],
				scripts: folder,
			},
		});
		expect(failed.exitCode).toBe(1);
		expect(failed.problems?.[0]?.code).toBe("SCRIPT_FAILED");
		expect(failed.problems?.[0]?.message).toMatch(message);
		expect(failed.stderr).not.toContain("    at ");
		await expectNothingLeft(first);
	});

	it("names template and line, and the command that failed", async () => {
		const folder = await project("failing-template", {
			"etc/x.eta": "one\n<%= it.nmae %>\n",
		});
		const { rootfs } = input as { rootfs: object };
		const template = await shop.drive(first, {
			...input,
			rootfs: { ...rootfs, templates: folder },
		});
		expect(template.problems?.[0]).toMatchObject({
			code: "TEMPLATE_FAILED",
			where: { file: join(folder, "etc/x.eta"), line: 2 },
		});
		const command = await shop.drive(first, {
			...input,
			rootfs: { ...rootfs, chroot: ["true", "echo so it goes; exit 4"] },
		});
		expect(command.problems?.[0]?.message).toMatch(
			/command 2 of rootfs\.chroot failed: echo so it goes; exit 4\n.*exit code 4:\nso it goes/,
		);
		await expectNothingLeft(first);
	});

	it("leaves no process and no mount when it is killed", async () => {
		const mark = `86400.${process.pid}`;
		const child = await shop.launch("user", {
			...input,
			rootfs: {
				...(input as { rootfs: object }).rootfs,
				chroot: [`echo sleeping now; exec sleep ${mark}`],
			},
		});
		await new Promise<void>((resolve, reject) => {
			let seen = "";
			child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
				seen += chunk;
				if (/^sleeping now$/m.test(seen)) resolve();
			});
			void child.done.then(() => reject(new Error(seen)));
		});
		expect(await processesWith(mark)).toBeGreaterThan(0);
		// Only the driver itself: what it started has to notice by itself.
		process.kill(child.pid, "SIGKILL");
		await child.done;
		await expect.poll(() => processesWith(mark), { timeout: 10_000 }).toBe(0);
		expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain(
			shop.cache("user"),
		);
	});

	it("unpacks single packages, and what a metapackage stands for", async () => {
		const { target, stderr } = await shop.drive(first, {
			...input,
			extract: ["init", "busybox-static"],
		});
		expect(await readdir(join(target ?? "", "usr"))).toContain("bin");
		expect(stderr).toMatch(/"name":"busybox-static"/);
		expect(stderr).toMatch(/"name":"systemd-sysv"/);
		expect(stderr).not.toMatch(/"name":"(init|systemd)"/);
	});

	it("says so when a package does not exist", async () => {
		const unknown = await shop.drive(first, {
			rootfs: {},
			extract: ["no-such-package"],
		});
		expect(unknown).toMatchObject({
			exitCode: 1,
			problems: [{ code: "PACKAGE_UNKNOWN" }],
		});
		await expectNothingLeft(first);
	});
});

async function processesWith(word: string): Promise<number> {
	const { stdout } = await run("pgrep", ["-fc", `^sleep ${word}`], {
		okExitCodes: [0, 1],
	});
	return Number(stdout);
}

describe("an Arch root", () => {
	let repository: TinyRepository;
	const rootfs = (changes: object = {}, arch: object = {}) => ({
		rootfs: {
			backend: "arch",
			packages: ["meta"],
			arch: {
				repositories: [{ name: "tiny", servers: [repository.url] }],
				sigLevel: "Required",
				keyring: { files: [repository.key] },
				...arch,
			},
			...changes,
		},
	});

	beforeAll(async () => {
		repository = await makeTinyRepository(join(shop.folder, "arch"));
	});

	it("is the same as root and as an ordinary user, scriptlets included", async () => {
		const built = await shop.drive(first, rootfs());
		expect(built.problems).toBeUndefined();
		const tar = tarOf(built.customised);
		expect(await textIn(tar, "/etc/installed-by")).toBe("0\n");
		expect((await listing(tar)).join("\n")).toMatch(
			/ 7\/8 .* \.\/etc\/owned$/m,
		);
		const packages = JSON.parse(
			await readFile(join(built.packages ?? "", "packages.json"), "utf8"),
		) as { name: string }[];
		expect(packages.map(({ name }) => name)).toEqual(["meta", "shell"]);
		if (shop.hasRoot) {
			const theirs = await shop.drive("user", rootfs());
			expect(theirs.problems).toBeUndefined();
			expect(await digest(tarOf(theirs.packages))).toBe(
				await digest(tarOf(built.packages)),
			);
			expect(await digest(tarOf(theirs.customised))).toBe(await digest(tar));
		}
	});

	it("downloads again what was damaged in the cache", async () => {
		const cache = join(shop.cache(first), "packages/arch");
		const kept = (await readdir(cache, { recursive: true })).find((path) =>
			path.endsWith("shell-1-1-x86_64.pkg.tar.zst"),
		);
		await writeFile(join(cache, kept ?? ""), "damaged");
		const again = await shop.drive(first, { ...rootfs(), refresh: "again" });
		expect(again.problems).toBeUndefined();
		expect(again.stderr).toContain("once more");
	});

	it("is refused when another key signed the repository", async () => {
		const refused = await shop.drive(
			first,
			rootfs({}, { keyring: { files: [repository.otherKey] } }),
		);
		expect(refused).toMatchObject({
			exitCode: 1,
			problems: [{ code: "ARCH_INDEX_FAILED" }],
		});
		await expectNothingLeft(first);
	});

	it("names packages that do not exist, and scriptlets that fail", async () => {
		const unknown = await shop.drive(first, rootfs({ packages: ["nope"] }));
		expect(unknown.problems?.[0]).toMatchObject({
			code: "PACKAGE_UNKNOWN",
			message: expect.stringContaining("'nope'"),
		});
		const broken = await shop.drive(first, rootfs({ packages: ["broken"] }));
		expect(broken.problems?.[0]).toMatchObject({
			code: "PACKAGE_SCRIPT_FAILED",
			message: expect.stringContaining("this one fails"),
		});
		await expectNothingLeft(first);
	});

	it("unpacks single packages without their scripts", async () => {
		const { target, stderr } = await shop.drive("user", {
			...rootfs(),
			extract: ["meta"],
		});
		expect((await readdir(target ?? "")).sort()).toEqual(["bin", "etc", "usr"]);
		expect(await readdir(join(target ?? "", "etc"))).toEqual(["passwd"]);
		expect(stderr).toMatch(
			/^\[\{"name":"shell","version":"1-1","arch":"x86_64","file":"shell-1-1-x86_64\.pkg\.tar\.zst","sha256":"[0-9a-f]{64}","bytes":\d+,"homepage":"https:\/\/example\.org\/tiny","licences":\["GPL-2\.0-only"\],.*"repository":"tiny"\}\]$/m,
		);
	});
});
