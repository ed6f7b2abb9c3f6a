import {
	chmod,
	cp,
	lstat,
	mkdir,
	readdir,
	readFile,
	stat,
	writeFile,
} from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { ExpectedError } from "../system/errors.ts";
import { packageFile, plainMode } from "../system/package-files.ts";

/** What `dock0 init` can begin with, and what each is for; folders of `templates/`. */
export const projectTemplates = {
	"web-server": "nginx on a small Debian root, with your pages",
	"swarm-node": "a Docker Swarm node whose membership survives reboots",
	linode: "a Docker host with ssh, on the serial console of a Linode",
	"arch-minimal": "a small Arch Linux system without Docker",
	kiosk: "one web page on a whole screen",
} as const;

export type TemplateName = keyof typeof projectTemplates;

export interface InitOptions {
	/** Absolute; made if it is not there. */
	directory: string;
	template: TemplateName;
	/** Name of the host, as the config's `name`. */
	name: string;
}

/**
 * A template by its name.
 * @throws ExpectedError when there is none of that name.
 */
export function templateNamed(name: string): TemplateName {
	if (Object.hasOwn(projectTemplates, name)) return name as TemplateName;
	throw new ExpectedError({
		code: "INIT_NO_TEMPLATE",
		message: `there is no template '${name}'`,
		hint: `choose one of ${Object.keys(projectTemplates).join(", ")}`,
	});
}

/** What is wrong with a host's name, or undefined. */
export function problemOfName(name: string): string | undefined {
	return /^[a-z0-9][a-z0-9-]{0,62}$/.test(name)
		? undefined
		: "a name is made of small letters, digits and hyphens, at most 63";
}

/** The name that a folder suggests for its host. */
export function nameForFolder(directory: string): string {
	const legal = basename(resolve(directory))
		.toLowerCase()
		.replaceAll(/[^a-z0-9-]+/g, "-")
		.replaceAll(/^-+|-+$/g, "")
		.slice(0, 63);
	return legal || "host";
}

/**
 * Writes a project from a template; its `dock0.yaml` gets the name, and for editors the place of the
 * shipped schema.
 * @returns the files written, relative to the folder, sorted.
 * @throws ExpectedError, before anything is written, when a file of that name is there already.
 */
export async function initProject(options: InitOptions): Promise<string[]> {
	const { directory, template, name } = options;
	const problem = problemOfName(name);
	if (problem)
		throw new ExpectedError({
			code: "INIT_BAD_NAME",
			message: `'${name}' cannot be the name of a host: ${problem}`,
			hint: "give another one by --name",
		});
	const source = packageFile(join("templates", template));
	const files = await filesOf(source);
	const written = [...files, ".gitignore"].sort();
	await requireNothingThere(directory, written);
	for (const file of files) {
		const target = join(directory, file);
		await makeFolder(dirname(target), directory);
		if (file === "dock0.yaml") {
			const text = await readFile(join(source, file), "utf8");
			await writeFile(target, personalise(text, name, schemaFor(directory)), {
				flag: "wx",
			});
		} else {
			await cp(join(source, file), target, {
				errorOnExist: true,
				force: false,
				// A link into the root must stay what it is, wherever the project lies.
				verbatimSymlinks: true,
			});
			await chmod(target, plainMode(await stat(target)));
		}
	}
	await writeFile(join(directory, ".gitignore"), "build/\n", { flag: "wx" });
	return written;
}

/**
 * Makes a folder and those above it. Modes of overlays go into the root, where services must be able to read:
 * so inside the project they are not left to the umask.
 */
async function makeFolder(folder: string, project: string): Promise<void> {
	const first = await mkdir(folder, { recursive: true });
	if (first === undefined) return;
	for (
		let path = folder;
		path.length >= first.length && path !== project;
		path = dirname(path)
	)
		await chmod(path, 0o755);
}

/** Puts name and schema into a template's config. Pure. */
export function personalise(
	config: string,
	name: string,
	schema: string,
): string {
	return config
		.replace(/^(# yaml-language-server: \$schema=).*$/m, `$1${schema}`)
		.replace(/^name: .*$/m, `name: ${/^\d+$/.test(name) ? `"${name}"` : name}`);
}

/** The schema's path: relative when dock0 is a dependency of the project or of a folder around it. */
function schemaFor(directory: string): string {
	const schema = packageFile("schema.json");
	const modules = schema.indexOf(`${sep}node_modules${sep}`);
	const around = modules < 0 ? undefined : schema.slice(0, modules);
	if (
		around !== undefined &&
		(directory === around || directory.startsWith(around + sep))
	) {
		const path = relative(directory, schema);
		return path.startsWith(".") ? path : `./${path}`;
	}
	return schema;
}

async function filesOf(folder: string): Promise<string[]> {
	const entries = await readdir(folder, {
		recursive: true,
		withFileTypes: true,
	});
	return entries
		.filter((entry) => !entry.isDirectory())
		.map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

async function requireNothingThere(
	directory: string,
	files: readonly string[],
): Promise<void> {
	const there: string[] = [];
	for (const file of [
		...files,
		// Beside a second config, `dock0 build` would not know which one is meant.
		"dock0.yml",
		"dock0.json",
		"dock0.ts",
	])
		if (await lstat(join(directory, file)).catch(() => undefined))
			there.push(file);
	if (there.length > 0)
		throw new ExpectedError({
			code: "INIT_IN_THE_WAY",
			message: `${directory} holds ${there.join(", ")} already, and nothing was written`,
			hint: "choose an empty folder: dock0 init DIR",
		});
}
