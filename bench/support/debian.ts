import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { loadProject } from "../../src/pipeline/project.ts";
import {
	type AptRoot,
	hostAptOptions,
	prepareAptRoot,
} from "../../src/rootfs/debian/apt-root.ts";
import { environment } from "../../src/system/environment.ts";
import { run } from "../../src/system/process.ts";
import { dock0 } from "../../test/e2e/support/dock0.ts";

/** A peer's way to the packages that dock0's host has: the same mirrors, and a folder to keep downloads in. */
export interface DebianPeer {
	suite: string;
	packages: readonly string[];
	/** dock0's own view of this machine's mirrors. */
	apt: AptRoot;
	/** Lines of apt.conf(5) by which this machine reaches them. */
	aptOptions: readonly string[];
	/** `bench/NAME` in the cache. */
	folder: string;
}

export async function debianPeer(
	layers: readonly string[],
	name: string,
): Promise<DebianPeer> {
	const { rootfs, kernel } = (await loadProject({ files: layers })).config
		.value;
	const context = {
		run,
		log: () => undefined,
		signal: new AbortController().signal,
	};
	const folder = join(environment().cacheDir, "bench", name);
	await mkdir(folder, { recursive: true });
	return {
		suite: rootfs.debian.suite,
		packages: [
			...rootfs.packages,
			"package" in kernel && kernel.package
				? String(kernel.package)
				: "linux-image-cloud-amd64",
		],
		apt: await prepareAptRoot(context, rootfs.debian),
		aptOptions: await hostAptOptions(context),
		folder,
	};
}

/** A build of dock0 from nothing but downloaded packages. */
export async function coldBuild(
	layers: readonly string[],
	output: string,
	cache: string,
): Promise<void> {
	await mkdir(cache, { recursive: true });
	await run("cp", [
		...["--archive", "--link"],
		join(environment().cacheDir, "packages"),
		cache,
	]);
	const { exitCode, stderr } = await dock0(
		["build", ...layers, "--output", output],
		{ env: { DOCK0_CACHE_DIR: cache } },
	);
	if (exitCode !== 0)
		throw new Error(`the build ended with ${exitCode}:\n${stderr}`);
}
