import { join } from "node:path";
import { removeTree } from "../../system/namespace.ts";
import { requireTool } from "../../system/tools.ts";
import { packArguments } from "../archive.ts";
import type { BackendContext, InstallOptions } from "../backend.ts";
import { requireExactly, writeList } from "../package-lists.ts";
import type { RootfsSettings } from "../schema.ts";
import { scrubScript } from "../scrub.ts";
import { lockedOffer, mirrorOffer, type Offer } from "./offer.ts";
import { listPackages, originsOf } from "./package-list.ts";

/**
 * What mmdebstrap leaves of its own set-up, or takes from this machine. Without apt in the tree, its
 * sources are of no use; with it, the path of our keyring is.
 */
const tidyScript = `
tidy() {
	tree=$1
	rm -f "$tree"/etc/apt/apt.conf.d/99mmdebstrap "$tree"/etc/dpkg/dpkg.cfg.d/99mmdebstrap \\
		"$tree"/etc/hostname
	[ -L "$tree/etc/resolv.conf" ] || rm -f "$tree/etc/resolv.conf"
	rm -rf "$tree"/var/lib/apt/lists/* "$tree"/var/cache/apt/*
	if [ -n "\${DOCK0_SOURCES:-}" ]; then
		rm -rf "$tree"/etc/apt/sources.list.d/*
		printf '%s\\n' "$DOCK0_SOURCES" > "$tree"/etc/apt/sources.list
	fi
	if [ -e "$tree/usr/bin/apt-get" ]; then
		sed -i 's/^deb \\[signed-by=[^] ]*\\] /deb /' "$tree"/etc/apt/sources.list "$tree"/etc/apt/sources.list.d/*.list 2>/dev/null || true
	else
		rm -rf "$tree"/etc/apt/sources.list "$tree"/etc/apt/sources.list.d/*
	fi
}
`;

/** Runs the arguments after `--` (mmdebstrap) on `$1`, then tidies; `$2` is the epoch. */
const installScript = `
${scrubScript}
${tidyScript}
tree=$1 epoch=$2
shift 2
umask 022
"$@" 2>&1
tidy "$tree"
scrub "$tree" "$epoch"
`;

/** See `PackageBackend.install`. */
export async function installDebian(
	context: BackendContext,
	settings: RootfsSettings,
	{ epoch, locked }: InstallOptions,
): Promise<void> {
	requireTool("mmdebstrap");
	requireTool("tar");
	const offer = locked
		? await lockedOffer(context, settings, locked)
		: await mirrorOffer(context, settings);
	const tree = join(context.temp, "tree");
	try {
		await context.runInNamespace(
			"sh",
			[
				"-euc",
				installScript,
				"sh",
				tree,
				String(epoch),
				...mmdebstrapCommand(settings, offer, tree),
			],
			{
				env: {
					DOCK0_ARCHIVES: offer.archives,
					DOCK0_LISTS: offer.lists,
					DOCK0_SOURCES: offer.treeSources,
					// mmdebstrap and useradd write this time instead of now.
					SOURCE_DATE_EPOCH: String(epoch),
					DEBIAN_FRONTEND: "noninteractive",
					LC_ALL: "C.UTF-8",
					TMPDIR: context.temp,
				},
			},
		);
		const packages = await listPackages(context, tree);
		if (locked) requireExactly(packages, locked);
		const origins = originsOf(packages, await offer.stanzas(packages));
		await writeList(context, "packages.json", packages);
		await writeList(context, "origins.json", origins);
		await context.runInNamespace(
			"tar",
			packArguments(tree, join(context.out, "rootfs.tar"), epoch),
		);
	} finally {
		await offer.release();
		await removeTree(tree);
	}
}

/** We are root of a namespace already, so mmdebstrap has to make none (its mode `root`). */
function mmdebstrapCommand(
	{ debian }: RootfsSettings,
	{ variant, include, aptOptions, sourcesFile }: Offer,
	tree: string,
): string[] {
	const options = [
		'APT::Sandbox::User "root"',
		'Acquire::Languages "none"',
		...aptOptions,
		...debian.aptOptions,
	];
	return [
		"mmdebstrap",
		"--mode=root",
		"--format=directory",
		"--verbose",
		`--variant=${variant}`,
		...(include.length > 0 ? [`--include=${include.join(",")}`] : []),
		...options.map((option) => `--aptopt=${option}`),
		// The tree is thrown away when we are interrupted, so nothing has to reach the disk in order.
		"--dpkgopt=force-unsafe-io",
		`--setup-hook=${mountCacheHook}`,
		`--customize-hook=${unmountCacheHook}`,
		// The cache is not ours to clean, the signed-by is given, and /sys is of no use to a package.
		"--skip=update,download/empty,essential/unlink,cleanup/apt,check/signed-by,check/qemu,chroot/mount/sys",
		debian.suite,
		tree,
		sourcesFile,
	];
}

const mountCacheHook =
	'mkdir -p "$1/var/cache/apt/archives" "$1/var/lib/apt/lists" && mount --bind "$DOCK0_ARCHIVES" "$1/var/cache/apt/archives" && mount --bind "$DOCK0_LISTS" "$1/var/lib/apt/lists"';
const unmountCacheHook =
	'umount "$1/var/cache/apt/archives" "$1/var/lib/apt/lists"';
