import type { PackageSource } from "../../plan/package-source.ts";
import type { KernelSettings } from "../schema.ts";
import { resolveCommit } from "./git.ts";
import { hostAptPackages } from "./host-apt.ts";
import { resolveRelease } from "./kernel-org.ts";

/** A source of which each byte is decided: a moving name such as `latest` or a branch has been looked up. */
export type PinnedSource =
	| { kind: "debian"; package: string; packages: PackageSource }
	| {
			kind: "release";
			version: string;
			/** The .tar.xz. */
			url: string;
			/** Detached OpenPGP signature of the unpacked tar. */
			signatureUrl: string;
			sha256: string | undefined;
			keyring: string | undefined;
			signers: readonly string[];
	  }
	| { kind: "tarball"; path: string; sha256: string | undefined }
	| { kind: "git"; url: string; commit: string };

/**
 * Looks up what the config names: a release in the list of releases, a commit of a git reference.
 * `packages` is where a `debian` source package comes from; without it the build host's apt.
 * @throws ExpectedError when it cannot be found.
 */
export async function pinSource(
	settings: KernelSettings,
	packages?: PackageSource,
): Promise<PinnedSource> {
	switch (settings.source) {
		case "release": {
			const release = await resolveRelease(
				settings.version,
				settings.releasesUrl,
			);
			return {
				kind: "release",
				...release,
				sha256: settings.sha256,
				keyring: settings.keyring,
				signers: settings.signers,
			};
		}
		case "tarball":
			return {
				kind: "tarball",
				path: settings.tarball ?? "",
				sha256: settings.sha256,
			};
		case "git": {
			const url = settings.git ?? "";
			return {
				kind: "git",
				url,
				commit: await resolveCommit(url, settings.ref),
			};
		}
		case "debian":
			return {
				kind: "debian",
				package: settings.sourcePackage,
				packages: packages ?? (await hostAptPackages([settings.sourcePackage])),
			};
		case "package":
			throw new Error("a packaged kernel has no source to pin");
	}
}
