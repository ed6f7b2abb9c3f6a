import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RootImageStep } from "../image/root.ts";
import { defineStep, type Json, type Step } from "../plan/step.ts";
import { sha256File } from "../system/files.ts";

/** File systems of a root image. */
export type RootType = "squashfs" | "erofs";

/** By what the kernel checks the root image (dm-verity): hex, and a number of 4096-byte blocks. */
export interface RootHash {
	rootHash: string;
	dataBlocks: number;
	salt: string;
}

/** What a release consists of; `format` counts incompatible changes of this file. */
export interface Manifest {
	format: 1;
	name: string;
	/** `release.version` of the config. */
	version: string;
	/** `cmdline`: what the release itself asks for, `dock0.verity=` included; the boot loader adds the rest. */
	kernel: { version: string; cmdline: readonly string[] };
	/** Which of the files is the root image, and its file system. */
	root: { file: string; type: RootType; verity?: RootHash };
	/** By file name in the release folder; sizes in bytes. */
	files: Record<string, { bytes: number; sha256: string }>;
	packages: Json;
}

/** The files of a release, in the order in which a boot reads them. */
export function releaseFiles(manifest: Pick<Manifest, "root">): string[] {
	return ["vmlinuz", "initramfs", manifest.root.file];
}

/** What the root image of that kind is called in a release. */
export function rootFile(type: RootType): string {
	return `root.${type}`;
}

/** The kernel parameter by which the initramfs checks the root (docs/boot.md). */
function verityParameter({ rootHash, dataBlocks, salt }: RootHash): string {
	return `dock0.verity=${rootHash},${dataBlocks},${salt}`;
}

/** Writes `manifest.json`: sizes and hashes of the release's files, kernel version, package list. */
export function manifestStep(parts: {
	name: string;
	version: string;
	cmdline: readonly string[];
	packages: Step<"packages.json" | "origins.json" | "rootfs.tar">;
	kernel: Step<"modules" | "vmlinuz" | "version">;
	initramfs: Step<"initramfs">;
	root: RootImageStep;
	rootType: RootType;
}): Step<"manifest.json"> {
	const { name, version, cmdline, rootType } = parts;
	const { packages, kernel, initramfs, root } = parts;
	return defineStep({
		name: "release/manifest",
		title: "writing the manifest",
		version: 4,
		needs: { packages, kernel, initramfs, root },
		inputs: { values: { name, version, cmdline, rootType } },
		outputs: ["manifest.json"],
		async run({ out, needs }) {
			const places: Record<string, string> = {
				vmlinuz: join(needs.kernel, "vmlinuz"),
				initramfs: join(needs.initramfs, "initramfs"),
				[rootFile(rootType)]: join(needs.root, "root"),
			};
			const files = await Promise.all(
				Object.entries(places).map(
					async ([file, path]) =>
						[
							file,
							{
								bytes: (await stat(path)).size,
								sha256: await sha256File(path),
							},
						] as const,
				),
			);
			const kernelVersion = await readFile(
				join(needs.kernel, "version"),
				"utf8",
			);
			const list = await readFile(
				join(needs.packages, "packages.json"),
				"utf8",
			);
			const verity = JSON.parse(
				await readFile(join(needs.root, "verity"), "utf8"),
			) as RootHash | null;
			const manifest: Manifest = {
				format: 1,
				name,
				version,
				kernel: {
					version: kernelVersion.trim(),
					cmdline: [...cmdline, ...(verity ? [verityParameter(verity)] : [])],
				},
				root: {
					file: rootFile(rootType),
					type: rootType,
					...(verity ? { verity } : {}),
				},
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
