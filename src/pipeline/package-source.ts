import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson } from "../plan/canonical.ts";
import type { PackageSource } from "../plan/package-source.ts";
import type {
	ExtractOptions,
	PackageFile,
	PackageOrigin,
} from "../rootfs/backend.ts";
import { backendFor } from "../rootfs/backends.ts";
import type { Lock } from "../rootfs/lock.ts";
import type { RootfsSettings } from "../rootfs/schema.ts";
import { stepFailure } from "../system/errors.ts";
import { sha256, writeFileAtomically } from "../system/files.ts";
import type { PackagesStamp } from "./packages-stamp.ts";

/** What a step that unpacks packages leaves beside its own outputs: origins by the name that was asked for. */
export type UnpackedOrigins = Readonly<Record<string, PackageOrigin[]>>;

/** Its name in the step's output folder. */
export const originsFile = "origins.json";

/**
 * Where the steps of a project get packages for unpacking: what the mirrors offer, or the locked ones.
 * Either way the step leaves an `origins.json` of the type `UnpackedOrigins`.
 */
export function packageSource(
	settings: RootfsSettings,
	stamp: PackagesStamp,
): PackageSource {
	const backend = backendFor(settings);
	if ("lock" in stamp)
		return lockedSource(stamp.lock.unpacked, {
			fetch: (context, files) => backend.fetch(context, settings, files),
			unpack: backend.unpack,
			describe: backend.describe,
		});
	const inputs = backend.inputs(settings);
	return recorded({
		inputs: { ...inputs, values: { ...inputs.values, refresh: stamp.refresh } },
		extract: (context, packages, target, options) =>
			backend.extract(context, settings, packages, target, options),
	});
}

type Extract<Result> = (
	context: Parameters<PackageSource["extract"]>[0],
	packages: readonly string[],
	target: string,
	options?: ExtractOptions,
) => Promise<Result>;

/** Leaves what `extract` tells of each name. */
export function recorded(source: {
	inputs: PackageSource["inputs"];
	extract: Extract<PackageOrigin[]>;
}): PackageSource {
	return {
		inputs: source.inputs,
		async extract(context, packages, target, options) {
			const origins: Record<string, PackageOrigin[]> = {};
			for (const name of packages)
				origins[name] = await source.extract(context, [name], target, options);
			await writeFileAtomically(
				join(context.out, originsFile),
				`${JSON.stringify(origins, null, "\t")}\n`,
			);
		},
	};
}

/** What `lockedSource` needs to know of a package format. */
interface LockedPackages {
	fetch(
		context: Parameters<PackageSource["extract"]>[0],
		files: readonly PackageFile[],
	): Promise<string[]>;
	unpack(
		context: Parameters<PackageSource["extract"]>[0],
		file: string,
		target: string,
	): Promise<void>;
	describe(
		context: Parameters<PackageSource["extract"]>[0],
		file: string,
	): Promise<PackageOrigin>;
}

/** Unpacks what the lock names and nothing else. */
export function lockedSource(
	locked: Lock["unpacked"],
	{ fetch, unpack, describe }: LockedPackages,
): PackageSource {
	return recorded({
		inputs: { values: { locked: sha256(canonicalJson(locked)) } },
		async extract(context, [name = ""], target) {
			const files = locked[name];
			if (!files)
				throw stepFailure({
					code: "LOCK_FILE_STALE",
					message: `the lock has no package '${name}', which this build unpacks`,
					hint: "make it anew: dock0 lock --update",
				});
			await mkdir(target, { recursive: true });
			const origins: PackageOrigin[] = [];
			for (const [at, path] of (await fetch(context, files)).entries()) {
				await unpack(context, path, target);
				origins.push({ ...(await describe(context, path)), ...files[at] });
			}
			return origins;
		},
	});
}
