import type { PackageOrigin, PackageRecord } from "../backend.ts";

/** Reads a .PKGINFO (alpm-package(7)): lines `key = value`; `depend` once for each, versions left out. */
export function parsePackageInfo(text: string): {
	record: PackageRecord;
	/** Without the package's file. */
	origin: PackageOrigin;
	depends: string[];
} {
	const values = (key: string): string[] =>
		text
			.split("\n")
			.filter((line) => line.startsWith(`${key} = `))
			.map((line) => line.slice(key.length + 3).trim());
	const identity = {
		name: values("pkgname")[0] ?? "",
		version: values("pkgver")[0] ?? "",
		arch: values("arch")[0] ?? "",
	};
	const base = values("pkgbase")[0];
	return {
		record: { ...identity, size: Number(values("size")[0] ?? 0) },
		origin: {
			...identity,
			file: "",
			sha256: "",
			bytes: 0,
			source: base === identity.name ? undefined : base,
			homepage: values("url")[0],
			maintainer: values("packager")[0],
			licences: values("license").length > 0 ? values("license") : undefined,
			description: values("pkgdesc")[0],
		},
		depends: values("depend").map((word) => word.split(/[<>=]/, 1)[0] ?? ""),
	};
}
