import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
	checkForDocker,
	requireDockerFit,
} from "../../src/kernel/docker-check.ts";
import { parseConfig } from "../../src/kernel/kconfig/config-file.ts";
import { menuconfig } from "../../src/kernel/menuconfig.ts";
import { sourceKernelSteps } from "../../src/kernel/plan.ts";
import { kernelSchema, shippedFragments } from "../../src/kernel/schema.ts";
import type { BuildEvent } from "../../src/plan/events.ts";
import { execute } from "../../src/plan/execute.ts";
import { keySteps } from "../../src/plan/key.ts";
import type { AnyStep } from "../../src/plan/step.ts";
import { ExpectedError } from "../../src/system/errors.ts";
import { run } from "../../src/system/process.ts";
import { dock0 } from "./support/dock0.ts";

const sourcePackage = "linux-source-6.12";
const epoch = 1_735_689_600;
let temp: string;

beforeAll(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-kernel-test-"));
});
afterAll(() => rm(temp, { recursive: true, force: true }));

async function steps(settings: object = {}) {
	return sourceKernelSteps({
		settings: kernelSchema.parse({
			source: "debian",
			sourcePackage,
			...settings,
		}),
		epoch,
	});
}

/** Makes one step's outputs and says which steps ran for it. */
async function make(
	step: AnyStep,
): Promise<{ outputs: string; ran: string[]; log: string[] }> {
	const events: BuildEvent[] = [];
	const entries = await execute({
		steps: await keySteps([step]),
		observe: (event) => events.push(event),
		signal: new AbortController().signal,
		logDir: join(temp, "logs"),
	});
	return {
		outputs: entries.get(step.name)?.outputs ?? "",
		ran: events.flatMap((event) =>
			event.type === "step:start" ? [event.step] : [],
		),
		log: events.flatMap((event) =>
			event.type === "step:log" ? [event.line] : [],
		),
	};
}

async function failure(step: AnyStep): Promise<ExpectedError> {
	const error = await make(step).then(
		() => undefined,
		(thrown: unknown) => thrown,
	);
	if (!(error instanceof ExpectedError))
		throw new Error(`expected a failure for people, got ${String(error)}`);
	return error;
}

async function fragment(name: string, text: string): Promise<string> {
	const path = join(temp, name);
	await writeFile(path, text);
	return path;
}

test("every shipped fragment is honoured by a real kernel, all of them together", async () => {
	const { config } = await steps({ config: [...shippedFragments] });
	const { outputs } = await make(config);
	const values = parseConfig(await readFile(join(outputs, "config"), "utf8"));
	expect(values.get("DM_VERITY")).toBe("y");
	expect(values.get("RANDOMIZE_BASE")).toBe("y");
	expect(await readFile(join(outputs, "dropped"), "utf8")).toBe("");
});

test("an option whose dependency is off is caught, the dependency named, at its line", async () => {
	const planted = await fragment(
		"planted.config",
		"# planted\nCONFIG_EXT4_FS=y\nCONFIG_EXPERT=y\nCONFIG_BLOCK=n\n",
	);
	const { config } = await steps({ config: [planted] });
	const error = await failure(config);
	expect(error.exitCode).toBe(2);
	expect(error.problems).toHaveLength(1);
	expect(error.problems[0]?.code).toBe("KERNEL_OPTION_DROPPED");
	expect(error.problems[0]?.message).toContain(
		"CONFIG_EXT4_FS=y was dropped: it depends on BLOCK, which is off; add CONFIG_BLOCK=y",
	);
	expect(error.problems[0]?.where).toMatchObject({ file: planted, line: 2 });
});

test("all dropped options come at once: hidden behind a chain, misspelt, without a prompt, in a choice", async () => {
	const planted = await fragment(
		"several.config",
		[
			"CONFIG_NETFILTER_XT_MATCH_IPVS=y",
			"CONFIG_VIRTIO_BLCK=y",
			"CONFIG_NF_NAT_MASQUERADE=y",
			"CONFIG_HZ_100=y",
			"CONFIG_HZ_1000=y",
			"",
		].join("\n"),
	);
	const { config } = await steps({ config: [planted] });
	const messages = (await failure(config)).problems.map(
		({ message }) => message,
	);
	expect(messages).toHaveLength(4);
	expect(messages[0]).toMatch(
		/XT_MATCH_IPVS=y was dropped: .*NET, which is off/,
	);
	expect(messages[0]).toMatch(
		/add .*CONFIG_NET=y.*CONFIG_NETFILTER=y.*CONFIG_IP_VS=y/,
	);
	expect(messages[1]).toContain("did you mean VIRTIO_BLK");
	expect(messages[2]).toMatch(
		/no prompt.*selected by .*NETFILTER_XT_TARGET_MASQUERADE/,
	);
	expect(messages[3]).toMatch(
		/HZ_100=y was dropped: only one of the choice 'Timer frequency'/,
	);
});

test("what is listed as optional may be dropped", async () => {
	const planted = await fragment(
		"optional.config",
		"CONFIG_EXPERT=y\nCONFIG_EXT4_FS=y\n",
	);
	const { config } = await steps({
		config: [planted],
		optional: ["CONFIG_EXT4_FS"],
	});
	const { outputs } = await make(config);
	expect(await readFile(join(outputs, "dropped"), "utf8")).toMatch(
		/EXT4_FS=y was dropped: it depends on BLOCK/,
	);
});

test("bases: defconfig and a saved config keep what fragments do not mention", async () => {
	const saved = await fragment(
		"saved.config",
		"CONFIG_64BIT=y\nCONFIG_NET=y\n",
	);
	const extra = await fragment("extra.config", "CONFIG_PACKET=y\n");
	const [fromDefault, fromSaved] = await Promise.all(
		["defconfig", saved].map(async (base) => {
			const { outputs } = await make(
				(await steps({ base, config: [extra] })).config,
			);
			return parseConfig(await readFile(join(outputs, "config"), "utf8"));
		}),
	);
	expect(fromDefault?.get("EXT4_FS")).toBe("y");
	expect(fromSaved?.get("EXT4_FS") ?? "n").toBe("n");
	expect(fromSaved?.get("NET")).toBe("y");
	expect(fromSaved?.get("PACKET")).toBe("y");
});

test("the shipped Docker fragments satisfy Docker's own check; without them it complains", async () => {
	const { outputs } = await make((await steps()).config);
	const check = await checkForDocker(join(outputs, "config"));
	expect(check.missing).toEqual([]);
	expect(check.items.length).toBeGreaterThan(50);
	requireDockerFit(check);
	const bare = await make((await steps({ config: ["base"] })).config);
	const complaint = await checkForDocker(join(bare.outputs, "config"));
	expect(complaint.missing).toContain("CONFIG_VETH");
	expect(() => requireDockerFit(complaint)).toThrow(/CONFIG_VETH/);
});

test("a patch that does not apply names its hunk", async () => {
	const patch = await fragment(
		"makefile.patch",
		[
			"--- a/README",
			"+++ b/README",
			"@@ -1,2 +1,2 @@",
			"-Linux kernel of another planet",
			"+Linux",
			" ============",
			"",
		].join("\n"),
	);
	const { tree } = await steps({ patches: [patch] });
	const error = await failure(tree);
	expect(error.exitCode).toBe(1);
	expect(error.problems[0]).toMatchObject({
		code: "KERNEL_PATCH_FAILED",
		message: expect.stringContaining(
			`${patch} does not apply: hunk 1 of README (at line 1)`,
		),
	});
});

test("menuconfig saves the smallest fragment that leads to the same config", async () => {
	const settings = kernelSchema.parse({
		source: "debian",
		sourcePackage,
		config: [await fragment("small.config", "CONFIG_EXPERT=y\n")],
	});
	const { tree } = await sourceKernelSteps({ settings, epoch });
	const target = join(temp, "saved-by-menuconfig.config");
	const changes = await menuconfig({
		settings,
		tree: join((await make(tree)).outputs, "linux"),
		target,
		edit: async ({ tree: source, output }) => {
			const file = join(output, ".config");
			const text = await readFile(file, "utf8");
			// What ticking two boxes on the screen does: ext4 selects further options.
			await writeFile(
				file,
				`${text}\nCONFIG_BLOCK=y\nCONFIG_EXT4_FS=y\nCONFIG_EXT4_USE_FOR_EXT2=n\n`,
			);
			await run("make", ["-s", "-C", source, `O=${output}`, "olddefconfig"]);
		},
	});
	const names = changes.map(({ name }) => name);
	expect(names).toEqual(expect.arrayContaining(["BLOCK", "EXT4_FS"]));
	expect(names).not.toContain("JBD2");
	expect(await readFile(target, "utf8")).toContain("CONFIG_EXT4_FS=y\n");
});

test("a changed fragment runs the config and the compiler again, nothing before them", async () => {
	// Never asked for before, so that no earlier run of the tests has left its result in the cache.
	const fresh = `CONFIG_DEFAULT_HOSTNAME="h${Date.now()}"\n`;
	const path = await fragment("changing.config", "CONFIG_NET=y\n");
	await make((await steps({ config: [path] })).config);
	await fragment("changing.config", `CONFIG_NET=y\n${fresh}`);
	const { ran } = await make((await steps({ config: [path] })).config);
	expect(ran).toEqual(["kernel/config"]);
});

test("dock0 kernel config leaves the .config beside the release, or where it is told to", async () => {
	const project = join(temp, "web");
	await mkdir(project);
	await writeFile(
		join(project, "dock0.yaml"),
		JSON.stringify({
			extends: "dock0/debian-base",
			name: "web",
			kernel: { source: "debian", sourcePackage },
		}),
	);
	const configure = (...more: string[]) =>
		dock0(["kernel", "config", "-C", project, "--quiet", ...more]);
	const { exitCode, stdout } = await configure();
	expect(exitCode).toBe(0);
	expect(stdout.trim()).toBe(join(project, "build/web.kernel.config"));
	const text = await readFile(stdout.trim(), "utf8");
	expect(text).toContain("CONFIG_SQUASHFS=y");
	expect((await configure("--save", "mine.config")).exitCode).toBe(0);
	expect(await readFile(join(project, "mine.config"), "utf8")).toBe(text);
});
