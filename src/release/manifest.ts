import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defineStep, type Json, type Step } from "../plan/step.ts";
import { sha256File } from "../system/files.ts";

/** What a release consists of; `format` counts incompatible changes of this file. */
export interface Manifest {
	format: 1;
	name: string;
	kernel: { version: string; cmdline: readonly string[] };
	/** By file name in the release folder; sizes in bytes. */
	files: Record<string, { bytes: number; sha256: string }>;
	packages: Json;
}

/** The files of a release, in the order in which a boot reads them. */
export const releaseFiles = ["vmlinuz", "initramfs", "root.squashfs"] as const;

/** Writes `manifest.json`: sizes and hashes of the release's files, kernel version, package list. */
export function manifestStep(parts: {
	name: string;
	cmdline: readonly string[];
	packages: Step<"packages.json" | "rootfs.tar">;
	kernel: Step<"modules" | "vmlinuz" | "version">;
	initramfs: Step<"initramfs">;
	squashfs: Step<"root.squashfs">;
}): Step<"manifest.json"> {
	const { name, cmdline, packages, kernel, initramfs, squashfs } = parts;
	return defineStep({
		name: "release/manifest",
		title: "writing the manifest",
		version: 1,
		needs: { packages, kernel, initramfs, squashfs },
		inputs: { values: { name, cmdline } },
		outputs: ["manifest.json"],
		async run({ out, needs }) {
			const places = {
				vmlinuz: join(needs.kernel, "vmlinuz"),
				initramfs: join(needs.initramfs, "initramfs"),
				"root.squashfs": join(needs.squashfs, "root.squashfs"),
			};
			const files = await Promise.all(
				releaseFiles.map(
					async (file) =>
						[
							file,
							{
								bytes: (await stat(places[file])).size,
								sha256: await sha256File(places[file]),
							},
						] as const,
				),
			);
			const version = await readFile(join(needs.kernel, "version"), "utf8");
			const list = await readFile(
				join(needs.packages, "packages.json"),
				"utf8",
			);
			const manifest: Manifest = {
				format: 1,
				name,
				kernel: { version: version.trim(), cmdline },
				files: Object.fromEntries(files),
				packages: JSON.parse(list) as Json,
			};
			await writeFile(
				join(out, "manifest.json"),
				`${JSON.stringify(manifest, undefined, "\t")}\n`,
			);
		},
	});
}
