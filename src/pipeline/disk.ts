import { link, mkdtemp, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { convertDisk, diskSuffixes } from "../image/disk/formats.ts";
import { grubStep } from "../image/disk/grub-step.ts";
import type { DiskFormat } from "../image/disk/schema.ts";
import { type DiskOptions, writeRawDisk } from "../image/disk/write-disk.ts";
import { withCacheLock } from "../plan/cache-lock.ts";
import type { Observer } from "../plan/events.ts";
import { keySteps } from "../plan/key.ts";
import type { Manifest } from "../release/manifest.ts";
import { interruptSignal } from "../system/cleanup.ts";
import { sha256File } from "../system/files.ts";
import { type BuildOptions, buildProject, type Release } from "./build.ts";
import { bundleFile } from "./bundle.ts";
import { type Project, releaseFolder } from "./project.ts";
import { runSteps } from "./run-steps.ts";

export interface DiskFile {
	format: DiskFormat;
	file: string;
	/** Of the file. */
	bytes: number;
}

export interface DiskBuild {
	release: Release;
	disks: DiskFile[];
}

/** Where a project's disk image in that format is put: beside its release. */
export function diskFile(
	project: Project,
	format: DiskFormat,
	output?: string,
): string {
	return `${releaseFolder(project, output)}${diskSuffixes[format]}`;
}

/**
 * Builds a project, then writes its disk in each of `formats` (default: those of the config).
 * @throws ExpectedError: exit code 2 for bad input, 1 for what failed.
 */
export async function buildDisk(
	project: Project,
	options: BuildOptions & { formats?: readonly DiskFormat[] | undefined },
): Promise<DiskBuild> {
	const { observe, output } = options;
	const signal = options.signal ?? interruptSignal();
	const release = await buildProject(project, { ...options, signal });
	const formats = options.formats ?? project.config.value.disk.formats;
	// The folder behind the link, since a rebuild flips it meanwhile.
	const folder = await realpath(release.folder);
	const bundle = await bundleFile(project, output);
	const grub = await makeGrub(project, observe, signal);
	const target = diskFile(project, "raw", output);
	const work = await mkdtemp(join(dirname(target), ".disk-"));
	try {
		const raw = join(work, "disk.img");
		await writeRawDisk(raw, {
			...(await contentOf(folder, release.manifest)),
			bundle: bundle && (await realpath(bundle)),
			settings: project.config.value.disk,
			grub,
			epoch: project.config.value.epoch,
			signal,
		});
		const disks: DiskFile[] = [];
		for (const format of new Set(formats)) {
			const file = diskFile(project, format, output);
			if (format === "raw") {
				// Another name for the same file: the raw one is still read for further formats.
				const second = join(work, "second.img");
				await link(raw, second);
				await rename(second, file);
			} else
				await convertDisk(raw, file, format, {
					host: release.manifest.name,
					epoch: project.config.value.epoch,
					mode: bundle === undefined ? 0o644 : 0o600,
					signal,
				});
			disks.push({ format, file, bytes: (await stat(file)).size });
		}
		return { release, disks };
	} finally {
		await rm(work, { recursive: true, force: true });
	}
}

async function makeGrub(
	project: Project,
	observe: Observer,
	signal: AbortSignal,
): Promise<string> {
	return withCacheLock(
		"shared",
		async () => {
			const step = grubStep(project.config.value.disk);
			const output = await runSteps(project, await keySteps([step]), {
				observe,
				signal,
			});
			return output(step);
		},
		{ signal },
	);
}

async function contentOf(
	folder: string,
	manifest: Manifest,
): Promise<Pick<DiskOptions, "release">> {
	return {
		release: {
			name: manifest.name,
			version: manifest.version,
			release: await sha256File(join(folder, "manifest.json")),
			cmdline: manifest.kernel.cmdline.join(" "),
			root: join(folder, manifest.root.file),
			kernel: join(folder, "vmlinuz"),
			initramfs: join(folder, "initramfs"),
		},
	};
}
