import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { start } from "../system/process.ts";
import { isRunning, ownIdentity } from "../system/process-identity.ts";
import { claimFolder, pidFileName } from "./claim.ts";
import { listVms } from "./detach.ts";
import { findVm, vmFolder, vmsFolder, writeRecord } from "./record.ts";

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-claim-test-"));
	vi.stubEnv("DOCK0_CACHE_DIR", folder);
});
afterEach(async () => {
	vi.unstubAllEnvs();
	await rm(folder, { recursive: true });
});

const dead = { ...ownIdentity(), startTime: 1 };

/** What a starter leaves that was killed before it wrote a record. */
async function leaveHalfStarted(name: string): Promise<string> {
	await mkdir(vmFolder(name), { recursive: true });
	await writeFile(join(vmFolder(name), "owner.json"), JSON.stringify(dead));
	return join(vmFolder(name), pidFileName);
}

function recordOf(name: string, qemu: typeof dead) {
	return {
		name,
		qemu,
		ports: [],
		logFile: "/log",
		startedAt: new Date(0).toISOString(),
		detached: true,
	};
}

describe("claimFolder", () => {
	it("gives a name to one of many at a time", async () => {
		const claims = await Promise.allSettled(
			Array.from({ length: 8 }, () => claimFolder("web1")),
		);
		const won = claims.filter(({ status }) => status === "fulfilled");
		expect(won).toHaveLength(1);
		const lost = claims.find(({ status }) => status === "rejected");
		expect(lost).toMatchObject({ reason: { code: "VM_NAME_TAKEN" } });
		expect(await readdir(vmsFolder())).toEqual(["web1"]);
	});

	it("takes over from a VM that has ended, not from one that runs", async () => {
		await claimFolder("web1");
		await writeRecord(recordOf("web1", ownIdentity()));
		await expect(claimFolder("web1")).rejects.toMatchObject({
			code: "VM_NAME_TAKEN",
		});
		await writeRecord(recordOf("web1", dead));
		await claimFolder("web1");
		expect(await readdir(vmFolder("web1"))).toEqual(["owner.json"]);
	});

	it("kills the QEMU of a starter that was killed half-way", async () => {
		const pidFile = await leaveHalfStarted("web1");
		// Stands for QEMU: it has the pid file's name among its arguments.
		const orphan = start("cat", ["-", pidFile]);
		await writeFile(pidFile, `${orphan.pid}\n`);
		await claimFolder("web1");
		expect(await orphan.done).toEqual({ exitCode: -1 });
	});

	it("does not kill another program that got the orphan's number", async () => {
		const pidFile = await leaveHalfStarted("web1");
		const stranger = start("cat", ["-"]);
		await writeFile(pidFile, `${stranger.pid}\n`);
		await claimFolder("web1");
		stranger.stdin.end();
		expect(await stranger.done).toEqual({ exitCode: 0 });
	});

	it.each(["", "..", "a/b", "-x", "ä", "x".repeat(64)])(
		"refuses the name %j",
		async (name) => {
			await expect(claimFolder(name)).rejects.toMatchObject({
				code: "VM_NAME_INVALID",
				exitCode: 2,
			});
		},
	);
});

describe("listVms", () => {
	it("tells the running ones and removes what dead ones left", async () => {
		for (const name of ["b-alive", "a-alive", "dead", "starting"])
			await claimFolder(name);
		await writeRecord(recordOf("b-alive", ownIdentity()));
		await writeRecord(recordOf("a-alive", ownIdentity()));
		await writeRecord(recordOf("dead", dead));
		await writeFile(join(vmFolder("b-alive"), "ready"), "READY\n");
		const listed = await listVms();
		expect(listed.map(({ name, ready }) => [name, ready])).toEqual([
			["a-alive", false],
			["b-alive", true],
		]);
		expect((await readdir(vmsFolder())).sort()).toEqual([
			"a-alive",
			"b-alive",
			"starting",
		]);
		expect(await findVm("dead")).toBeUndefined();
	});
});

describe("isRunning", () => {
	it("is not deceived by a number or a boot used again", () => {
		const own = ownIdentity();
		expect(isRunning(own)).toBe(true);
		expect(isRunning({ ...own, startTime: own.startTime - 1 })).toBe(false);
		expect(isRunning({ ...own, bootId: "earlier" })).toBe(false);
	});
});
