import { access, mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { packBundle } from "../host/bundle.ts";
import { bundleFiles } from "../host/files.ts";
import type { HostSettings } from "../host/schema.ts";
import { type ReadOptions, readSources } from "../host/sources.ts";
import { publishFolder, requirePublishable } from "../release/folder.ts";
import { readPrivateKey } from "../release/keys.ts";
import { signManifest } from "../release/signature.ts";
import { environment } from "../system/environment.ts";
import { ExpectedError } from "../system/errors.ts";
import {
	readTextIfThere,
	sha256,
	sha256File,
	writeFileAtomically,
} from "../system/files.ts";
import type { Project } from "./project.ts";
import { releaseFolder } from "./project.ts";

/** What is known of a bundle beside its content; written as bundle.json, whose bytes are what is signed. */
export interface BundleRecord {
	format: 1;
	/** The host's name. */
	host: string;
	bytes: number;
	sha256: string;
}

export interface Bundle {
	/** Holds `bundle.squashfs`, which only its owner may read, `bundle.json` and, when releases are signed, `bundle.sig`. */
	folder: string;
	record: BundleRecord;
}

/** Where a project's bundle is put: beside the release, since one release serves many hosts. */
export function bundleFolder(project: Project, output?: string): string {
	return `${releaseFolder(project, output)}.bundle`;
}

/**
 * The bundle to boot a project with, or undefined when it has no `host:`.
 * @throws ExpectedError (exit code 2) when it was not built.
 */
export async function bundleFile(
	project: Project,
	output?: string,
): Promise<string | undefined> {
	if (!project.config.value.host) return undefined;
	const file = join(bundleFolder(project, output), "bundle.squashfs");
	await access(file).catch((error: unknown) => {
		throw new ExpectedError(
			{
				code: "BUNDLE_MISSING",
				message: `there is no bundle at ${file}`,
				hint: "run dock0 build, or dock0 config for the bundle alone",
			},
			{ cause: error },
		);
	});
	return file;
}

/** The record of the bundle that was built last; undefined when there is none. */
export async function readBundleRecord(
	project: Project,
	output?: string,
): Promise<BundleRecord | undefined> {
	const text = await readTextIfThere(
		join(bundleFolder(project, output), "bundle.json"),
	);
	return text === undefined ? undefined : (JSON.parse(text) as BundleRecord);
}

/**
 * The settings of a project's host.
 * @throws ExpectedError (exit code 2) when the config has no `host:`.
 */
export function hostOf(project: Project): HostSettings {
	const { host } = project.config.value;
	if (!host)
		throw new ExpectedError({
			code: "HOST_MISSING",
			message:
				"this config has no host: section, so there is no bundle to make",
			hint: "see docs/host.md; host: {} is enough for a start",
		});
	return host;
}

/**
 * Makes the bundle of a project's host and publishes its folder at once. Nothing of it enters the
 * cache, since it may hold secrets; it takes less than a second.
 * @throws ExpectedError: exit code 2 for bad input, 1 for what failed.
 */
export async function buildBundle(
	project: Project,
	options: ReadOptions & { output?: string | undefined },
): Promise<Bundle> {
	const settings = hostOf(project);
	const folder = bundleFolder(project, options.output);
	await requirePublishable(folder);
	const sources = await readSources(settings, options);
	const files = bundleFiles(settings, sources, {
		name: project.name,
		init: project.config.value.init,
	});
	const { tempDir } = environment();
	await mkdir(tempDir, { recursive: true });
	// mkdtemp(3): nobody else may enter.
	const work = await mkdtemp(join(tempDir, `${process.pid}-bundle-`));
	try {
		const packed = join(work, "bundle.squashfs");
		await packBundle(files, packed, {
			epoch: project.config.value.epoch,
			signal: options.signal,
		});
		const record: BundleRecord = {
			format: 1,
			host: settings.hostname ?? project.name,
			bytes: (await stat(packed)).size,
			sha256: await sha256File(packed),
		};
		const text = `${JSON.stringify(record, undefined, "\t")}\n`;
		await writeFileAtomically(join(work, "bundle.json"), text);
		const { sign } = project.config.value.release;
		const signature =
			sign && signManifest(Buffer.from(text), readPrivateKey(sign));
		await publishFolder(
			folder,
			{
				files: {
					"bundle.squashfs": packed,
					"bundle.json": join(work, "bundle.json"),
				},
				...(signature ? { bytes: { "bundle.sig": signature } } : {}),
				key: sha256(
					Buffer.concat([Buffer.from(text), signature ?? Buffer.alloc(0)]),
				),
			},
			1,
		);
		return { folder, record };
	} finally {
		await rm(work, { recursive: true, force: true });
	}
}
