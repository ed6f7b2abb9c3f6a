import { readdir } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";
import { ExpectedError } from "../system/errors.ts";
import { loadProject, type Project } from "./project.ts";

/** Which hosts a command is about: layers, and of the folder `hosts/` some or all, each above the layers. */
export interface HostChoice {
	files: readonly string[];
	directory?: string | undefined;
	hosts?: readonly string[] | undefined;
	all?: boolean | undefined;
}

const layerEndings = [".yaml", ".yml", ".json", ".ts"];

/**
 * Loads the projects that a command is about: the chosen hosts, or without any the layers themselves.
 * @throws ExpectedError (exit code 2) with what is wrong in a config, or when a host has no layer.
 */
export async function chosenProjects(choice: HostChoice): Promise<Project[]> {
	const { files, directory } = choice;
	const start = resolve(directory ?? ".");
	const names = choice.all ? await allHosts(start) : (choice.hosts ?? []);
	if (names.length === 0) return [await loadProject({ files, directory })];
	const base = files.length > 0 ? files : await baseLayers(start);
	return Promise.all(
		names.map(async (name) =>
			loadProject({
				files: [...base, await hostLayer(start, name)],
				directory,
			}),
		),
	);
}

/** The same for a choice of one host: the first. */
export async function chosenProject(choice: HostChoice): Promise<Project> {
	const [project] = await chosenProjects(choice);
	if (!project) throw new Error("no project was loaded");
	return project;
}

async function baseLayers(start: string): Promise<string[]> {
	const names = await readdir(start);
	return names.filter(
		(name) => name.startsWith("dock0.") && layerEndings.includes(extname(name)),
	);
}

async function hostFiles(start: string): Promise<string[]> {
	const names = await readdir(join(start, "hosts")).catch(() => []);
	return names.filter((name) => layerEndings.includes(extname(name))).sort();
}

/** The names of the hosts whose layers lie in `hosts/` of a project's folder, sorted. */
export async function hostNames(start: string): Promise<string[]> {
	return (await hostFiles(start)).map((name) => basename(name, extname(name)));
}

async function allHosts(start: string): Promise<string[]> {
	const names = await hostNames(start);
	if (names.length > 0) return names;
	throw new ExpectedError({
		code: "DEPLOY_NO_HOSTS",
		message: `${join(start, "hosts")} holds no config layer`,
		hint: "each host has a layer there: hosts/web1.yaml is the host web1",
	});
}

async function hostLayer(start: string, name: string): Promise<string> {
	const files = await hostFiles(start);
	const file = files.find((one) => basename(one, extname(one)) === name);
	if (file) return join("hosts", file);
	throw new ExpectedError({
		code: "DEPLOY_NO_HOSTS",
		message: `there is no layer for the host ${name} in ${join(start, "hosts")}`,
		...(files.length > 0 ? { hint: `there are: ${files.join(", ")}` } : {}),
	});
}
