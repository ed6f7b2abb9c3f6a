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
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageFile } from "../system/package-files.ts";
import { run } from "../system/process.ts";
import {
	initProject,
	nameForFolder,
	personalise,
	problemOfName,
	projectTemplates,
	type TemplateName,
} from "./init.ts";
import { loadProject } from "./project.ts";

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-init-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const names = Object.keys(projectTemplates) as TemplateName[];

it("describes exactly the folders of templates/", async () => {
	expect((await readdir(packageFile("templates"))).sort()).toEqual(
		[...names].sort(),
	);
});

describe.each(names)("template %s", (template) => {
	it("becomes a project whose config loads, names the host and the schema", async () => {
		const directory = join(folder, template, "some", "where");
		const files = await initProject({ directory, template, name: "my-host" });
		expect(files).toContain("dock0.yaml");
		const project = await loadProject({ files: [], directory });
		expect(project.name).toBe("my-host");
		const text = await readFile(join(directory, "dock0.yaml"), "utf8");
		const schema = /^# yaml-language-server: \$schema=(.*)$/m.exec(text)?.[1];
		expect(JSON.parse(await readFile(schema ?? "", "utf8"))).toHaveProperty(
			"properties.extends",
		);
	});
});

it("writes what goes into the root with modes that the host's services can live with, whatever the umask", async () => {
	const directory = join(folder, "strict");
	const script = join(folder, "init.ts");
	await writeFile(
		script,
		`import { initProject } from ${JSON.stringify(packageFile("src/pipeline/init.ts"))};
await initProject({ directory: ${JSON.stringify(directory)}, template: "web-server", name: "x" });`,
	);
	// A worker thread, as tests run in, cannot set the umask.
	await run(
		"sh",
		[
			...["-c", 'umask 077; exec "$@"', "sh"],
			...[process.execPath, "--import", "jiti/register", script],
		],
		{ cwd: packageFile(".") },
	);
	const mode = async (path: string) =>
		((await stat(join(directory, path))).mode & 0o7777).toString(8);
	expect(await mode("overlay/etc/nginx/sites-available/default")).toBe("644");
	for (const path of ["overlay", "overlay/etc/nginx", "overlay/var/www/html"])
		expect(await mode(path)).toBe("755");
	expect(await mode(".")).toBe("700");
});

it("never overwrites, and then writes nothing at all", async () => {
	const directory = join(folder, "taken");
	const taken = join(directory, "overlay/etc/nginx/sites-available/default");
	await mkdir(taken, { recursive: true });
	await expect(
		initProject({ directory, template: "web-server", name: "x" }),
	).rejects.toMatchObject({ code: "INIT_IN_THE_WAY" });
	expect(await readdir(directory)).toEqual(["overlay"]);
});

it("knows good names from bad ones, and makes a good one of any folder", () => {
	expect(problemOfName("web-1")).toBeUndefined();
	for (const bad of ["", "Web", "a b", "-a", "a".repeat(64)])
		expect(problemOfName(bad)).toBeDefined();
	for (const path of ["/a/My Host!", "/", "/x/-.-", `/${"y".repeat(99)}`])
		expect(problemOfName(nameForFolder(path))).toBeUndefined();
});

it("quotes a name that YAML would take for a number", () => {
	expect(personalise("name: x\n", "42", "s")).toBe('name: "42"\n');
});
