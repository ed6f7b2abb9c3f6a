import { accessSync, constants, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { environment } from "./environment.ts";
import { ExpectedError, type ProblemDetails } from "./errors.ts";
import { isSettled, writeFileAtomically } from "./files.ts";

/** Debian's package for each host tool that we start; used in messages and by `dock0 doctor`. */
export const toolPackages = {
	"apt-get": "apt",
	bsdtar: "libarchive-tools",
	depmod: "kmod",
	"dpkg-deb": "dpkg",
	"dpkg-query": "dpkg",
	flock: "util-linux",
	gpg: "gpg",
	"grub-mkimage": "grub-common",
	makepkg: "makepkg",
	mcopy: "mtools",
	"mkfs.erofs": "erofs-utils",
	"mkfs.ext4": "e2fsprogs",
	"mkfs.vfat": "dosfstools",
	mksquashfs: "squashfs-tools",
	mmd: "mtools",
	mmdebstrap: "mmdebstrap",
	newuidmap: "uidmap",
	pacman: "pacman-package-manager",
	"pacman-key": "pacman-package-manager",
	"qemu-img": "qemu-utils",
	"qemu-system-x86_64": "qemu-system-x86",
	sbsign: "sbsigntool",
	sfdisk: "fdisk",
	sqfstar: "squashfs-tools",
	ssh: "openssh-client",
	setpriv: "util-linux",
	tar: "tar",
	unshare: "util-linux",
	unsquashfs: "squashfs-tools",
	xorriso: "xorriso",
	xz: "xz-utils",
	zstd: "zstd",
} as const;

/** Finds an executable on PATH, with the sbin folders that a user's PATH lacks on Debian. */
export function findTool(name: string): string | undefined {
	if (name.includes("/")) return name;
	const path = `${environment().env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`;
	for (const folder of path.split(delimiter)) {
		const candidate = join(folder, name);
		try {
			accessSync(candidate, constants.X_OK);
			if (statSync(candidate).isFile()) return candidate;
		} catch {
			// not here
		}
	}
	return undefined;
}

/** The problem to report when `name` is not installed. */
export function missingToolProblem(name: string): ProblemDetails {
	const known: Readonly<Record<string, string>> = toolPackages;
	const pkg = known[name];
	return {
		code: "TOOL_MISSING",
		message: `the program '${name}' is not installed on this machine`,
		hint: pkg
			? `on Debian: apt-get install ${pkg}`
			: `install '${name}' and put it on PATH`,
	};
}

/** Finds `name` or throws an `ExpectedError` (exit code 1) that names its package. */
export function requireTool(name: string): string {
	const path = findTool(name);
	if (!path) throw new ExpectedError(missingToolProblem(name), { exitCode: 1 });
	return path;
}

const versionFlags: Readonly<Record<string, string>> = {
	"mkfs.erofs": "-V",
	mksquashfs: "-version",
	sqfstar: "-version",
	unsquashfs: "-version",
};

type Asker = (path: string, args: readonly string[]) => Promise<string>;

/**
 * The first line with a number of the tool's version output, part of a step's inputs. Remembered on disk by the
 * executable's path, inode, size, and times of the last change of content and of inode, so that asking costs one
 * stat and an upgrade is always noticed. One that changed within the last seconds is asked again.
 */
export async function toolVersion(name: string, ask: Asker): Promise<string> {
	const path = requireTool(name);
	const now = Date.now();
	const stats = statSync(path, { bigint: true });
	const { dev, ino, size, mtimeNs, ctimeNs } = stats;
	const memoKey = [path, dev, ino, size, mtimeNs, ctimeNs].join(":");
	const memoFile = join(environment().cacheDir, "tool-versions.json");
	const remembered = (await readMemo(memoFile))[memoKey];
	if (remembered !== undefined) return remembered;
	const output = await ask(path, [versionFlags[name] ?? "--version"]);
	// pacman draws its mascot around the version.
	const lines = output.split("\n").map((line) => line.trim());
	const version = lines.find((line) => /\d/.test(line)) ?? lines[0] ?? "";
	if (isSettled(stats, now)) {
		const others = Object.entries(await readMemo(memoFile)).filter(
			([key]) => !key.startsWith(`${path}:`),
		);
		await writeFileAtomically(
			memoFile,
			JSON.stringify(Object.fromEntries([...others, [memoKey, version]])),
		);
	}
	return version;
}

async function readMemo(file: string): Promise<Record<string, string>> {
	try {
		return JSON.parse(await readFile(file, "utf8")) as Record<string, string>;
	} catch {
		return {};
	}
}
