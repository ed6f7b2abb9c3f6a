import { ExpectedError } from "../../system/errors.ts";
import { run } from "../../system/process.ts";
import { findTool } from "../../system/tools.ts";

/** Debian's package for each program that Linux 6.x needs for a build (Documentation/process/changes.rst). */
const packages: Readonly<Record<string, string>> = {
	gcc: "gcc",
	ld: "binutils",
	make: "make",
	flex: "flex",
	bison: "bison",
	bc: "bc",
	perl: "perl",
	zstd: "zstd",
	xz: "xz-utils",
	patch: "patch",
	depmod: "kmod",
	tar: "tar",
};

/** Programs whose version changes what comes out of the compiler or of Kconfig's questions to it. */
export const compilerTools = ["gcc", "ld"] as const;

/**
 * Checks that all of `tools` are there, and names every missing one with its package at once.
 * @throws ExpectedError TOOL_MISSING (exit code 1).
 */
export function requireBuildTools(
	tools: readonly string[] = Object.keys(packages),
): void {
	const missing = tools.filter((tool) => !findTool(tool));
	if (missing.length === 0) return;
	throw new ExpectedError(
		{
			code: "TOOL_MISSING",
			message: `compiling a kernel needs ${missing.join(", ")}, not installed on this machine`,
			hint: `on Debian: apt-get install ${missing.map((tool) => packages[tool] ?? tool).join(" ")}`,
		},
		{ exitCode: 1 },
	);
}

/**
 * Checks that the C headers of a library are there, before minutes go by.
 * @throws ExpectedError TOOL_MISSING (exit code 1) naming Debian's package.
 */
export async function requireHeader(
	header: string,
	debianPackage: string,
): Promise<void> {
	const { exitCode } = await run("gcc", ["-fsyntax-only", "-x", "c", "-"], {
		input: `#include <${header}>\n`,
		okExitCodes: [0, 1],
	});
	if (exitCode === 0) return;
	throw new ExpectedError(
		{
			code: "TOOL_MISSING",
			message: `compiling this kernel needs the C header ${header}, not installed on this machine`,
			hint: `on Debian: apt-get install ${debianPackage}`,
		},
		{ exitCode: 1 },
	);
}
