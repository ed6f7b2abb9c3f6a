import { existsSync } from "node:fs";
import {
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	rm,
	stat,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadProject } from "../../src/pipeline/project.ts";
import { run } from "../../src/system/process.ts";
import { checkout, dock0 } from "./support/dock0.ts";

/** README and docs/, relative to the checkout. */
async function pages(): Promise<string[]> {
	const names = await readdir(checkout("docs"));
	return [
		"README.md",
		...names
			.filter((name) => name.endsWith(".md"))
			.map((name) => `docs/${name}`),
	];
}

/** Fenced blocks of one language in all pages. */
async function blocks(
	language: string,
): Promise<{ page: string; text: string }[]> {
	const found: { page: string; text: string }[] = [];
	for (const page of await pages()) {
		const markdown = await readFile(checkout(page), "utf8");
		for (const [, text] of markdown.matchAll(
			new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"),
		))
			found.push({ page, text: text ?? "" });
	}
	return found;
}

/** What error codes begin with. Texts of other kinds are written in capitals, too: names of kernel options. */
const families =
	/"((?:ARCH|BUSYBOX|COMMAND|CONFIG|DEBIAN|DEPLOY|INIT|INITRAMFS|INPUT|KERNEL|LINODE|KEY|LOCK|OUTPUT|OVERLAY|OWNER|PACKAGE|PERMISSION|RELEASE|ROOTFS|SCRIPT|SQUASHFS|SSH|TEMPLATE|TOOL|VM|WORKER)(?:_[A-Z0-9]+)+)"/g;

/** The codes in the sources: those of a known family, and whatever stands behind `code:`. */
async function errorCodes(): Promise<Set<string>> {
	const codes = new Set<string>();
	for (const name of await readdir(checkout("src"), { recursive: true })) {
		if (!name.endsWith(".ts") || name.endsWith(".test.ts")) continue;
		const source = await readFile(join(checkout("src"), name), "utf8");
		const found = [
			...source.matchAll(families),
			...source.matchAll(/\bcode: "([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"/g),
		];
		for (const [, code = ""] of found)
			if (!code.startsWith("CONFIG_") || name.startsWith("config/"))
				codes.add(code);
	}
	return codes;
}

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-docs-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the documentation", () => {
	it("shows configs that load", async () => {
		const configs = (await blocks("yaml")).filter(({ text }) =>
			text.startsWith("# dock0.yaml\n"),
		);
		expect(configs.length).toBeGreaterThanOrEqual(4);
		for (const [index, { text }] of configs.entries()) {
			const project = join(folder, String(index));
			await mkdir(project);
			await writeFile(join(project, "dock0.yaml"), text);
			await expect(
				loadProject({ files: [], directory: project }),
			).resolves.toBeDefined();
		}
	});

	it("comes with examples that are planned at once, and make their bundle", async () => {
		const examples = (await readdir(checkout("examples"))).filter((name) =>
			existsSync(checkout(`examples/${name}/dock0.yaml`)),
		);
		expect(examples).toContain("web1");
		for (const name of examples) {
			const directory = checkout(`examples/${name}`);
			const plan = await dock0(["plan", "-C", directory]);
			expect(plan).toMatchObject({ exitCode: 0, stderr: "" });
			expect(plan.stdout).toContain("image/squashfs");
			const project = await loadProject({ files: [], directory });
			if (!project.config.value.host) continue;
			const output = join(folder, "examples");
			const made = await dock0(["config", "-C", directory, "--output", output]);
			expect(made).toMatchObject({ exitCode: 0, stderr: "" });
			const bundle = join(output, `${project.name}.bundle/bundle.squashfs`);
			expect((await stat(bundle)).size).toBeLessThan(16_384);
		}
	});

	it("bakes the image of examples/web1 in the form that its container needs", async () => {
		const script = checkout("examples/web1/scripts/chroot/10-image.sh");
		const baked = join(folder, "baked");
		await mkdir(baked);
		await writeFile(join(baked, "index.html"), "the page\n");
		// The script works inside the root; here its folders lie elsewhere.
		const text = (await readFile(script, "utf8"))
			.replaceAll("/usr/lib/dock0/images", join(baked, "images"))
			.replaceAll("/usr/share/web1", baked);
		await run("sh", ["-c", text]);
		const archive = join(baked, "images/web.tar");
		const project = await loadProject({
			files: [],
			directory: checkout("examples/web1"),
		});
		const tag = project.config.value.host?.containers.web?.image;
		const target = `oci:${join(baked, "oci")}:web`;
		// Fails unless the layer has the hash that the image's config names.
		await run("skopeo", ["copy", `docker-archive:${archive}:${tag}`, target]);
	});

	it("shows commands and options that there are", async () => {
		const lines = (await blocks("sh"))
			.flatMap(({ text }) => text.split("\n"))
			.filter((line) => line.startsWith("dock0 "))
			.map((line) =>
				line
					.replace(/\s+#.*/, "")
					.split(/\s+/)
					.slice(1),
			);
		expect(lines.length).toBeGreaterThan(10);
		for (const words of lines) {
			const isGroup = ["vm", "kernel", "release", "keys"].includes(
				words[0] ?? "",
			);
			const command = words.slice(0, isGroup ? 2 : 1);
			const { stdout, exitCode } = await dock0([...command, "--help"]);
			expect({ command, exitCode }).toEqual({ command, exitCode: 0 });
			expect(stdout).toContain(`Usage: dock0 ${command[0]}`);
			for (const option of words.filter((word) => word.startsWith("--")))
				expect(stdout).toContain(option);
		}
	});

	it("links only to pages that are there", async () => {
		for (const page of [
			...(await pages()),
			"CONTRIBUTING.md",
			"CHANGELOG.md",
		]) {
			const text = await readFile(checkout(page), "utf8");
			for (const [, target = ""] of text.matchAll(/\]\(([^)#]+)\)/g))
				if (!target.startsWith("https:"))
					await expect(
						readFile(join(dirname(checkout(page)), target), "utf8"),
					).resolves.toBeTruthy();
		}
	});

	it("has a reference that is made from the schema as it is now", async () => {
		const { stdout } = await run(process.execPath, [
			checkout("scripts/reference.js"),
		]);
		const committed = await readFile(checkout("docs/reference.md"), "utf8");
		// The formatter aligns the columns.
		const plain = (text: string): string =>
			text.replaceAll(/ +/g, " ").replaceAll(/-{3,}/g, "---").trimEnd();
		expect(plain(committed)).toBe(plain(stdout));
	});

	it("lists every error code of the sources, and no other", async () => {
		const text = await readFile(checkout("docs/errors.md"), "utf8");
		const listed = [...text.matchAll(/^\| `([A-Z0-9_]+)` +\|/gm)].map(
			([, code]) => code,
		);
		expect(listed.toSorted()).toEqual([...(await errorCodes())].sort());
	});
});
