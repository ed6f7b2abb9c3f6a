import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { execute } from "../plan/execute.ts";
import { keySteps } from "../plan/key.ts";
import { defineStep } from "../plan/step.ts";
import { run } from "../system/process.ts";
import { rootImageStep } from "./root.ts";
import { imageSchema } from "./schema.ts";

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-root-"));
	vi.stubEnv("DOCK0_CACHE_DIR", join(folder, "cache"));
});
afterEach(async () => {
	vi.unstubAllEnvs();
	await rm(folder, { recursive: true, force: true });
});

/** A step that leaves `tar`, an archive of a tree with these files. */
function archiveStep<Tar extends "rootfs.tar" | "changes.tar">(
	name: string,
	tar: Tar,
	files: Readonly<Record<string, string>>,
	kept: readonly string[] = [],
) {
	return defineStep({
		name,
		title: "making a tree",
		version: 1,
		needs: {},
		inputs: { values: { files, kept } },
		outputs: [tar, "kept"],
		async run({ out, temp }) {
			await mkdir(join(temp, "tree"));
			for (const [path, text] of Object.entries(files)) {
				await mkdir(dirname(join(temp, "tree", path)), { recursive: true });
				await writeFile(join(temp, "tree", path), text);
			}
			await writeFile(
				join(out, "kept"),
				kept.map((path) => `${path}\0`).join(""),
			);
			await run("tar", [
				"-c",
				"-C",
				join(temp, "tree"),
				"-f",
				join(out, tar),
				".",
			]);
		},
	});
}

const whole = { kept: "kept", "left-out": "left out", "etc/changed": "new" };

/** Packs a root; returns the listing's lines, the hashes' lines, and what the image says of itself. */
async function packAndList(
	options: readonly string[],
	changes: Readonly<Record<string, string>> = { "etc/changed": "new" },
) {
	const kernel = defineStep({
		name: "kernel/none",
		title: "making a kernel",
		version: 1,
		needs: {},
		inputs: {},
		outputs: ["modules", "vmlinuz", "version"],
		async run({ out }) {
			await mkdir(join(out, "modules/lib/modules/1"), { recursive: true });
			await writeFile(join(out, "modules/lib/modules/1/one.ko"), "module");
			await writeFile(join(out, "vmlinuz"), "");
			await writeFile(join(out, "version"), "1");
		},
	});
	const step = rootImageStep({
		packages: archiveStep("rootfs/packages", "rootfs.tar", {
			kept: "kept",
			"left-out": "left out",
			"etc/changed": "old",
			"etc/removed": "",
			"usr/share/doc/manual": "",
		}),
		customised: archiveStep("rootfs/customise", "changes.tar", changes, [
			"kept",
			"left-out",
		]),
		whole: archiveStep("rootfs/whole", "rootfs.tar", whole),
		kernel,
		trim: {
			patterns: {},
			of: (entries) => ({
				files: entries
					.filter(({ path }) => path.startsWith("/usr/share/doc/"))
					.map(({ path }) => path),
				folders: [],
			}),
		},
		files: { "usr/lib/dock0/own": "own" },
		links: {},
		settings: imageSchema.parse({ squashfs: { options } }),
		epoch: 1_735_689_600,
	});
	const entries = await execute({
		steps: await keySteps([step]),
		signal: new AbortController().signal,
		logDir: join(folder, "logs"),
		observe: () => undefined,
	});
	const outputs = entries.get(step.name)?.outputs ?? "";
	const read = async (name: string): Promise<string[]> =>
		(await readFile(join(outputs, name), "utf8")).split("\0").filter(Boolean);
	const root = join(outputs, "root");
	const text = async (path: string): Promise<string> =>
		(await run("unsquashfs", ["-cat", root, path])).stdout;
	return {
		listing: await read("listing"),
		hashes: await read("hashes"),
		inside: (await run("unsquashfs", ["-lln", root])).stdout,
		changed: await text("etc/changed"),
		module: await text("usr/lib/modules/1/one.ko"),
	};
}

const pathsOf = ({ listing }: Awaited<ReturnType<typeof packAndList>>) =>
	listing.map((line) => line.split("\t").at(-1)).sort();

test("takes changed files over those of the packages, and adds modules and its own", async () => {
	const packed = await packAndList([]);
	expect(pathsOf(packed)).toEqual([
		"etc",
		"etc/changed",
		"kept",
		"left-out",
		"usr",
		"usr/lib",
		"usr/lib/dock0",
		"usr/lib/dock0/own",
		"usr/lib/modules",
		"usr/lib/modules/1",
		"usr/lib/modules/1/one.ko",
	]);
	expect(packed).toMatchObject({ changed: "new", module: "module" });
});

test("is the same put together from two images as packed whole", async () => {
	// An option of the user's makes it packed whole; this one changes nothing that is looked at here.
	const whole = await packAndList(["-no-fragments"]);
	expect(await packAndList([])).toEqual(whole);
});

test("does not tell of what mksquashfs was told to leave out", async () => {
	const packed = await packAndList(["-e", "left-out"]);
	expect(pathsOf(packed)).not.toContain("left-out");
	expect(packed.hashes.join()).not.toContain("left-out");
	expect(packed.hashes.join()).toContain("./kept");
});

test("refuses a root whose /lib was made a folder after the modules went to /usr/lib", async () => {
	await expect(
		packAndList([], { "etc/changed": "new", "lib/own": "" }),
	).rejects.toMatchObject({
		problems: [expect.objectContaining({ code: "ROOT_LIB_MOVED" })],
	});
});
