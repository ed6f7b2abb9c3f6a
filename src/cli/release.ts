import { resolve } from "node:path";
import { InvalidArgumentError } from "commander";
import { defineCommand, print, withConfig } from "./command.ts";

interface ReleaseOptions {
	directory?: string;
	output?: string;
	keep?: number;
	json?: boolean;
}

const outputHelp =
	"folder of the releases (default: build/ beside the first config)";

export const releaseCommand = defineCommand((program) => {
	const release = program
		.command("release")
		.description("what was built: list, show, verify, push, remove old ones");

	withConfig(
		release
			.command("list")
			.alias("ls")
			.description("the releases of a project that are kept, newest first"),
	)
		.option("-o, --output <dir>", outputHelp)
		.option("--json", "as JSON")
		.action(async (files: string[], options: ReleaseOptions) => {
			const { listReleases } = await import("../pipeline/releases.ts");
			const { describeReleases } = await import("../report/releases.ts");
			const found = await listReleases(files, options);
			print(options.json ? JSON.stringify(found) : describeReleases(found));
		});

	release
		.command("use")
		.description("make a kept release the current one again")
		.argument("<release>", "its id or folder, as dock0 release list shows it")
		.argument("[config...]", "config layers, as of dock0 build")
		.option("-C, --directory <dir>", "work as if started in this folder")
		.option("-o, --output <dir>", outputHelp)
		.action(async (named: string, files: string[], options: ReleaseOptions) => {
			const { loadProject } = await import("../pipeline/project.ts");
			const { useRelease } = await import("../pipeline/releases.ts");
			const project = await loadProject({
				files,
				directory: options.directory,
			});
			const { folder } = await useRelease(project, named, options.output);
			print(`${project.name} is ${folder} now`);
		});

	release
		.command("show")
		.description("what a release folder holds")
		.argument("<dir>", "the release's folder")
		.option("--json", "the manifest as JSON")
		.action(async (folder: string, options: ReleaseOptions) => {
			const { readRelease } = await import("../release/folder.ts");
			const { describeManifest } = await import("../report/releases.ts");
			const manifest = await readRelease(resolve(folder));
			print(
				options.json ? JSON.stringify(manifest) : describeManifest(manifest),
			);
		});

	release
		.command("verify")
		.description("check signature and hashes of a release, as a host does")
		.argument("<dir>", "the release's folder")
		.requiredOption(
			"--key <file...>",
			"public key (PEM), one of which must have signed it",
		)
		.action(async (folder: string, options: { key: string[] }) => {
			const { verifyRelease } = await import("../release/signature.ts");
			const { manifest, id } = await verifyRelease(
				resolve(folder),
				options.key.map((file) => resolve(file)),
			);
			print(`${manifest.name} ${manifest.version}: signed by key ${id}`);
		});

	release
		.command("push")
		.description("put a signed release into a registry, for hosts to take")
		.argument("<dir>", "the release's folder")
		.argument("<place>", "oci://HOST/REPOSITORY[:TAG], or oci+http://")
		.action(async (folder: string, place: string) => {
			const { pushRelease } = await import("../pipeline/publish.ts");
			const { formatBytes } = await import("../report/numbers.ts");
			const pushed = await pushRelease(folder, place);
			print(`${pushed.place}: ${formatBytes(pushed.bytes)}`);
		});

	withConfig(
		release.command("prune").description("remove all but the newest releases"),
	)
		.option("-o, --output <dir>", outputHelp)
		.option(
			"--keep <count>",
			"how many stay (default: release.keep)",
			parseCount,
		)
		.action(async (files: string[], options: ReleaseOptions) => {
			const { pruneProject } = await import("../pipeline/releases.ts");
			const removed = await pruneProject(files, options);
			print(
				removed.length > 0
					? removed.map((folder) => `removed ${folder}`).join("\n")
					: "nothing to remove",
			);
		});
});

function parseCount(text: string): number {
	const count = Number(text);
	if (!Number.isInteger(count) || count < 1)
		throw new InvalidArgumentError("a number of 1 or more is wanted");
	return count;
}
