import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defineStep, type Step } from "../../plan/step.ts";
import type { PackageOrigin } from "../../rootfs/backend.ts";
import { readTextIfThere } from "../../system/files.ts";
import { packageVersion } from "../../system/package-files.ts";
import {
	type Component,
	type Distribution,
	packageComponent,
	purlOf,
	type SoftwareList,
	uniqueComponents,
} from "./components.ts";
import { cyclonedxDocument } from "./cyclonedx.ts";
import { spdxDocument } from "./spdx.ts";

/** The files of a release that list its software. */
export const sbomFiles = ["sbom.spdx.json", "sbom.cdx.json"] as const;

/** Lists the packages of root, kernel and initramfs as SPDX and CycloneDX. */
export function sbomStep(parts: {
	name: string;
	version: string;
	epoch: number;
	distribution: Distribution;
	packages: Step<"packages.json" | "origins.json" | "rootfs.tar">;
	kernel: Step<"modules" | "vmlinuz" | "version">;
	busybox: Step<"busybox">;
}): Step<(typeof sbomFiles)[number]> {
	const { name, version, epoch, distribution } = parts;
	const { packages, kernel, busybox } = parts;
	return defineStep({
		name: "release/sbom",
		title: "listing the software for SPDX and CycloneDX",
		version: 1,
		needs: { packages, kernel, busybox },
		inputs: {
			values: {
				...{ name, version, epoch, dock0: packageVersion() },
				distribution: { ...distribution },
			},
		},
		outputs: sbomFiles,
		async run({ out, needs }) {
			const components = [
				...(await readOrigins(needs.packages)).map((origin) =>
					packageComponent(origin, distribution, "root"),
				),
				...(await kernelComponents(needs.kernel, distribution)),
				...(await readOrigins(needs.busybox)).map((origin) =>
					packageComponent(origin, distribution, "initramfs"),
				),
			];
			const list: SoftwareList = {
				...{ name, version, epoch, dock0Version: packageVersion() },
				components: uniqueComponents(components),
			};
			const documents = [spdxDocument(list), cyclonedxDocument(list)];
			for (const [at, file] of sbomFiles.entries())
				await writeFile(
					join(out, file),
					`${JSON.stringify(documents[at], undefined, "\t")}\n`,
				);
		},
	});
}

/** A kernel that was compiled here came in no package. */
async function kernelComponents(
	folder: string,
	distribution: Distribution,
): Promise<Component[]> {
	const origins = await readOrigins(folder);
	if (origins.length > 0)
		return origins.map((origin) =>
			packageComponent(origin, distribution, "kernel"),
		);
	const version = (await readFile(join(folder, "version"), "utf8")).trim();
	return [
		{
			purl: purlOf({ type: "generic" }, "linux", version, {}),
			name: "linux",
			version,
			parts: ["kernel"],
			homepage: "https://www.kernel.org/",
			licences: ["GPL-2.0-only"],
		},
	];
}

/** A list, or lists by the name that was asked for; a step that used no packages left none. */
async function readOrigins(folder: string): Promise<PackageOrigin[]> {
	const text = await readTextIfThere(join(folder, "origins.json"));
	if (text === undefined) return [];
	const found = JSON.parse(text) as
		| PackageOrigin[]
		| Record<string, PackageOrigin[]>;
	return Object.values(found).flat();
}
