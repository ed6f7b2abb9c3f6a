import type { PackageFile } from "../backend.ts";

/** Fields of a repository's `desc` by those of .PKGINFO, in the order of repo-add(8). */
const fields: readonly (readonly [string, string])[] = [
	["NAME", "pkgname"],
	["BASE", "pkgbase"],
	["VERSION", "pkgver"],
	["DESC", "pkgdesc"],
	["GROUPS", "group"],
	["ISIZE", "size"],
	["URL", "url"],
	["LICENSE", "license"],
	["ARCH", "arch"],
	["BUILDDATE", "builddate"],
	["PACKAGER", "packager"],
	["REPLACES", "replaces"],
	["CONFLICTS", "conflict"],
	["PROVIDES", "provides"],
	["DEPENDS", "depend"],
	["OPTDEPENDS", "optdepend"],
];

/** The `desc` with which a pacman repository offers a package, from its .PKGINFO (alpm-repo-desc(5)). */
export function syncEntry(packageInfo: string, one: PackageFile): string {
	const values = (key: string): string[] =>
		packageInfo
			.split("\n")
			.filter((line) => line.startsWith(`${key} = `))
			.map((line) => line.slice(key.length + 3).trim());
	const known: (readonly [string, readonly string[]])[] = [
		["FILENAME", [one.file]],
		["CSIZE", [String(one.bytes)]],
		["SHA256SUM", [one.sha256]],
		...fields.map(([name, key]) => [name, values(key)] as const),
	];
	return known
		.filter(([, list]) => list.length > 0)
		.map(([name, list]) => `%${name}%\n${list.join("\n")}\n\n`)
		.join("");
}
