import { availableParallelism } from "node:os";
import { join } from "node:path";
import { environment } from "../../system/environment.ts";
import type { RunOptions } from "../../system/process.ts";
import { findTool } from "../../system/tools.ts";

export interface MakeSettings {
	/** The source tree, which stays untouched. */
	tree: string;
	/** Where make writes (`O=`). */
	output: string;
	/** Seconds since 1970, for the time stamp in the kernel. */
	epoch: number;
	jobs?: number | undefined;
}

/**
 * Arguments and environment of `make` for a reproducible build
 * (Documentation/kbuild/reproducible-builds.rst), through ccache when it is installed.
 */
export function makeCommand(
	settings: MakeSettings,
	targets: readonly string[],
): { args: string[]; env: NonNullable<RunOptions["env"]> } {
	const ccache = findTool("ccache");
	return {
		args: [
			`--directory=${settings.tree}`,
			`O=${settings.output}`,
			"ARCH=x86_64",
			`--jobs=${settings.jobs ?? availableParallelism()}`,
			...(ccache ? ["CC=ccache gcc", "HOSTCC=ccache gcc"] : []),
			...targets,
		],
		env: {
			LC_ALL: "C",
			TZ: "UTC",
			KBUILD_BUILD_TIMESTAMP: timestamp(settings.epoch),
			KBUILD_BUILD_USER: "dock0",
			KBUILD_BUILD_HOST: "dock0",
			KBUILD_BUILD_VERSION: "1",
			// Set and empty: no `+` for a tree that git knows (scripts/setlocalversion).
			LOCALVERSION: "",
			// What the user's shell may hold would change the result behind our back.
			KCFLAGS: undefined,
			KBUILD_OUTPUT: undefined,
			MAKEFLAGS: undefined,
			...(ccache
				? {
						CCACHE_DIR: join(environment().cacheDir, "ccache"),
						CCACHE_COMPRESS: "1",
						CCACHE_MAXSIZE: "2G",
						// The output folder has another name each time.
						CCACHE_NOHASHDIR: "1",
					}
				: {}),
		},
	};
}

/** As date(1) prints it in the C locale: `Wed Jan  1 00:00:00 UTC 2025`. */
export function timestamp(epoch: number): string {
	const date = new Date(epoch * 1000);
	const [weekday = "", day = "", month = "", year = "", time = ""] = date
		.toUTCString()
		.replace(",", "")
		.split(" ");
	return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} UTC ${year}`;
}
