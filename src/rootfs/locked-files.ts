import { copyFile, link, mkdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { environment } from "../system/environment.ts";
import { stepFailure } from "../system/errors.ts";
import { sha256File } from "../system/files.ts";
import type { FetchContext, PackageFile } from "./backend.ts";

/** A file that is still to be had, and the name under which it is wanted. */
export interface WantedFile {
	package: PackageFile;
	target: string;
}

export interface FindOptions {
	/** `rootfs.pool` of the config. */
	pool: string | undefined;
	/** Where else this machine may have the file. */
	elsewhere?: ((one: PackageFile) => string) | undefined;
	/** Gets what it can from the mirrors; what it leaves is verified afterwards. */
	download(files: readonly WantedFile[]): Promise<void>;
	/** What the user can do about files that no mirror has any more. */
	hint: string;
}

/** Files of locked packages are kept by their hash, for all projects. */
const keptFolder = (): string =>
	join(environment().cacheDir, "packages", "locked");

/** See `PackageBackend.fetch`. */
export async function findLockedFiles(
	context: Pick<FetchContext, "log" | "signal">,
	packages: readonly PackageFile[],
	{ pool, elsewhere, download, hint }: FindOptions,
): Promise<string[]> {
	await mkdir(keptFolder(), { recursive: true });
	const found = new Map<string, string>();
	const wanted = new Map<string, WantedFile>();
	for (const one of packages) {
		if (found.has(one.sha256)) continue;
		const places = [
			keptName(one),
			...(pool ? [join(pool, poolName(one))] : []),
			...(elsewhere ? [elsewhere(one)] : []),
		];
		const place = await firstVerified(places, one.sha256);
		context.signal.throwIfAborted();
		if (place) found.set(one.sha256, place);
		else
			wanted.set(one.sha256, {
				package: one,
				target: `${keptName(one)}.tmp-${process.pid}`,
			});
	}
	try {
		if (wanted.size > 0) {
			context.log(`downloading ${wanted.size} locked packages`);
			await download([...wanted.values()]);
		}
		for (const [sha256, { package: one, target }] of wanted) {
			if (!(await firstVerified([target], sha256))) continue;
			await rename(target, keptName(one));
			found.set(sha256, keptName(one));
		}
	} finally {
		// apt leaves what was not as expected under the second name.
		for (const { target } of wanted.values())
			for (const leftover of [target, `${target}.FAILED`])
				await rm(leftover, { force: true });
	}
	const gone = [...wanted]
		.filter(([sha256]) => !found.has(sha256))
		.map(([, { package: one }]) => one);
	if (gone.length > 0) throw packagesGone(gone, hint);
	return packages.map(({ sha256 }) => found.get(sha256) ?? "");
}

/** A pool is a plain folder of files under the names that they have in their archive. */
export function poolName(one: Pick<PackageFile, "file">): string {
	return basename(one.file);
}

/** Puts a file into another folder, as a hard link where that is possible. */
export async function linkOrCopy(from: string, to: string): Promise<void> {
	await link(from, to).catch(() => copyFile(from, to));
}

const keptName = (one: PackageFile): string =>
	join(keptFolder(), `${one.sha256}-${poolName(one)}`);

async function firstVerified(
	places: readonly string[],
	sha256: string,
): Promise<string | undefined> {
	for (const place of places)
		if ((await sha256File(place).catch(() => undefined)) === sha256)
			return place;
	return undefined;
}

function packagesGone(gone: readonly PackageFile[], hint: string) {
	const names = gone
		.slice(0, 5)
		.map(({ name, version }) => `${name} ${version}`);
	const more = gone.length > 5 ? ` and ${gone.length - 5} more` : "";
	return stepFailure({
		code: "PACKAGE_GONE",
		message: `no mirror has these locked packages any more, with the locked hash: ${names.join(", ")}${more}`,
		hint,
	});
}
