import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import { stepFailure } from "../system/errors.ts";

/** A kernel as a distribution's package lays it out. */
export interface InstalledKernel {
	/** What `uname -r` will say. */
	version: string;
	/** Absolute path of the kernel image. */
	vmlinuz: string;
	/** Absolute path of the folder with modules.builtin and `kernel/`. */
	modules: string;
	/** Absolute path of its .config, which Debian ships beside the image. */
	config: string | undefined;
}

/**
 * Finds the one kernel in an unpacked package tree: Debian has boot/vmlinuz-VERSION with
 * lib/modules/VERSION (usr/lib from Debian 13 on), Arch has usr/lib/modules/VERSION/vmlinuz.
 * @throws ExpectedError KERNEL_NOT_IN_PACKAGE when there is none, or more than one.
 */
export async function findInstalledKernel(
	root: string,
	packageName: string,
): Promise<InstalledKernel> {
	const found: InstalledKernel[] = [];
	for (const folder of ["usr/lib/modules", "lib/modules"]) {
		for (const version of await names(join(root, folder))) {
			const modules = join(root, folder, version);
			const vmlinuz = await firstExisting([
				join(root, "boot", `vmlinuz-${version}`),
				join(modules, "vmlinuz"),
			]);
			const known = found.some((one) => one.version === version);
			const config = await firstExisting([
				join(root, "boot", `config-${version}`),
			]);
			if (vmlinuz && !known) found.push({ version, vmlinuz, modules, config });
		}
	}
	const [kernel] = found;
	if (kernel && found.length === 1) return kernel;
	throw stepFailure({
		code: "KERNEL_NOT_IN_PACKAGE",
		message: kernel
			? `package ${packageName} holds more than one kernel: ${found.map(({ version }) => version).join(", ")}`
			: `package ${packageName} holds no kernel: no vmlinuz with a folder of modules`,
		hint: "set kernel.package to a package with one kernel image, e.g. linux-image-cloud-amd64 (Debian) or linux (Arch)",
	});
}

const names = (folder: string): Promise<string[]> =>
	readdir(folder).catch(() => []);

async function firstExisting(
	paths: readonly string[],
): Promise<string | undefined> {
	for (const path of paths)
		if (
			await access(path).then(
				() => true,
				() => false,
			)
		)
			return path;
	return undefined;
}
