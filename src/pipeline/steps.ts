import { outsideFiles } from "../host/outside.ts";
import { dockerLinks } from "../image/docker-data.ts";
import { rootImageStep } from "../image/root.ts";
import { initramfsStep } from "../initramfs/step.ts";
import { toolsStep, wantedModules, wantedTools } from "../initramfs/tools.ts";
import { busyboxStep } from "../kernel/busybox.ts";
import { kernelStep } from "../kernel/plan.ts";
import type { AnyStep } from "../plan/step.ts";
import { contentsStep } from "../release/contents.ts";
import { manifestStep } from "../release/manifest.ts";
import { sbomStep } from "../release/sbom/step.ts";
import { trustedKeys } from "../release/signature.ts";
import { updateFiles } from "../release/update-files.ts";
import { trimmed, trimPatterns } from "../rootfs/customise/trim.ts";
import type { RootfsSettings } from "../rootfs/schema.ts";
import { customiseStep, packagesStep } from "../rootfs/step.ts";
import { wholeStep } from "../rootfs/whole.ts";
import { packageFile } from "../system/package-files.ts";
import { hostPackages } from "./host-packages.ts";
import { checkInit } from "./init-check.ts";
import { packageSource } from "./package-source.ts";
import type { PackagesStamp } from "./packages-stamp.ts";
import type { Project } from "./project.ts";

/** What a distribution calls the kernel (when the config does not say) and what goes into the initramfs. */
const packageNames = {
	debian: {
		kernel: "linux-image-cloud-amd64",
		busybox: "busybox-static",
		tools: {
			dmsetup: "dmsetup",
			e2fsprogs: "e2fsprogs",
			xfsprogs: "xfsprogs",
			btrfsProgs: "btrfs-progs",
			cryptsetup: "cryptsetup-bin",
			// tpm2-tools only leads to the libraries that systemd opens by name, whose packages each suite calls otherwise.
			tpm: ["systemd-cryptsetup", "tpm2-tools"] as readonly string[],
			openssl: "openssl",
			kexec: "kexec-tools",
		},
	},
	arch: {
		kernel: "linux",
		busybox: "busybox",
		tools: {
			dmsetup: "device-mapper",
			e2fsprogs: "e2fsprogs",
			xfsprogs: "xfsprogs",
			btrfsProgs: "btrfs-progs",
			cryptsetup: "cryptsetup",
			tpm: ["systemd", "tpm2-tss"],
			openssl: "openssl",
			kexec: "kexec-tools",
		},
	},
} as const;

export function packageNamesOf(settings: RootfsSettings) {
	const names = packageNames[settings.backend];
	// Before Debian 13, what deals with encrypted volumes was a part of systemd's package.
	return settings.backend === "debian" && settings.debian.suite === "bookworm"
		? { ...names, tools: { ...names.tools, tpm: ["systemd", "tpm2-tools"] } }
		: names;
}

/**
 * The graph of a release's steps. The kernel and busybox never enter the root by package, so that
 * they are fetched beside it.
 * @param stamp see packages-stamp.ts
 * @throws ExpectedError (exit code 2) when the config is for another init than it has.
 */
export async function releaseSteps(project: Project, stamp: PackagesStamp) {
	const { value: config } = project.config;
	checkInit(config);
	const { rootfs: settings, epoch } = config;
	const names = packageNamesOf(settings);
	const source = packageSource(settings, stamp);
	const packages = packagesStep(settings, {
		...("lock" in stamp ? { locked: stamp.lock.root } : stamp),
		epoch,
	});
	// The root is the same for every host: templates and scripts do not see what is one host's own.
	const { host: _, ...shared } = config;
	const customised = customiseStep({
		packages,
		settings,
		config: shared,
		epoch,
		movable: [project.directory, packageFile(".")],
	});
	const whole = wholeStep({ packages, customised, epoch });
	const kernel = await kernelStep({
		settings: config.kernel,
		packages: source,
		hostPackages: await hostPackages(project, stamp),
		defaultPackage: names.kernel,
		epoch,
	});
	const busybox = busyboxStep({ package: names.busybox, packages: source });
	const wanted = { verity: config.image.verity, state: config.state };
	const sets = wantedTools(wanted);
	const tools =
		sets.length > 0
			? toolsStep({ sets, packageNames: names.tools, packages: source })
			: undefined;
	const initramfs = initramfsStep({
		settings: {
			...config.initramfs,
			baseModules: [...config.initramfs.baseModules, ...wantedModules(wanted)],
		},
		state: config.state,
		kernel,
		busybox,
		tools,
	});
	const patterns = trimPatterns(settings.trim);
	const root = rootImageStep({
		packages,
		customised,
		whole,
		kernel,
		trim: {
			patterns: { ...patterns },
			of: (entries) => trimmed(entries, patterns),
		},
		files: {
			"usr/lib/dock0/state-paths": config.state.paths
				.map((path) => `${path}\n`)
				.join(""),
			...(await trustedKeys(config.release)),
			...updateFiles(config.update),
			...outsideFiles(config.identity),
		},
		links: dockerLinks(config.docker),
		settings: config.image,
		epoch,
	});
	const manifest = manifestStep({
		name: project.name,
		version: config.release.version,
		cmdline: config.kernel.cmdline,
		packages,
		kernel,
		initramfs,
		root,
		rootType: config.image.type,
	});
	const contents = contentsStep({ packages, root });
	const sbom = sbomStep({
		name: project.name,
		version: config.release.version,
		epoch,
		distribution:
			settings.backend === "debian"
				? { type: "deb", namespace: "debian", name: settings.debian.suite }
				: { type: "alpm", namespace: "arch" },
		packages,
		kernel,
		busybox,
	});
	return {
		packages,
		whole,
		kernel,
		busybox,
		initramfs,
		root,
		manifest,
		contents,
		sbom,
	};
}

/** The steps whose outputs make up the release's folder; they need all others. */
export function publishedSteps({
	manifest,
	kernel,
	initramfs,
	root,
	contents,
	sbom,
}: Awaited<ReturnType<typeof releaseSteps>>): AnyStep[] {
	return [manifest, kernel, initramfs, root, contents, sbom];
}
