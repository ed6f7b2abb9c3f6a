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
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadProject } from "../../src/pipeline/project.ts";
import { checkout, dock0 } from "./support/dock0.ts";

/** Fenced blocks of one language in all pages. */
async function blocks(
	language: string,
): Promise<{ page: string; text: string }[]> {
	const pages = [
		"README.md",
		...(await readdir(checkout("docs"))).map((name) => `docs/${name}`),
	];
	const found: { page: string; text: string }[] = [];
	for (const page of pages) {
		const markdown = await readFile(checkout(page), "utf8");
		for (const [, text] of markdown.matchAll(
			new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"),
		))
			found.push({ page, text: text ?? "" });
	}
	return found;
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
			const isGroup = words[0] === "vm" || words[0] === "kernel";
			const command = words.slice(0, isGroup ? 2 : 1);
			const { stdout, exitCode } = await dock0([...command, "--help"]);
			expect({ command, exitCode }).toEqual({ command, exitCode: 0 });
			expect(stdout).toContain(`Usage: dock0 ${command[0]}`);
			for (const option of words.filter((word) => word.startsWith("--")))
				expect(stdout).toContain(option);
		}
	});

	it("links only to pages that are there", async () => {
		const text = await readFile(checkout("README.md"), "utf8");
		for (const [, target] of text.matchAll(/\]\(([^)#]+)\)/g))
			await expect(
				readFile(checkout(target ?? ""), "utf8"),
			).resolves.toBeTruthy();
	});
});
