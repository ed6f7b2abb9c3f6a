import { join } from "node:path";
import { writeFileAtomically } from "../../system/files.ts";
import { acquireLock } from "../../system/lock.ts";
import { removeTree } from "../../system/namespace.ts";
import { requireTool } from "../../system/tools.ts";
import { packArguments } from "../archive.ts";
import type { BackendContext, InstallOptions } from "../backend.ts";
import type { RootfsSettings } from "../schema.ts";
import { scrubScript } from "../scrub.ts";
import { type AptRoot, hostAptOptions, prepareAptRoot } from "./apt-root.ts";
import { listPackages } from "./package-list.ts";

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
	{ epoch }: InstallOptions,
): Promise<void> {
	requireTool("mmdebstrap");
	requireTool("tar");
	const apt = await prepareAptRoot(context, settings.debian);
	const tree = join(context.temp, "tree");
	const lists = join(context.temp, "lists");
	// apt replaces its indexes by rename, so links are a snapshot that a parallel update cannot change.
	await context.run("cp", ["--archive", "--link", apt.lists, lists]);
	const lock = await acquireLock(join(apt.folder, "archives.lock"), {
		signal: context.signal,
		onWait: () => context.log("waiting for another dock0 to install packages"),
	});
	try {
		await context.runInNamespace(
			"sh",
			[
				"-euc",
				installScript,
				"sh",
				tree,
				String(epoch),
				...mmdebstrapCommand(
					settings,
					apt,
					tree,
					await hostAptOptions(context),
				),
			],
			{
				env: {
					DOCK0_ARCHIVES: apt.archives,
					DOCK0_LISTS: lists,
					// mmdebstrap and useradd write this time instead of now.
					SOURCE_DATE_EPOCH: String(epoch),
					DEBIAN_FRONTEND: "noninteractive",
					LC_ALL: "C.UTF-8",
					TMPDIR: context.temp,
				},
			},
		);
		const packages = await listPackages(context, tree);
		await writeFileAtomically(
			join(context.out, "packages.json"),
			`${JSON.stringify(packages, null, "\t")}\n`,
		);
		await context.runInNamespace(
			"tar",
			packArguments(tree, join(context.out, "rootfs.tar"), epoch),
		);
	} finally {
		await lock.release();
		await removeTree(tree);
		await removeTree(lists);
	}
}

/** We are root of a namespace already, so mmdebstrap has to make none (its mode `root`). */
function mmdebstrapCommand(
	{ debian, packages }: RootfsSettings,
	apt: AptRoot,
	tree: string,
	hostOptions: readonly string[],
): string[] {
	const aptOptions = [
		'APT::Sandbox::User "root"',
		'Acquire::Languages "none"',
		...hostOptions,
		...debian.aptOptions,
	];
	return [
		"mmdebstrap",
		"--mode=root",
		"--format=directory",
		"--verbose",
		`--variant=${debian.variant}`,
		...(packages.length > 0 ? [`--include=${packages.join(",")}`] : []),
		...aptOptions.map((option) => `--aptopt=${option}`),
		// The tree is thrown away when we are interrupted, so nothing has to reach the disk in order.
		"--dpkgopt=force-unsafe-io",
		`--setup-hook=${mountCacheHook}`,
		`--customize-hook=${unmountCacheHook}`,
		// The cache is not ours to clean, the signed-by is given, and /sys is of no use to a package.
		"--skip=update,download/empty,essential/unlink,cleanup/apt,check/signed-by,check/qemu,chroot/mount/sys",
		debian.suite,
		tree,
		apt.sourcesFile,
	];
}

const mountCacheHook =
	'mkdir -p "$1/var/cache/apt/archives" "$1/var/lib/apt/lists" && mount --bind "$DOCK0_ARCHIVES" "$1/var/cache/apt/archives" && mount --bind "$DOCK0_LISTS" "$1/var/lib/apt/lists"';
const unmountCacheHook =
	'umount "$1/var/cache/apt/archives" "$1/var/lib/apt/lists"';
