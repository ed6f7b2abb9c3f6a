import {
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	rm,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ExpectedError, stepFailure } from "../system/errors.ts";
import { canonicalJson } from "./canonical.ts";
import type { BuildEvent } from "./events.ts";
import { execute } from "./execute.ts";
import { keySteps } from "./key.ts";
import { chooseEntriesToRemove, prune } from "./prune.ts";
import {
	type AnyStep,
	defineStep,
	type Step,
	type StepContext,
} from "./step.ts";
import { explainChange } from "./why.ts";

let root: string;

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), "dock0-plan-"));
	vi.stubEnv("DOCK0_CACHE_DIR", join(root, "cache"));
});

afterEach(async () => {
	vi.unstubAllEnvs();
	await rm(root, { recursive: true, force: true });
});

function writer(
	name: string,
	inputs: Step["inputs"],
	run: (context: StepContext) => Promise<void> = async ({ out }) => {
		await writeFile(join(out, "result"), name);
	},
): Step<"result", Record<never, never>> {
	return defineStep({
		name,
		title: name,
		version: 1,
		needs: {},
		inputs,
		outputs: ["result"],
		run,
	});
}

async function runAll(
	roots: readonly AnyStep[],
	signal: AbortSignal = new AbortController().signal,
) {
	const events: BuildEvent[] = [];
	const steps = await keySteps(roots);
	const logDir = join(root, "logs");
	const entries = await execute({
		steps,
		signal,
		logDir,
		observe: (event) => events.push(event),
	});
	const ran = events.flatMap((event) =>
		event.type === "step:done" ? [event.step] : [],
	);
	return { entries, events, ran, steps };
}

describe("a plan", () => {
	it("runs each step once and takes it from the cache afterwards", async () => {
		const a = writer("t/a", { values: { x: 1 } });
		const b = defineStep({
			name: "t/b",
			title: "b",
			version: 1,
			needs: { a },
			inputs: {},
			outputs: ["copy"],
			async run({ out, needs }) {
				await writeFile(
					join(out, "copy"),
					await readFile(join(needs.a, "result")),
				);
			},
		});
		const first = await runAll([b]);
		expect(first.ran).toEqual(["t/a", "t/b"]);
		const outputs = first.entries.get("t/b")?.outputs ?? "";
		expect(await readFile(join(outputs, "copy"), "utf8")).toBe("t/a");
		const second = await runAll([b]);
		expect(second.ran).toEqual([]);
		expect(second.entries.get("t/b")?.outputs).toBe(outputs);
	});

	it("does not make again what a cached step once needed", async () => {
		const a = writer("t/a", {});
		const b = defineStep({ ...writer("t/b", {}), needs: { a } });
		const { steps } = await runAll([b]);
		const keyOfA = steps.find(({ step }) => step === a)?.key ?? "";
		await rm(join(root, "cache/steps", keyOfA), { recursive: true });
		expect((await runAll([b])).ran).toEqual([]);
	});

	it("makes again what is wanted for itself, even when whoever reads it is cached", async () => {
		const a = writer("t/a", {});
		const b = defineStep({ ...writer("t/b", {}), needs: { a } });
		const { steps } = await runAll([b, a]);
		const keyOfA = steps.find(({ step }) => step === a)?.key ?? "";
		await rm(join(root, "cache/steps", keyOfA), { recursive: true });
		expect((await runAll([b, a])).ran).toEqual(["t/a"]);
	});

	it("runs independent steps side by side", async () => {
		let meet: () => void = () => undefined;
		const met = new Promise<void>((resolve) => {
			meet = resolve;
		});
		const left = writer("t/left", {}, async ({ out }) => {
			await met;
			await writeFile(join(out, "result"), "");
		});
		const right = writer("t/right", {}, async ({ out }) => {
			meet();
			await writeFile(join(out, "result"), "");
		});
		expect((await runAll([left, right])).ran.sort()).toEqual([
			"t/left",
			"t/right",
		]);
	});

	it("leaves nothing in the cache when a step fails, and names step and log", async () => {
		const bad = writer("t/bad", {}, async ({ log, out }) => {
			await writeFile(join(out, "result"), "half");
			log("about to break");
			throw stepFailure({ code: "BROKE", message: "it broke" });
		});
		const error = await runAll([bad]).catch((reason: unknown) => reason);
		expect(error).toBeInstanceOf(ExpectedError);
		expect((error as ExpectedError).message).toBe(
			"step t/bad failed: it broke\n  about to break",
		);
		expect((error as ExpectedError).exitCode).toBe(1);
		expect(await readFile(join(root, "logs/t-bad.log"), "utf8")).toContain(
			"about to break",
		);
		expect(await readdir(join(root, "cache/tmp"))).toEqual([]);
		expect(await readdir(join(root, "cache/steps")).catch(() => [])).toEqual(
			[],
		);
	});

	it("expects a step to take as long as it did, also with other inputs", async () => {
		const planOf = async (value: string) => {
			const { events } = await runAll([
				writer("t/timed", { values: { value } }),
			]);
			const [first] = events;
			return first?.type === "plan" ? first.steps[0] : undefined;
		};
		expect(await planOf("one")).not.toHaveProperty("expected");
		expect((await planOf("two"))?.expected).toBeGreaterThanOrEqual(0);
	});

	it("refuses a step that does not leave its output", async () => {
		const lazy = writer("t/lazy", {}, async () => undefined);
		await expect(runAll([lazy])).rejects.toThrow("did not leave its output");
	});

	it("stops what runs when it is interrupted, and cleans up", async () => {
		const stop = new AbortController();
		const slow = writer("t/slow", {}, async ({ run, log }) => {
			log("sleeping");
			setImmediate(() => stop.abort(new Error("interrupted")));
			await run("sleep", ["1000"]);
		});
		await expect(runAll([slow], stop.signal)).rejects.toThrow("interrupted");
		expect(await readdir(join(root, "cache/tmp"))).toEqual([]);
	});

	it("makes a step only once when two builds want it at the same time", async () => {
		let runs = 0;
		const shared = writer("t/shared", {}, async ({ out }) => {
			runs += 1;
			await writeFile(join(out, "result"), "");
		});
		await Promise.all([runAll([shared]), runAll([shared])]);
		expect(runs).toBe(1);
	});
});

describe("keys", () => {
	it("change with a value, a file's content or mode, a need or the version, and with nothing else", async () => {
		const file = join(root, "overlay/etc/motd");
		await mkdir(join(root, "overlay/etc"), { recursive: true });
		await writeFile(file, "hello");
		const keyOf = async (step: AnyStep) => (await keySteps([step])).at(-1)?.key;
		const base = writer("t/a", {
			values: { list: ["x"], map: { a: 1, b: 2 } },
			paths: { overlay: join(root, "overlay") },
		});
		const key = await keyOf(base);
		const reordered = { list: ["x"], map: { b: 2, a: 1 } };
		expect(
			await keyOf({ ...base, inputs: { ...base.inputs, values: reordered } }),
		).toBe(key);
		expect(await keyOf({ ...base, title: "other words" })).toBe(key);
		expect(await keyOf({ ...base, version: 2 })).not.toBe(key);
		expect(
			await keyOf({
				...base,
				inputs: { ...base.inputs, values: { ...reordered, list: ["y"] } },
			}),
		).not.toBe(key);
		await writeFile(file, "hallo");
		const changed = await keyOf(base);
		expect(changed).not.toBe(key);
		await rm(file);
		await writeFile(file, "hallo", { mode: 0o755 });
		expect(await keyOf(base)).not.toBe(changed);
	});

	it("do not keep values, which may be secret", async () => {
		const [keyed] = await keySteps([
			writer("t/a", { values: { token: "hunter2hunter2" } }),
		]);
		expect(JSON.stringify(keyed?.inputs)).not.toContain("hunter2");
	});

	it("come from one canonical text for equal data", () => {
		fc.assert(
			fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (data) => {
				const backwards = Object.fromEntries(Object.entries(data).reverse());
				expect(canonicalJson(backwards as never)).toBe(
					canonicalJson(data as never),
				);
			}),
		);
	});

	it("say what is missing when an input is", async () => {
		const step = writer("t/a", { paths: { overlay: join(root, "nowhere") } });
		await expect(keySteps([step])).rejects.toMatchObject({
			code: "INPUT_UNREADABLE",
			exitCode: 2,
		});
	});
});

describe("why a step runs", () => {
	it("names each input that changed", () => {
		const before = {
			"value:packages": "1",
			"path:overlay": "1",
			"tool:mksquashfs": "4.5",
			"step:rootfs/packages": "1",
		};
		const now = {
			"value:packages": "2",
			"path:overlay": "2",
			"tool:mksquashfs": "4.6",
			"step:rootfs/packages": "2",
			"value:suite": "1",
		};
		expect(explainChange(now, before)).toEqual([
			"files of overlay changed",
			"step rootfs/packages runs again",
			"tool mksquashfs changed: 4.5 -> 4.6",
			"config of packages changed",
			"config of suite was added",
		]);
		expect(explainChange(now, undefined)).toEqual(["it has not run yet"]);
		expect(explainChange(now, now)[0]).toMatch(/no longer in the cache/);
	});
});

describe("pruning", () => {
	it("removes old entries, then the least recently used until the rest fits", () => {
		const day = 86_400_000;
		const entry = (key: string, age: number, bytes: number) => ({
			key,
			outputs: "",
			lastUsed: 100 * day - age * day,
			record: { step: key, inputs: {}, seconds: 1, bytes },
		});
		const entries = [
			entry("new", 0, 50),
			entry("big", 1, 60),
			entry("small", 2, 40),
			entry("old", 40, 1),
		];
		const limits = { olderThanDays: 30, maxBytes: 100 };
		expect(
			chooseEntriesToRemove(entries, limits, 100 * day).map(({ key }) => key),
		).toEqual(["big", "old"]);
	});

	it("also removes what killed builds left, but not what a living one works on", async () => {
		const dead = join(root, "cache/tmp/999999999-t-a-xyz");
		const living = join(root, `cache/tmp/${process.pid}-t-a-xyz`);
		await mkdir(dead, { recursive: true });
		await mkdir(living, { recursive: true });
		expect((await prune({})).leftovers).toBe(1);
		expect(await readdir(join(root, "cache/tmp"))).toEqual([
			`${process.pid}-t-a-xyz`,
		]);
	});
});
