import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { withCacheLock } from "../plan/cache-lock.ts";
import type { Observer } from "../plan/events.ts";
import { writeHistory } from "../plan/history.ts";
import { keySteps } from "../plan/key.ts";
import {
	configFile,
	contentsFile,
	kernelConfigFile,
} from "../release/contents.ts";
import {
	publishFolder,
	readRelease,
	requirePublishable,
} from "../release/folder.ts";
import { readPrivateKey } from "../release/keys.ts";
import { type Manifest, rootFile } from "../release/manifest.ts";
import { sbomFiles } from "../release/sbom/step.ts";
import { signatureFile, signManifest } from "../release/signature.ts";
import { settingsText } from "../report/facts.ts";
import { unreadableFiles } from "../rootfs/unreadable.ts";
import { interruptSignal } from "../system/cleanup.ts";
import { sha256, writeFileAtomically } from "../system/files.ts";
import { packageFile } from "../system/package-files.ts";
import { maskSecrets } from "../system/secrets.ts";
import { buildBundle } from "./bundle.ts";
import type { CacheChoice } from "./cache-settings.ts";
import { packagesStamp, refreshPackages } from "./packages-stamp.ts";
import { type Project, releaseFolder } from "./project.ts";
import { recordRun } from "./run-record.ts";
import { runSteps } from "./run-steps.ts";
import { publishedSteps, releaseSteps } from "./steps.ts";

/** What a build may be told. */
export interface BuildOptions {
	/** Told of everything that happens; default nobody. */
	observe?: Observer;
	/** Folder in which the release's folder is made; default `build/` beside the first layer. */
	output?: string | undefined;
	/** Look for newer packages. */
	refresh?: boolean;
	/** Places of a shared cache; default those of the environment or the person's settings. */
	cache?: CacheChoice;
	signal?: AbortSignal;
}

/** What a build has made: its folder, and what the manifest in it says. */
export interface Release {
	folder: string;
	manifest: Manifest;
}

/**
 * Builds a project's release: runs what is not in the cache, then publishes the release folder at once.
 * @throws ExpectedError: exit code 2 for bad input, 1 for a failed step.
 */
export function buildProject(
	project: Project,
	options: BuildOptions = {},
): Promise<Release> {
	return recordRun(project.name, "build", () => build(project, options));
}

async function build(
	project: Project,
	options: BuildOptions,
): Promise<Release> {
	const signal = options.signal ?? interruptSignal();
	const folder = releaseFolder(project, options.output);
	await requirePublishable(folder);
	// First, since what is wrong with it shows within a second.
	if (project.config.value.host)
		await buildBundle(project, {
			output: options.output,
			refresh: options.refresh === true,
			signal,
		});
	const { observe = () => undefined } = options;
	await warnOfUnreadable(project, observe);
	return withCacheLock(
		"shared",
		async () => {
			if (options.refresh) await refreshPackages(project);
			const steps = await releaseSteps(project, await packagesStamp(project));
			const { manifest, kernel, initramfs, root, contents, sbom } = steps;
			const keyed = await keySteps(publishedSteps(steps));
			const output = await runSteps(project, keyed, {
				observe,
				signal,
				...(options.cache ? { cache: options.cache } : {}),
			});
			const manifestFile = output(manifest, "manifest.json");
			const signature = await signatureOf(project, manifestFile);
			const key = sha256(
				[manifest, contents, sbom]
					.map((one) => keyed.find(({ step }) => step === one)?.key)
					.join("\n"),
			);
			const kernelConfig = output(kernel, "config");
			await publishFolder(
				folder,
				{
					files: {
						vmlinuz: output(kernel, "vmlinuz"),
						initramfs: output(initramfs, "initramfs"),
						[rootFile(project.config.value.image.type)]: output(root, "root"),
						"manifest.json": manifestFile,
						[contentsFile]: output(contents, contentsFile),
						...Object.fromEntries(
							sbomFiles.map((file) => [file, output(sbom, file)]),
						),
						...(existsSync(kernelConfig)
							? { [kernelConfigFile]: kernelConfig }
							: {}),
					},
					...(signature
						? {
								bytes: { [signatureFile]: signature },
								key: sha256(Buffer.concat([Buffer.from(key), signature])),
							}
						: { key }),
				},
				project.config.value.release.keep,
			);
			// Moves with every edited line of a config, and is no reason for a release of its own.
			await writeFileAtomically(
				join(folder, configFile),
				maskSecrets(
					settingsText(project.config.explain(), {
						[project.directory]: ".",
						[packageFile(".")]: "dock0",
					}),
				),
			);
			await writeHistory(project.identity, keyed);
			return { folder, manifest: await readRelease(folder) };
		},
		{ signal },
	);
}

async function warnOfUnreadable(
	project: Project,
	observe: Observer,
): Promise<void> {
	const files = await unreadableFiles(project.config.value.rootfs);
	const [first = ""] = files;
	if (files.length > 0)
		observe({
			type: "warning",
			message: `${relative(project.startedIn, first)}${files.length > 1 ? ` and ${files.length - 1} more` : ""} will be readable by root alone in the host, as here; if that is not meant: chmod -R go+rX`,
		});
}

/** The private key is read here and not in a step, so that nothing of it comes near the cache. */
async function signatureOf(
	project: Project,
	manifestFile: string,
): Promise<Uint8Array | undefined> {
	const { sign } = project.config.value.release;
	return (
		sign && signManifest(await readFile(manifestFile), readPrivateKey(sign))
	);
}
