import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ExtractContext } from "../../plan/package-source.ts";
import { ExpectedError } from "../../system/errors.ts";
import { run } from "../../system/process.ts";

/**
 * The commit that a branch, a tag or `HEAD` of a repository is now; a full commit id stays as it is.
 * @throws ExpectedError KERNEL_GIT_REF when the repository or the reference does not exist.
 */
export async function resolveCommit(url: string, ref: string): Promise<string> {
	if (/^[0-9a-f]{40}$/.test(ref)) return ref;
	const { stdout, stderr, exitCode } = await run(
		"git",
		["ls-remote", url, ref, `${ref}^{}`],
		{ okExitCodes: [0, 128], env: { GIT_TERMINAL_PROMPT: "0" } },
	);
	const lines = stdout.split("\n").map((line) => line.split("\t"));
	// An annotated tag is listed twice; the line with ^{} is the commit.
	const commit =
		lines.find(([, name]) => name?.endsWith("^{}"))?.[0] ?? lines[0]?.[0];
	if (exitCode === 0 && commit) return commit;
	throw new ExpectedError({
		code: "KERNEL_GIT_REF",
		message:
			exitCode === 0
				? `the repository ${url} has no '${ref}'`
				: `cannot read the repository ${url}: ${stderr.trim().split("\n")[0]}`,
		hint: "set kernel.git to a URL or an absolute path, and kernel.ref to a branch, a tag or a full commit id",
	});
}

/** Fetches one commit, without history, and writes its files as a tar archive to `target`. */
export async function archiveCommit(
	context: ExtractContext,
	url: string,
	commit: string,
	target: string,
): Promise<void> {
	const repository = join(context.temp, "repository");
	await mkdir(repository);
	const git = (args: readonly string[]) =>
		context.run("git", ["-C", repository, ...args], {
			env: { GIT_TERMINAL_PROMPT: "0" },
		});
	await git(["init", "--quiet", "--bare"]);
	await git(["fetch", "--depth", "1", url, commit]);
	await git([
		"archive",
		"--format=tar",
		"--prefix=linux/",
		"-o",
		target,
		commit,
	]);
}
