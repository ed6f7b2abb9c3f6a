import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { stepFailure } from "../../system/errors.ts";
import { sha256File } from "../../system/files.ts";
import { acquireLock } from "../../system/lock.ts";
import { requireTool } from "../../system/tools.ts";
import type {
	BackendContext,
	ExtractOptions,
	PackageOrigin,
} from "../backend.ts";
import type { RootfsSettings } from "../schema.ts";
import {
	type AptRoot,
	aptEnvironment,
	holdIndexes,
	prepareAptRoot,
} from "./apt-root.ts";
import { archiveName, parseStanzas, type Stanza } from "./control.ts";

/** See `PackageBackend.extract`. */
export async function extractDebian(
	context: BackendContext,
	settings: RootfsSettings,
	packages: readonly string[],
	target: string,
	options: ExtractOptions = {},
): Promise<PackageOrigin[]> {
	requireTool("dpkg-deb");
	const apt = await prepareAptRoot(context, settings.debian);
	await mkdir(target, { recursive: true });
	const indexes = await holdIndexes(context, apt);
	try {
		return await extractAll(context, apt, packages, target, options);
	} finally {
		await indexes.release();
	}
}

async function extractAll(
	context: BackendContext,
	apt: AptRoot,
	packages: readonly string[],
	target: string,
	options: ExtractOptions,
): Promise<PackageOrigin[]> {
	const lock = await acquireLock(join(apt.folder, "debs.lock"), {
		signal: context.signal,
	});
	try {
		const unpacked: PackageOrigin[] = [];
		const seen = new Set<string>();
		const queue = [...packages];
		for (let name = queue.shift(); name; name = queue.shift()) {
			if (seen.has(name)) continue;
			seen.add(name);
			const candidate = await findCandidate(context, apt, name);
			const deb = await download(context, apt, candidate);
			if (await hasFiles(context, deb)) {
				await context.run("dpkg-deb", ["--extract", deb, target]);
				unpacked.push(candidate.origin);
				// Debian policy 8.1: packages of shared libraries are named after them (zlib's is zlib1g).
				if (options.libraries)
					queue.push(
						...candidate.depends.filter((depends) => /^z?lib/.test(depends)),
					);
			} else {
				context.log(`${name} stands for ${candidate.depends.join(", ")}`);
				queue.push(...candidate.depends);
			}
		}
		return unpacked;
	} finally {
		await lock.release();
	}
}

async function findCandidate(
	context: BackendContext,
	apt: AptRoot,
	name: string,
): Promise<Stanza> {
	const { stdout } = await context.run(
		"apt-cache",
		["show", "--no-all-versions", name],
		{ env: aptEnvironment(apt), okExitCodes: [0, 100], onLine: () => {} },
	);
	const [candidate] = parseStanzas(stdout);
	if (candidate?.origin.sha256) return candidate;
	throw stepFailure({
		code: "PACKAGE_UNKNOWN",
		message: `the mirrors have no package '${name}'`,
		hint: "check its name, rootfs.debian.suite and rootfs.debian.components",
	});
}

/** A file that is already there counts only with the checksum of the signed index. */
async function download(
	context: BackendContext,
	apt: AptRoot,
	candidate: Stanza,
): Promise<string> {
	const { name, version, sha256 } = candidate.origin;
	const file = join(apt.debs, archiveName(candidate.origin));
	if (existsSync(file)) {
		if ((await sha256File(file)) === sha256) return file;
		await rm(file);
	}
	await context.run("apt-get", ["download", "--quiet", `${name}=${version}`], {
		env: aptEnvironment(apt),
		cwd: apt.debs,
	});
	if (existsSync(file) && (await sha256File(file)) === sha256) return file;
	throw stepFailure({
		code: "PACKAGE_CORRUPT",
		message: `${name} ${version} is not what the signed index promises`,
		hint: "the mirror may be changing just now; try again",
	});
}

/** Metapackages carry nothing but documentation and hints for bug reports and lintian(1). */
async function hasFiles(
	context: BackendContext,
	deb: string,
): Promise<boolean> {
	const { stdout } = await context.run("dpkg-deb", ["--contents", deb], {
		onLine: () => {},
	});
	return stdout
		.split("\n")
		.some(
			(line) =>
				/^[-hl]/.test(line) &&
				!/ \.\/usr\/share\/(doc|bug|lintian)\//.test(line),
		);
}
