import type { PackageRecord } from "../backend.ts";

/** Reads a .PKGINFO (alpm-package(7)): lines `key = value`; `depend` once for each, versions left out. */
export function parsePackageInfo(text: string): {
	record: PackageRecord;
	depends: string[];
} {
	const values = (key: string): string[] =>
		text
			.split("\n")
			.filter((line) => line.startsWith(`${key} = `))
			.map((line) => line.slice(key.length + 3).trim());
	return {
		record: {
			name: values("pkgname")[0] ?? "",
			version: values("pkgver")[0] ?? "",
			arch: values("arch")[0] ?? "",
			size: Number(values("size")[0] ?? 0),
		},
		depends: values("depend").map((word) => word.split(/[<>=]/, 1)[0] ?? ""),
	};
}
