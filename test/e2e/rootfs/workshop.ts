import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import {
	type Environment,
	environment,
} from "../../../src/system/environment.ts";
import { packageFile } from "../../../src/system/package-files.ts";
import {
	type RunningProcess,
	run,
	start,
} from "../../../src/system/process.ts";
import { readableCheckout } from "../support/readable-checkout.ts";

/** An ordinary user with subordinate ids, made on first use; the name is the same on every machine. */
const testUser = "dock0test";

/** Folders and bundles of one test file, and ways to run the driver as root and as an ordinary user. */
export interface Workshop {
	folder: string;
	worker: string;
	/** Whether both ways can be tried; otherwise only `user`, which is then us. */
	hasRoot: Environment["isRoot"];
	cache(who: Who): string;
	drive(who: Who, input: object): Promise<DriverResult>;
	/** Starts the driver and returns at once. */
	launch(who: Who, input: object): Promise<RunningProcess>;
	close(): Promise<void>;
}

export type Who = "root" | "user";

export interface DriverResult {
	exitCode: number;
	stderr: string;
	/** The steps' outputs; `customised` is the whole tree. */
	packages?: string;
	changes?: string;
	customised?: string;
	target?: string;
	problems?: { code: string; message: string; where?: { line: number } }[];
}

/** Bundles the driver and the worker, and makes the test user if we may. */
export async function openWorkshop(): Promise<Workshop> {
	const hasRoot = environment().isRoot;
	const folder = await mkdtemp(join(tmpdir(), "dock0-rootfs-"));
	await chmod(folder, 0o755);
	const copy = await readableCheckout(join(folder, "checkout"));
	const dist = copy("test-dist");
	await build({
		absWorkingDir: packageFile("."),
		entryPoints: {
			driver: "test/e2e/rootfs/driver.ts",
			worker: "src/rootfs/worker.ts",
		},
		outdir: dist,
		bundle: true,
		splitting: true,
		format: "esm",
		platform: "node",
		target: "node20",
		external: ["jiti"],
		banner: {
			js: 'import { createRequire as testRequire } from "node:module"; const require = testRequire(import.meta.url);',
		},
		logLevel: "warning",
	});
	const user = hasRoot ? await userIds() : undefined;
	const caches: Record<Who, string> = {
		root: await mkdtemp(join(folder, "cache-root-")),
		user: await mkdtemp(join(folder, "cache-user-")),
	};
	if (user) await chown(caches.user, user.uid, user.gid);
	let inputs = 0;
	const command = async (
		who: Who,
		input: object,
	): Promise<[string, string[]]> => {
		const file = join(folder, `input-${++inputs}.json`);
		await writeFile(
			file,
			JSON.stringify({ worker: join(dist, "worker.js"), ...input }),
		);
		const driver = [
			"env",
			`DOCK0_CACHE_DIR=${caches[who]}`,
			process.execPath,
			join(dist, "driver.js"),
			file,
		];
		return user && who === "user"
			? ["setpriv", [...asUser(user), ...driver]]
			: ["env", driver.slice(1)];
	};
	return {
		folder,
		worker: join(dist, "worker.js"),
		hasRoot,
		cache: (who) => caches[who],
		async drive(who, input) {
			const { exitCode, stdout, stderr } = await run(
				...(await command(who, input)),
				{ okExitCodes: [0, 1, 2], cwd: folder },
			);
			if (!stdout) throw new Error(`the driver said nothing but: ${stderr}`);
			return { exitCode, stderr, ...(JSON.parse(stdout) as object) };
		},
		launch: async (who, input) =>
			start(...(await command(who, input)), { cwd: folder }),
		async close() {
			await rm(folder, { recursive: true, force: true });
		},
	};
}

export interface UserIds {
	uid: number;
	gid: number;
	home: string;
}

/** Arguments of setpriv(1) that run what follows as that user; assignments of variables may come first. */
export function asUser({ uid, gid, home }: UserIds): string[] {
	return [
		`--reuid=${uid}`,
		`--regid=${gid}`,
		"--clear-groups",
		"--inh-caps=-all",
		"--",
		"env",
		`HOME=${home}`,
	];
}

/** The test user, made when it is missing. */
export async function userIds(): Promise<UserIds> {
	const ask = () =>
		run("getent", ["passwd", testUser], { okExitCodes: [0, 2] });
	let { stdout } = await ask();
	if (!stdout) {
		await run("useradd", ["--create-home", testUser]);
		({ stdout } = await ask());
	}
	const fields = stdout.trim().split(":");
	return {
		uid: Number(fields[2]),
		gid: Number(fields[3]),
		home: fields[5] ?? "/",
	};
}

/** Hex SHA-256 of a file of any size. */
export async function digest(file: string): Promise<string> {
	const hash = createHash("sha256");
	for await (const chunk of createReadStream(file))
		hash.update(chunk as Buffer);
	return hash.digest("hex");
}

/** What tar(1) tells of each entry: mode, owner, size, time, name and extended attributes. */
export async function listing(tar: string): Promise<string[]> {
	const { stdout } = await run("tar", [
		"--list",
		"-vv",
		"--xattrs",
		"--xattrs-include=*",
		"--numeric-owner",
		"--full-time",
		"--file",
		tar,
	]);
	return stdout.split("\n");
}

/** The text of one file in a tar archive. */
export async function textIn(tar: string, path: string): Promise<string> {
	const { stdout } = await run("tar", ["-xOf", tar, `.${path}`]);
	return stdout;
}
