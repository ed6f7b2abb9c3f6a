import { mkdir, statfs } from "node:fs/promises";
import { environment } from "../system/environment.ts";
import { runInNamespace } from "../system/namespace.ts";
import { findTool, missingToolProblem } from "../system/tools.ts";
import { chooseAccelerator } from "../vm/accelerator.ts";

export interface Check {
	name: string;
	state: "fine" | "note" | "broken";
	/** What was found. */
	found: string;
	/** What to do about it; absent when fine. */
	fix?: string;
}

/** The host programs of each part of the product, so that the reader sees what a missing one costs. */
const toolsByUse = {
	"every build": ["unshare", "setpriv", "flock", "tar", "mksquashfs", "zstd"],
	"Debian roots": ["mmdebstrap", "dpkg-deb", "apt-get"],
	"Arch roots": ["pacman", "bsdtar", "gpg"],
	"kernel modules": ["depmod", "xz"],
	"dock0 boot": ["qemu-system-x86_64", "mkfs.ext4"],
} as const;

/** Bytes that a first build of the Debian profile needs in the cache, measured and rounded up. */
const wantedBytes = 3_000_000_000;

/** Looks at everything on this machine that a build or a boot relies on. */
export async function examineHost(): Promise<Check[]> {
	return [
		...Object.entries(toolsByUse).map(([use, tools]) => checkTools(use, tools)),
		await checkNamespaces(),
		await checkSpace(),
		await checkAcceleration(),
	];
}

function checkTools(use: string, tools: readonly string[]): Check {
	const missing = tools.filter((tool) => !findTool(tool));
	if (missing.length === 0)
		return {
			name: `programs for ${use}`,
			state: "fine",
			found: tools.join(", "),
		};
	return {
		name: `programs for ${use}`,
		state: "broken",
		found: `missing: ${missing.join(", ")}`,
		fix: [
			...new Set(missing.map((tool) => missingToolProblem(tool).hint ?? tool)),
		].join("; "),
	};
}

async function checkNamespaces(): Promise<Check> {
	const name = environment().isRoot ? "namespaces" : "user namespaces";
	try {
		await runInNamespace("true", []);
		return { name, state: "fine", found: "a process can be root of its own" };
	} catch {
		const user = environment().userName;
		return {
			name,
			state: "broken",
			found: "a process could not become root of its own namespaces",
			fix: findTool("newuidmap")
				? `give ${user} subordinate ids: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user}; and see sysctl kernel.unprivileged_userns_clone`
				: "on Debian: apt-get install uidmap",
		};
	}
}

async function checkSpace(): Promise<Check> {
	const { cacheDir } = environment();
	await mkdir(cacheDir, { recursive: true });
	const { bavail, bsize } = await statfs(cacheDir);
	const free = bavail * bsize;
	const found = `${(free / 1e9).toFixed(1)} GB free for ${cacheDir}`;
	return free >= wantedBytes
		? { name: "disk space", state: "fine", found }
		: {
				name: "disk space",
				state: "note",
				found,
				fix: "dock0 clean, or put DOCK0_CACHE_DIR on a larger disk",
			};
}

async function checkAcceleration(): Promise<Check> {
	const name = "virtual machines";
	if (!findTool("qemu-system-x86_64"))
		return {
			name,
			state: "note",
			found: "QEMU is not installed, so dock0 boot cannot work",
		};
	const { accelerator, reason } = await chooseAccelerator("auto");
	return accelerator === "kvm"
		? { name, state: "fine", found: "KVM works" }
		: {
				name,
				state: "note",
				found: `QEMU emulates the processor, which is slow: ${reason}`,
				fix: "use a machine with working KVM, and add yourself to the group kvm",
			};
}
