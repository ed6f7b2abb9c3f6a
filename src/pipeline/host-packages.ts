import { hostAptPackages } from "../kernel/source/host-apt.ts";
import type { PackageSource } from "../plan/package-source.ts";
import { backendFor } from "../rootfs/backends.ts";
import { parseStanzas } from "../rootfs/debian/control.ts";
import { fetchFromHost } from "../rootfs/debian/fetch.ts";
import { hostSources } from "../rootfs/debian/sources.ts";
import { lockedSource, recorded } from "./package-source.ts";
import type { PackagesStamp } from "./packages-stamp.ts";
import type { Project } from "./project.ts";

/** Where a kernel's `linux-source` package comes from: the build host's own apt, or the lock. */
export async function hostPackages(
	project: Project,
	stamp: PackagesStamp,
): Promise<PackageSource | undefined> {
	const { kernel, rootfs } = project.config.value;
	if (kernel.source !== "debian") return undefined;
	if ("refresh" in stamp) {
		const source = await hostAptPackages([kernel.sourcePackage]);
		return recorded({
			// Not the stamp of this project: the version that apt offers is among these, and a compile is long.
			inputs: source.inputs,
			async extract(context, packages, target) {
				await source.extract(context, packages, target);
				const { stdout } = await context.run(
					"apt-cache",
					["show", "--no-all-versions", ...packages],
					{ onLine: () => {} },
				);
				return parseStanzas(stdout).map(({ origin }) => origin);
			},
		});
	}
	const { unpack, describe } = backendFor({ ...rootfs, backend: "debian" });
	return lockedSource(stamp.lock.host, {
		fetch: (context, files) =>
			fetchFromHost(context, hostSources(), rootfs.pool, files),
		unpack,
		describe,
	});
}
