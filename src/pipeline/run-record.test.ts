import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type AnyStep, defineStep } from "../plan/step.ts";
import type { Project } from "./project.ts";
import { lastRun, recordRun, runRecordFile } from "./run-record.ts";
import { withOutputs } from "./run-steps.ts";

let folder: string;

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-record-"));
	vi.stubEnv("DOCK0_CACHE_DIR", folder);
});

afterEach(async () => {
	vi.unstubAllEnvs();
	await rm(folder, { recursive: true, force: true });
});

interface Line {
	type: string;
	step?: string;
	text?: string;
}

async function lines(project: string): Promise<Line[]> {
	const text = await readFile(runRecordFile(project, "build"), "utf8");
	return text
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line) as Line);
}

const types = async (project: string): Promise<string[]> =>
	(await lines(project)).map(({ type }) => type);

function note(project: string, text: string): Promise<void> {
	return recordRun(project, "build", async (record) =>
		record({ type: "note", text }),
	);
}

const step = (name: string): AnyStep =>
	defineStep({
		name,
		title: name,
		version: 1,
		needs: {},
		inputs: {},
		outputs: ["result"],
		run: ({ out }) => writeFile(join(out, "result"), name),
	});

it("holds the steps of all runs of a command", async () => {
	const project = { name: "web1", startedIn: folder } as Project;
	const observe = () => undefined;
	const run = (name: string) =>
		withOutputs(project, step(name), { observe }, async () => undefined);
	await recordRun("web1", "build", async () => {
		await run("the release");
		await run("the boot loader");
	});
	const all = await lines("web1");
	expect(
		all.filter(({ type }) => type === "step:done").map((line) => line.step),
	).toEqual(["the release", "the boot loader"]);
	expect(all.filter(({ type }) => type === "begin")).toHaveLength(1);
	expect(all.at(-1)).toMatchObject({ type: "end", ok: true });
	// The next command begins a record of its own.
	await run("the boot loader");
	expect(await types("web1")).toEqual(["begin", "plan", "step:cached", "end"]);
});

it("is open until the whole command is done, and tells how that went", async () => {
	const failing = recordRun("web1", "build", async () => {
		await note("web1", "one");
		await expect
			.poll(() => lastRun("web1", "build"))
			.toMatchObject({ state: "running" });
		throw new Error("the disk is full");
	});
	await expect(failing).rejects.toThrow("the disk is full");
	expect(await types("web1")).toEqual(["begin", "note", "end"]);
	expect(await lastRun("web1", "build")).toMatchObject({
		state: "failed",
		message: "the disk is full",
	});
});

it("goes on after a run inside that failed and was coped with", async () => {
	await recordRun("web1", "build", async () => {
		await recordRun("web1", "build", () =>
			Promise.reject(new Error("no")),
		).catch(() => undefined);
		await note("web1", "another way");
	});
	expect(await types("web1")).toEqual(["begin", "note", "end"]);
	expect(await lastRun("web1", "build")).toMatchObject({ state: "done" });
});

it("takes a build inside a deploy into the deploy's record", async () => {
	await note("web1", "the build before");
	await recordRun("web1", "deploy", () => note("web1", "the installer"));
	const deploy = await readFile(runRecordFile("web1", "deploy"), "utf8");
	expect(deploy).toContain("the installer");
	expect((await lines("web1")).map(({ text }) => text)).toContain(
		"the build before",
	);
});

it("keeps projects apart, side by side and inside each other", async () => {
	await Promise.all([
		recordRun("web1", "build", async () => {
			await note("web2", "two, from inside");
			await note("web1", "one");
		}),
		note("web3", "three"),
	]);
	for (const [project, text] of [
		["web1", "one"],
		["web2", "two, from inside"],
		["web3", "three"],
	] as const)
		expect(await lines(project)).toMatchObject([
			{ type: "begin" },
			{ type: "note", text },
			{ type: "end" },
		]);
});
