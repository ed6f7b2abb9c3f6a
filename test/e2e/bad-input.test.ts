import { readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ProblemDetails } from "../../src/system/errors.ts";
import { runInNamespace } from "../../src/system/namespace.ts";
import { start } from "../../src/system/process.ts";
import { checkout, dock0 } from "./support/dock0.ts";

interface BadConfig {
	name: string;
	files?: string[];
	problems: { code: string; file?: string; line?: number; column?: number }[];
}

const fixtures = checkout("test/fixtures/bad-configs");
const all = JSON.parse(
	readFileSync(join(fixtures, "expected.json"), "utf8"),
) as BadConfig[];
/** Each kind of mistake at least once, and then every second one: a process for each takes its time. */
const seen = new Set<string>();
const sample = all.filter(({ problems }, index) => {
	const codes = problems.map(({ code }) => code);
	const fresh = codes.some((code) => !seen.has(code));
	for (const code of codes) seen.add(code);
	return fresh || index % 2 === 0;
});

describe("the command line refuses a bad config with its places, exit code 2 and no stack", () => {
	it("has more than 40 of them", () => {
		expect(sample.length).toBeGreaterThan(40);
	});

	it.each(sample)(
		"$name",
		async ({ name, files = ["dock0.yaml"], problems }) => {
			const { exitCode, stdout, stderr } = await dock0(
				["build", ...files, "--json", "-C", join(fixtures, name)],
				{ env: { DOCK0_NO_SUCH_VARIABLE: undefined } },
			);
			expect(stderr).toBe("");
			expect(exitCode).toBe(2);
			expect(stdout).not.toMatch(/\n\s+at .*:\d+:\d+/);
			const found = (JSON.parse(stdout) as { problems: ProblemDetails[] })
				.problems;
			for (const { code, file, line, column } of problems)
				expect(found).toContainEqual(
					expect.objectContaining({
						code,
						...(file === undefined || line === undefined
							? {}
							: {
									where: expect.objectContaining({
										file: expect.stringMatching(new RegExp(`${file}$`)),
										line,
										...(column === undefined ? {} : { column }),
									}),
								}),
					}),
				);
		},
	);
});

describe("a machine that lacks a program", () => {
	/** Runs the command line where mksquashfs cannot be executed. */
	const without = (args: string) =>
		runInNamespace(
			"sh",
			[
				"-c",
				`mount --bind /dev/null "$(command -v mksquashfs)" && exec "$0" "$1" ${args}`,
				process.execPath,
				checkout("bin/dock0.js"),
			],
			{ okExitCodes: [0, 1, 2, 70] },
		);

	it("hears its name and its package from a build", async () => {
		const { exitCode, stderr } = await without(
			`build ${checkout("test/hosts/debian.yaml")}`,
		);
		expect(stderr).toContain("the program 'mksquashfs' is not installed");
		expect(stderr).toContain("apt-get install squashfs-tools");
		expect(exitCode).toBe(1);
	});

	it("hears the fix from dock0 doctor", async () => {
		const { exitCode, stdout } = await without("doctor");
		expect(stdout).toMatch(
			/^broken +programs for every build: missing: mksquashfs/m,
		);
		expect(stdout).toContain("fix: on Debian: apt-get install squashfs-tools");
		expect(exitCode).toBe(1);
	});
});

describe("a build that is stopped", () => {
	let cache: string;
	beforeAll(async () => {
		cache = await mkdtemp(join(tmpdir(), "dock0-e2e-stop-"));
	});
	afterAll(() => rm(cache, { recursive: true, force: true }));

	/** Starts a build with an empty cache and gives it when its packages are being installed. */
	const startBuild = async () => {
		const build = start(
			process.execPath,
			[
				checkout("bin/dock0.js"),
				"build",
				checkout("test/hosts/debian.yaml"),
				"--json",
			],
			{ env: { DOCK0_CACHE_DIR: cache } },
		);
		build.stdout.setEncoding("utf8");
		let text = "";
		for await (const chunk of build.stdout.iterator({
			destroyOnReturn: false,
		})) {
			text += chunk as string;
			if (text.includes('"step:log","step":"rootfs/packages"')) break;
		}
		build.stdout.resume();
		return build;
	};

	/** Waits until no process names the cache in its command line, and fails after ten seconds. */
	const expectNobodyLeft = async (): Promise<void> => {
		await expect
			.poll(() => processesNaming(cache), { timeout: 10_000 })
			.toEqual([]);
		expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain(cache);
	};

	it("by SIGKILL leaves no process, no mount and no broken entry, and clean removes the rest", async () => {
		const build = await startBuild();
		process.kill(build.pid, "SIGKILL");
		await build.done;
		await expectNobodyLeft();
		for (const key of await readdir(join(cache, "steps")).catch(() => []))
			expect(await readdir(join(cache, "steps", key))).toContain("step.json");
		expect(await readdir(join(cache, "tmp"))).not.toEqual([]);
		const { exitCode } = await dock0(["clean"], {
			env: { DOCK0_CACHE_DIR: cache },
		});
		expect(exitCode).toBe(0);
		expect(await readdir(join(cache, "tmp"))).toEqual([]);
	});

	it("by SIGINT ends with 130 and leaves nothing at all", async () => {
		const build = await startBuild();
		process.kill(build.pid, "SIGINT");
		expect((await build.done).exitCode).toBe(130);
		await expectNobodyLeft();
		expect(await readdir(join(cache, "tmp"))).toEqual([]);
	});
});

async function processesNaming(text: string): Promise<string[]> {
	const found: string[] = [];
	for (const pid of await readdir("/proc")) {
		if (!/^\d+$/.test(pid)) continue;
		const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
		if (line.includes(text)) found.push(line.replaceAll("\0", " "));
	}
	return found;
}
