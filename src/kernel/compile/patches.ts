import { lstat, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import type { ExtractContext } from "../../plan/package-source.ts";
import { ExpectedError, stepFailure } from "../../system/errors.ts";

export interface Patch {
	path: string;
	kind: "diff" | "program";
}

/**
 * Opens folders (their files sorted by name) and tells diffs from executables.
 * @throws ExpectedError KERNEL_PATCH_MISSING.
 */
export async function listPatches(paths: readonly string[]): Promise<Patch[]> {
	const patches: Patch[] = [];
	for (const path of paths) {
		const stats = await lstat(path).catch(() => undefined);
		if (!stats)
			throw new ExpectedError({
				code: "KERNEL_PATCH_MISSING",
				message: `there is no patch ${path}`,
				hint: "paths in kernel.patches are relative to the file that names them",
			});
		if (stats.isDirectory()) {
			const names = (await readdir(path)).filter(
				(name) => !/^\.|~$/.test(name),
			);
			patches.push(
				...(await listPatches(names.sort().map((name) => join(path, name)))),
			);
		} else {
			const isProgram = (stats.mode & 0o111) !== 0;
			patches.push({ path, kind: isProgram ? "program" : "diff" });
		}
	}
	return patches;
}

/**
 * Applies a diff (patch -p1) to the tree or runs an executable in it.
 * @throws ExpectedError KERNEL_PATCH_FAILED naming each hunk, its file and line.
 */
export async function applyPatch(
	context: Pick<ExtractContext, "run" | "log">,
	patch: Patch,
	tree: string,
): Promise<void> {
	context.log(`applying ${basename(patch.path)}`);
	if (patch.kind === "program") {
		await context.run(patch.path, [], {
			cwd: tree,
			env: { KERNEL_TREE: tree },
		});
		return;
	}
	const { exitCode, stdout, stderr } = await context.run(
		"patch",
		[
			"--strip=1",
			"--forward",
			"--batch",
			"--no-backup-if-mismatch",
			"--reject-file=-",
			`--input=${patch.path}`,
		],
		{ cwd: tree, okExitCodes: [0, 1, 2], env: { LC_ALL: "C" } },
	);
	for (const line of stdout.split("\n")) if (line) context.log(line);
	if (exitCode === 0) return;
	const failures = failedHunks(stdout);
	throw stepFailure({
		code: "KERNEL_PATCH_FAILED",
		message: `the patch ${patch.path} does not apply: ${failures.length > 0 ? failures.join("; ") : lastLine(stdout) || lastLine(stderr)}`,
		hint: "it may be for another version, or be in the sources already",
	});
}

/** `hunk 2 of fs/foo.c (at line 123)` and the like from patch(1)'s output. */
export function failedHunks(output: string): string[] {
	const failures: string[] = [];
	let file = "an unknown file";
	let named: string | undefined;
	for (const line of output.split("\n")) {
		file = /^(?:checking|patching) file '?(.+?)'?$/.exec(line)?.[1] ?? file;
		// The header of a file that could not be found: `|+++ b/fs/foo.c`.
		named = /^\|\+\+\+ (?:b\/)?(\S+)/.exec(line)?.[1] ?? named;
		const hunk = /^Hunk #(\d+) (?:FAILED|ignored) at (\d+)/.exec(line);
		if (hunk) failures.push(`hunk ${hunk[1]} of ${file} (at line ${hunk[2]})`);
		if (/^can't find file to patch/.test(line)) named = undefined;
		if (/^No file to patch/.test(line))
			failures.push(`there is no file ${named ?? "of that name"}`);
		if (/previously applied\) patch detected/.test(line))
			failures.push(`${file} has this change already`);
	}
	return failures;
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";
