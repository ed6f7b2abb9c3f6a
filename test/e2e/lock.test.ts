import {
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	rename,
	rm,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PackageOrigin } from "../../src/rootfs/backend.ts";
import { wantedSources } from "../../src/rootfs/debian/sources.ts";
import { formatSource } from "../../src/rootfs/debian/sources-parse.ts";
import { type Lock, lockSchema } from "../../src/rootfs/lock.ts";
import { rootfsSchema } from "../../src/rootfs/schema.ts";
import type { RunResult } from "../../src/system/process.ts";
import { makeTinyRepository } from "./rootfs/tiny-repository.ts";
import { digest, openWorkshop, type Workshop } from "./rootfs/workshop.ts";
import { dock0 } from "./support/dock0.ts";
import { publishMoving } from "./support/moving-archive.ts";

describe("a Debian project with a lock", () => {
	let folder: string;
	let archive: string;
	const at = (...path: string[]): string => join(folder, ...path);
	const as = (cache: string, ...args: string[]): Promise<RunResult> =>
		dock0([...args, "-C", folder], {
			env: { DOCK0_CACHE_DIR: at(cache) },
		});
	const lock = async (): Promise<Lock> =>
		lockSchema.parse(JSON.parse(await readFile(at("dock0.lock"), "utf8")));

	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), "dock0-lock-"));
		archive = at("archive");
		await publishMoving(archive, "1");
		const { debian } = rootfsSchema.parse({});
		const mirrors = [
			...wantedSources(debian).map(formatSource),
			`deb [trusted=yes] copy:${archive} ./`,
		];
		await writeFile(
			at("dock0.yaml"),
			JSON.stringify({
				name: "locked",
				rootfs: { packages: ["moving"], debian: { mirrors } },
				kernel: {},
			}),
		);
		await writeFile(at("pool.yaml"), "rootfs: { pool: ./pool }\n");
		await writeFile(at("more.yaml"), "rootfs: { packages+: [hello] }\n");
	});
	afterAll(() => rm(folder, { recursive: true, force: true }));

	it("writes down each package with its file and hash, and keeps the files", async () => {
		const { exitCode, stdout, stderr } = await as(
			"first",
			...["lock", "--pool", "pool"],
		);
		expect(stderr).not.toMatch(/error/);
		expect(exitCode).toBe(0);
		expect(stdout).toMatch(/added moving 1\n|and \d+ more\n/);
		const { root, unpacked, request } = await lock();
		expect(request).toEqual({
			backend: "debian",
			suite: "trixie",
			variant: "essential",
			packages: ["moving"],
		});
		expect(root.find(({ name }) => name === "moving")).toMatchObject({
			version: "1",
			file: "moving_1_all.deb",
			sha256: await digest(join(archive, "moving_1_all.deb")),
		});
		expect(root.find(({ name }) => name === "libc6")?.file).toMatch(/^pool\//);
		expect(Object.keys(unpacked)).toEqual([
			"busybox-static",
			"dmsetup",
			"e2fsprogs",
			"linux-image-cloud-amd64",
		]);
		expect(unpacked["linux-image-cloud-amd64"]?.[0]?.name).toMatch(
			/^linux-image-\d.*-cloud-amd64$/,
		);
		const files = [root, ...Object.values(unpacked)]
			.flat()
			.map(({ file }) => basename(file));
		expect((await readdir(at("pool"))).sort()).toEqual(
			[...new Set(files)].sort(),
		);
		// Again: nothing to do, and nothing said to have changed.
		const again = await as("first", "lock");
		expect(again.stdout).toContain("nothing changed");
	});

	it("builds the same bytes elsewhere after the mirror has moved on, from the pool", async () => {
		const built = await as("first", "build", "-o", at("one"));
		expect(built.stderr).not.toMatch(/error/);
		await publishMoving(archive, "2");
		await rename(at("dock0.lock"), at("pool.lock"));
		const layers = ["dock0.yaml", "pool.yaml"];
		const moved = await as("second", "build", ...layers, "-o", at("two"));
		await rename(at("pool.lock"), at("dock0.lock"));
		expect(moved.stderr).not.toMatch(/error/);
		// It tells of the layers, which are others here.
		for (const file of await readdir(at("one/locked")))
			if (file !== "config.json")
				expect(await digest(at("two/locked", file)), file).toBe(
					await digest(at("one/locked", file)),
				);
	});

	it("lists the software of the release, as the official schema says", async () => {
		const text = await readFile(at("one/locked/sbom.cdx.json"), "utf8");
		expect(
			await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(
				text,
			),
		).toBeNull();
		const { packages } = JSON.parse(
			await readFile(at("one/locked/sbom.spdx.json"), "utf8"),
		) as { packages: { name: string; homepage?: string; comment?: string }[] };
		const { root } = await lock();
		// The release itself, kernel and busybox come on top.
		expect(packages).toHaveLength(root.length + 3);
		expect(packages.find(({ name }) => name === "moving")).toMatchObject({
			homepage: "https://example.org/moving",
			comment: "part of root",
		});
	});

	it("says what is gone, and where to get it, without a pool", async () => {
		const { exitCode, stderr } = await as("third", "build", "-o", at("three"));
		expect(exitCode).toBe(1);
		expect(stderr).toContain("PACKAGE_GONE");
		expect(stderr).toContain("with the locked hash: moving 1");
		expect(stderr).toMatch(/rootfs\.pool.*rootfs\.debian\.snapshot/);
	});

	it("gives two machines the same keys", async () => {
		const keys = async (cache: string) =>
			(
				JSON.parse((await as(cache, "plan", "--json")).stdout) as {
					key: string;
				}[]
			).map(({ key }) => key);
		expect(await keys("fourth")).toEqual(await keys("first"));
	});

	it("is not made for another list of packages, nor changed by --refresh", async () => {
		await writeFile(at("more.lock"), await readFile(at("dock0.lock"), "utf8"));
		const stale = await as("first", "build", "dock0.yaml", "more.yaml");
		expect(stale.exitCode).toBe(2);
		expect(stale.stderr).toMatch(/added hello.*LOCK_FILE_STALE/s);
		const refresh = await as("first", "build", "--refresh");
		expect(refresh.exitCode).toBe(2);
		expect(refresh.stderr).toContain("LOCK_FILE_DECIDES");
	});

	it("moves on when told so", async () => {
		const { stdout, exitCode } = await as("first", "lock", "--update");
		expect(exitCode).toBe(0);
		expect(stdout).toContain("moving 1 -> 2");
	});

	it("is refused when it is damaged", async () => {
		await writeFile(at("dock0.lock"), "<<<<<<< ours\n");
		const { exitCode, stderr } = await as("first", "build");
		expect(exitCode).toBe(2);
		expect(stderr).toContain("LOCK_FILE_INVALID");
	});
});

describe("locked Arch packages", () => {
	let shop: Workshop;
	beforeAll(async () => {
		shop = await openWorkshop();
	});
	afterAll(() => shop?.close());

	it("are installed from the pool when the repository has others", async () => {
		const repository = await makeTinyRepository(join(shop.folder, "arch"));
		const pool = join(shop.folder, "pool");
		const rootfs = {
			backend: "arch",
			packages: ["meta"],
			arch: {
				repositories: [{ name: "tiny", servers: [repository.url] }],
				sigLevel: "Required",
				keyring: { files: [repository.key] },
			},
		};
		const free = await shop.drive("root", { rootfs });
		expect(free.problems).toBeUndefined();
		const origins = JSON.parse(
			await readFile(join(free.packages ?? "", "origins.json"), "utf8"),
		) as PackageOrigin[];
		expect(origins).toMatchObject([
			{ name: "meta" },
			{
				name: "shell",
				repository: "tiny",
				file: "shell-1-1-x86_64.pkg.tar.zst",
				licences: ["GPL-2.0-only"],
				sha256: await digest(
					join(repository.folder, "shell-1-1-x86_64.pkg.tar.zst"),
				),
			},
		]);
		const locked = origins.map(
			({ name, version, arch, repository: from, file, sha256, bytes }) => ({
				...{ name, version, arch, repository: from, file, sha256, bytes },
			}),
		);
		const one = await shop.drive("root", { rootfs, locked });
		expect(one.problems).toBeUndefined();
		// The repository moves on; its old files are in the pool only.
		await rename(repository.folder, pool);
		const next = await makeTinyRepository(join(shop.folder, "next"), "2-1");
		await rename(next.folder, repository.folder);
		const two = await shop.drive("user", {
			rootfs: { ...rootfs, pool },
			locked,
		});
		expect(two.problems).toBeUndefined();
		expect(await digest(join(two.packages ?? "", "rootfs.tar"))).toBe(
			await digest(join(one.packages ?? "", "rootfs.tar")),
		);
		await mkdir(join(shop.folder, "empty"));
		await rm(join(shop.cache("user"), "packages"), { recursive: true });
		const gone = await shop.drive("user", {
			rootfs: { ...rootfs, pool: join(shop.folder, "empty"), chroot: ["true"] },
			locked: locked.map((file) => ({ ...file, sha256: "0".repeat(64) })),
		});
		expect(gone).toMatchObject({
			exitCode: 1,
			problems: [{ code: "PACKAGE_GONE" }],
		});
	});
});
