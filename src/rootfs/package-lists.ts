import { join } from "node:path";
import { stepFailure } from "../system/errors.ts";
import { writeFileAtomically } from "../system/files.ts";
import type { BackendContext, PackageFile, PackageRecord } from "./backend.ts";

/** Writes a list of packages as an output of the running step. */
export function writeList(
	{ out }: Pick<BackendContext, "out">,
	name: "packages.json" | "origins.json",
	list: readonly object[],
): Promise<void> {
	return writeFileAtomically(
		join(out, name),
		`${JSON.stringify(list, null, "\t")}\n`,
	);
}

/** @throws ExpectedError when other packages were installed than locked. */
export function requireExactly(
	installed: readonly PackageRecord[],
	locked: readonly PackageFile[],
): void {
	const key = ({ name, version }: { name: string; version: string }) =>
		`${name} ${version}`;
	const wanted = new Set(locked.map(key));
	const got = new Set(installed.map(key));
	const differing = [
		...[...wanted].filter((one) => !got.has(one)),
		...[...got].filter((one) => !wanted.has(one)),
	];
	if (differing.length === 0) return;
	throw stepFailure({
		code: "LOCK_FILE_STALE",
		message: `the locked packages are not what the config asks for: ${differing.slice(0, 8).join(", ")}`,
		hint: "make a new lock: dock0 lock --update",
	});
}
