import {
	copyFile,
	link,
	mkdir,
	readdir,
	readFile,
	rename,
	rm,
} from "node:fs/promises";
import { basename, join } from "node:path";
import type { ExtractContext } from "../../plan/package-source.ts";
import { defineStep, type Step, type StepInputs } from "../../plan/step.ts";
import { environment } from "../../system/environment.ts";
import { ExpectedError, stepFailure } from "../../system/errors.ts";
import { sha256File } from "../../system/files.ts";
import { download } from "./download.ts";
import { archiveCommit } from "./git.ts";
import type { PinnedSource } from "./pinned.ts";
import { verifySignature } from "./signature.ts";

/** Downloads outlive the runs that made them, so that a broken one can go on. */
export const downloadsDir = (): string =>
	join(environment().cacheDir, "kernel", "downloads");

/** The step that brings the sources here, verified, as one tar (compressed or not). */
export function fetchStep(
	source: PinnedSource,
): Step<"archive", Record<never, never>> {
	return defineStep({
		name: "kernel/source",
		title: `fetching ${describeSource(source)}`,
		version: 2,
		needs: {},
		inputs: inputsOf(source),
		outputs: ["archive"],
		run: (context) => fetchInto(context, source, join(context.out, "archive")),
	});
}

export function describeSource(source: PinnedSource): string {
	switch (source.kind) {
		case "debian":
			return source.package;
		case "release":
			return `linux ${source.version}`;
		case "tarball":
			return basename(source.path);
		case "git":
			return `linux ${source.commit.slice(0, 12)}`;
	}
}

function inputsOf(source: PinnedSource): StepInputs {
	switch (source.kind) {
		case "debian": {
			const { inputs } = source.packages;
			return {
				...inputs,
				values: { ...inputs.values, sourcePackage: source.package },
			};
		}
		case "release": {
			const { version, url, sha256, signers } = source;
			return {
				values: { version, url, sha256, signers },
				paths: { keyring: source.keyring },
			};
		}
		case "tarball":
			return {
				values: { sha256: source.sha256 },
				paths: { tarball: source.path },
			};
		case "git":
			return { values: { commit: source.commit } };
	}
}

async function fetchInto(
	context: ExtractContext,
	source: PinnedSource,
	target: string,
): Promise<void> {
	switch (source.kind) {
		case "debian":
			return fetchPackage(context, source, target);
		case "release":
			return fetchRelease(context, source, target);
		case "tarball":
			await requireSha256(source.path, source.sha256);
			return copyFile(source.path, target);
		case "git":
			return archiveCommit(context, source.url, source.commit, target);
	}
}

async function fetchPackage(
	context: ExtractContext,
	source: Extract<PinnedSource, { kind: "debian" }>,
	target: string,
): Promise<void> {
	const root = join(context.temp, "root");
	await mkdir(root);
	await source.packages.extract(context, [source.package], root);
	const folder = join(root, "usr/src");
	const names = await readdir(folder).catch(() => []);
	const archive = names.find((name) =>
		/^linux-source-.*\.tar\.\w+$/.test(name),
	);
	if (!archive)
		throw stepFailure({
			code: "KERNEL_NO_SOURCE",
			message: `package ${source.package} holds no usr/src/linux-source-*.tar.*`,
			hint: "name one with a version, e.g. linux-source-6.12; plain linux-source only points at it",
		});
	await rename(join(folder, archive), target);
}

async function fetchRelease(
	context: ExtractContext,
	source: Extract<PinnedSource, { kind: "release" }>,
	target: string,
): Promise<void> {
	const kept = join(downloadsDir(), basename(new URL(source.url).pathname));
	const signature = join(context.temp, "signature");
	const quiet = { signal: context.signal, onProgress: () => undefined };
	await download(source.url, kept, {
		signal: context.signal,
		onProgress: (done, total) => context.progress(done, total, "bytes"),
	});
	await download(source.signatureUrl, signature, quiet);
	try {
		const sum =
			source.sha256 ?? (await publishedSha256(source, context, quiet));
		await requireSha256(kept, sum);
		await verifySignature(context, { ...source, archive: kept, signature });
	} catch (error) {
		// Damaged or false: the next attempt must not find it.
		if (
			error instanceof ExpectedError &&
			["KERNEL_SHA256_WRONG", "KERNEL_SIGNATURE_BAD"].includes(error.code)
		)
			await rm(kept, { force: true });
		throw error;
	}
	await link(kept, target).catch(() => copyFile(kept, target));
}

/** kernel.org lists the sums of a folder in sha256sums.asc; its absence is fine, the signature decides. */
async function publishedSha256(
	source: Extract<PinnedSource, { kind: "release" }>,
	context: ExtractContext,
	quiet: Parameters<typeof download>[2],
): Promise<string | undefined> {
	const file = join(context.temp, "sha256sums.asc");
	try {
		await download(new URL("sha256sums.asc", source.url).href, file, quiet);
	} catch {
		context.signal.throwIfAborted();
		context.log("no sha256sums.asc beside the archive");
		return undefined;
	}
	const name = basename(new URL(source.url).pathname);
	const lines = (await readFile(file, "utf8")).split("\n");
	return lines
		.map((line) => line.split(/\s+/))
		.find(([, listed]) => listed === name)?.[0];
}

async function requireSha256(
	path: string,
	wanted: string | undefined,
): Promise<void> {
	if (wanted === undefined) return;
	const got = await sha256File(path);
	if (got !== wanted)
		throw stepFailure({
			code: "KERNEL_SHA256_WRONG",
			message: `${basename(path)} has SHA-256 ${got}, not ${wanted}`,
			hint: "it was damaged on the way or is another file; compare with the publisher's list",
		});
}
