import {
	mkdir,
	mkdtemp,
	readFile,
	rm,
	symlink,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReleaseFacts } from "../../src/report/facts.ts";
import type { RunResult } from "../../src/system/process.ts";
import { dock0 } from "./support/dock0.ts";

let folder: string;
const inProject = (...args: string[]): Promise<RunResult> =>
	dock0(args, { cwd: join(folder, "web") });

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-e2e-inspect-"));
	await dock0(["init", "web", "--yes"], { cwd: folder });
	const { exitCode, stderr } = await inProject("build");
	if (exitCode !== 0) throw new Error(stderr);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("dock0 inspect", () => {
	it("tells sizes, packages, services and ports of the project's build", async () => {
		const { stdout, exitCode } = await inProject("inspect");
		expect(stdout).toMatch(/^web 0, kernel \d+\.\d+.*, not signed$/m);
		expect(stdout).toMatch(/MB +libc6 +\d/);
		expect(stdout).toMatch(/nginx\.service +multi-user\.target/);
		expect(stdout).toMatch(/8080:80 +vm\.ports/);
		expect(exitCode).toBe(0);
	});

	it("gives every entry as JSON, with the package it came from", async () => {
		const { stdout } = await inProject("inspect", "build/web", "--json");
		const facts = JSON.parse(stdout) as ReleaseFacts;
		const found = (path: string) =>
			facts.entries.find((entry) => entry.path === path);
		expect(found("usr/sbin/nginx")).toMatchObject({ package: "nginx" });
		expect(found("usr/bin/bash")).toMatchObject({ package: "bash", kind: "f" });
		expect(found("var/www/html/index.html")?.package).toBeUndefined();
		expect(facts.kernelOptions).toMatchObject({
			OVERLAY_FS: expect.any(String),
		});
		expect(facts.settings).toContainEqual(
			expect.objectContaining({
				key: "vm.memory",
				value: 512,
				from: expect.stringMatching(/^dock0\.yaml:\d+$/),
			}),
		);
		expect(JSON.stringify(facts.settings)).not.toContain(folder);
	});

	it("says what is wrong with a folder that is no release", async () => {
		const { stderr, exitCode } = await inProject("inspect", "overlay");
		expect(stderr).toContain("[RELEASE_INCOMPLETE]");
		expect(exitCode).toBe(2);
	});
});

describe("dock0 diff", () => {
	it("needs an earlier release", async () => {
		const { stderr, exitCode } = await inProject("diff");
		expect(stderr).toContain("[RELEASE_NO_EARLIER]");
		expect(exitCode).toBe(2);
	});

	it("compares the last two builds: files, units, parameters, settings", async () => {
		const project = join(folder, "web");
		const config = await readFile(join(project, "dock0.yaml"), "utf8");
		await writeFile(
			join(project, "dock0.yaml"),
			`${config.replace("memory: 512", "memory: 640")}\nkernel: { cmdline+: [loglevel=3] }\n`,
		);
		await writeFile(
			join(project, "overlay/var/www/html/index.html"),
			"another page",
		);
		const wants = join(
			project,
			"overlay/etc/systemd/system/multi-user.target.wants",
		);
		await mkdir(wants, { recursive: true });
		await symlink(
			"/usr/lib/systemd/system/x.service",
			join(wants, "x.service"),
		);
		expect((await inProject("build")).exitCode).toBe(0);
		const { stdout, exitCode } = await inProject("diff");
		expect(stdout).toMatch(/~ +\/var\/www\/html\/index\.html$/m);
		expect(stdout).toMatch(/^ +\+ +x\.service$/m);
		expect(stdout).toMatch(/^ +\+ +loglevel=3$/m);
		expect(stdout).toMatch(/~ +vm\.memory +512 -> 640$/m);
		expect(stdout).not.toContain("libc6");
		expect(exitCode).toBe(0);
		const same = await inProject("diff", "build/web", "build/web");
		expect(same.stdout).toBe("no difference\n");
	});
});
