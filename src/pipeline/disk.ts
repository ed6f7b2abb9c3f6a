import {
	link,
	lstat,
	mkdir,
	mkdtemp,
	readdir,
	realpath,
	rename,
	rm,
	stat,
	writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { convertDisk, diskSuffixes } from "../image/disk/formats.ts";
import { grubStep, isoGrubStep } from "../image/disk/grub-step.ts";
import type { DiskFormat, OutputFormat } from "../image/disk/output-formats.ts";
import { writeRawDisk } from "../image/disk/write-disk.ts";
import {
	memoryNames,
	memoryParameters,
} from "../image/media/boot-parameters.ts";
import { isoGrubConfig, writeIso } from "../image/media/iso.ts";
import {
	memoryArchiveName,
	writeMemoryArchive,
} from "../image/media/memory-archive.ts";
import { writeOciArchive } from "../image/media/oci.ts";
import { pxeScripts } from "../image/media/pxe.ts";
import type { Observer } from "../plan/events.ts";
import type { AnyStep } from "../plan/step.ts";
import { readPrivateKey } from "../release/keys.ts";
import type { Manifest } from "../release/manifest.ts";
import { signImage } from "../release/signed-image.ts";
import { interruptSignal } from "../system/cleanup.ts";
import { replaceFolder, sha256File } from "../system/files.ts";
import { run } from "../system/process.ts";
import { type BuildOptions, buildProject, type Release } from "./build.ts";
import { bundleFile } from "./bundle.ts";
import { packagesStamp } from "./packages-stamp.ts";
import { type Project, releaseFolder } from "./project.ts";
import { recordRun } from "./run-record.ts";
import { withOutputs } from "./run-steps.ts";
import { releaseSteps } from "./steps.ts";

export interface DiskFile {
	format: OutputFormat;
	/** A folder for `pxe` and `dir`. */
	file: string;
	/** Of the file, or of all files in the folder. */
	bytes: number;
}

interface DiskOptions extends BuildOptions {
	formats?: readonly OutputFormat[] | undefined;
}

export interface DiskBuild {
	release: Release;
	disks: DiskFile[];
}

/** What all formats are made from. */
interface Sources {
	project: Project;
	/** The release's folder behind the link, since a rebuild flips it meanwhile. */
	folder: string;
	manifest: Manifest;
	bundle: string | undefined;
	/** SHA-256 of manifest.json. */
	id: string;
	/** A folder beside the targets, removed afterwards. */
	work: string;
	observe: Observer;
	signal: AbortSignal;
}

const suffixes: Readonly<Record<OutputFormat, string>> = {
	...diskSuffixes,
	iso: ".iso",
	pxe: ".pxe",
	oci: ".oci.tar",
	dir: ".root",
};

/** Where a project's disk image in that format is put: beside its release. */
export function diskFile(
	project: Project,
	format: OutputFormat,
	output?: string,
): string {
	return `${releaseFolder(project, output)}${suffixes[format]}`;
}

/**
 * Builds a project, then writes its disk in each of `formats` (default: those of the config).
 * @throws ExpectedError: exit code 2 for bad input, 1 for what failed.
 */
export function buildDisk(
	project: Project,
	options: DiskOptions,
): Promise<DiskBuild> {
	return recordRun(project.name, "build", () =>
		buildAndWrite(project, options),
	);
}

async function buildAndWrite(
	project: Project,
	options: DiskOptions,
): Promise<DiskBuild> {
	const { observe = () => undefined, output } = options;
	const signal = options.signal ?? interruptSignal();
	const release = await buildProject(project, { ...options, signal });
	const formats = new Set(options.formats ?? project.config.value.disk.formats);
	const folder = await realpath(release.folder);
	const bundle = await bundleFile(project, output);
	const work = await mkdtemp(join(dirname(release.folder), ".disk-"));
	try {
		const sources: Sources = {
			...{ project, folder, work, observe, signal },
			manifest: release.manifest,
			bundle: bundle && (await realpath(bundle)),
			id: await sha256File(join(folder, "manifest.json")),
		};
		const target = (format: OutputFormat) => diskFile(project, format, output);
		const disks = [...formats].filter(isDisk);
		if (disks.length > 0) await writeDisks(sources, disks, target);
		if (formats.has("iso") || formats.has("pxe")) {
			const memory = await memoryHost(sources);
			if (formats.has("iso")) await writeCd(sources, memory, target("iso"));
			if (formats.has("pxe")) await writePxe(memory, work, target("pxe"));
		}
		if (formats.has("oci") || formats.has("dir")) {
			const steps = await releaseSteps(project, await packagesStamp(project));
			await withStep(sources, steps.whole, async (outputs) => {
				const rootfs = join(outputs, "rootfs.tar");
				if (formats.has("oci")) await writeOci(sources, rootfs, target("oci"));
				if (formats.has("dir"))
					await writeFolder(sources, rootfs, target("dir"));
			});
		}
		return {
			release,
			disks: await Promise.all(
				[...formats].map(async (format) => ({
					format,
					file: target(format),
					bytes: await bytesOf(target(format)),
				})),
			),
		};
	} finally {
		await rm(work, { recursive: true, force: true });
	}
}

function isDisk(format: OutputFormat): format is DiskFormat {
	return format in diskSuffixes;
}

async function bytesOf(path: string): Promise<number> {
	const entry = await stat(path);
	if (!entry.isDirectory()) return entry.size;
	let sum = 0;
	for (const one of await readdir(path, {
		recursive: true,
		withFileTypes: true,
	}))
		if (one.isFile()) sum += (await lstat(join(one.parentPath, one.name))).size;
	return sum;
}

/** A bundle may hold secrets. */
function modeOf({ bundle }: Sources): number {
	return bundle === undefined ? 0o644 : 0o600;
}

async function writeDisks(
	sources: Sources,
	formats: readonly DiskFormat[],
	target: (format: DiskFormat) => string,
): Promise<void> {
	const { project, folder, manifest, bundle, id, work, signal } = sources;
	const { disk: settings, epoch } = project.config.value;
	const raw = join(work, "disk.img");
	await withStep(sources, grubStep(settings), (grub) =>
		writeRawDisk(raw, {
			release: {
				name: manifest.name,
				version: manifest.version,
				release: id,
				cmdline: manifest.kernel.cmdline.join(" "),
				root: join(folder, manifest.root.file),
				kernel: join(folder, "vmlinuz"),
				initramfs: join(folder, "initramfs"),
			},
			bundle,
			settings,
			grub,
			epoch,
			signal,
		}),
	);
	for (const format of formats)
		if (format !== "raw")
			await convertDisk(raw, target(format), format, {
				host: manifest.name,
				epoch,
				mode: modeOf(sources),
				signal,
			});
	if (formats.includes("gz")) await signGzipped(sources, raw, target("gz"));
	if (formats.includes("raw")) await rename(raw, target("raw"));
}

/** What is deployed is the packed image, which is signed as a whole: the boot loader and bundle, too. */
async function signGzipped(
	{ project, manifest }: Sources,
	raw: string,
	file: string,
): Promise<void> {
	const { sign } = project.config.value.release;
	await signImage(
		file,
		{
			format: 1,
			name: manifest.name,
			version: manifest.version,
			bytes: (await stat(file)).size,
			sha256: await sha256File(file),
			diskBytes: (await stat(raw)).size,
			diskSha256: await sha256File(raw),
		},
		sign && readPrivateKey(sign),
	);
}

/** What boots a host that runs from memory. */
interface MemoryHost {
	parameters: string[];
	/** Kernel, initramfs and archive by name. */
	files: Record<string, string>;
}

async function memoryHost(sources: Sources): Promise<MemoryHost> {
	const { project, folder, manifest, bundle, work, signal } = sources;
	const { file: rootFile } = manifest.root;
	const parameters = memoryParameters(
		manifest.kernel.cmdline,
		rootFile,
		bundle !== undefined,
	);
	const archive = join(work, memoryArchiveName);
	await writeMemoryArchive(
		archive,
		[
			{ name: rootFile, source: join(folder, rootFile) },
			...(bundle === undefined
				? []
				: [{ name: memoryNames.bundle, source: bundle }]),
		],
		{ epoch: project.config.value.epoch, mode: modeOf(sources), signal },
	);
	return {
		parameters,
		files: {
			vmlinuz: join(folder, "vmlinuz"),
			initramfs: join(folder, "initramfs"),
			[memoryArchiveName]: archive,
		},
	};
}

async function writeCd(
	sources: Sources,
	{ parameters, files }: MemoryHost,
	target: string,
): Promise<void> {
	const { project, manifest, id, work, signal } = sources;
	const { disk: settings, epoch } = project.config.value;
	const script = isoGrubConfig({
		title: `${manifest.name} ${manifest.version}`,
		release: id,
		parameters,
		settings,
	});
	const finished = join(work, "cd.iso");
	await writeFile(finished, "", { mode: modeOf(sources) });
	await withStep(sources, isoGrubStep(script), (grub) =>
		writeIso(finished, {
			...{ files, settings, epoch, work, signal },
			host: manifest.name,
			release: id,
			grub,
		}),
	);
	await rename(finished, target);
}

async function writePxe(
	{ parameters, files }: MemoryHost,
	work: string,
	target: string,
): Promise<void> {
	const folder = join(work, "pxe");
	for (const [name, text] of Object.entries(pxeScripts(parameters))) {
		await mkdir(dirname(join(folder, name)), { recursive: true });
		await writeFile(join(folder, name), text);
	}
	for (const [name, source] of Object.entries(files))
		await link(source, join(folder, name));
	await replaceFolder(folder, target);
}

async function writeOci(
	{ project, manifest, work, signal }: Sources,
	rootfs: string,
	target: string,
): Promise<void> {
	const finished = join(work, "oci.tar");
	await writeOciArchive(finished, {
		rootfs,
		name: manifest.name,
		version: manifest.version,
		epoch: project.config.value.epoch,
		signal,
	});
	await rename(finished, target);
}

async function writeFolder(
	{ work, signal }: Sources,
	rootfs: string,
	target: string,
): Promise<void> {
	const folder = join(work, "root");
	await mkdir(folder);
	await run(
		"tar",
		[
			...["-x", "--numeric-owner", "--same-permissions", "--xattrs"],
			...["-C", folder, "-f", rootfs],
		],
		{ signal },
	);
	await replaceFolder(folder, target);
}

function withStep<Result>(
	{ project, observe, signal }: Sources,
	step: AnyStep,
	work: (outputs: string) => Promise<Result>,
): Promise<Result> {
	return withOutputs(project, step, { observe, signal }, work);
}
