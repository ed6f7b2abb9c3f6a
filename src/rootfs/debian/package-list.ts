import type { BackendContext, PackageRecord } from "../backend.ts";

const format = [
	"db:Status-Abbrev",
	"Package",
	"Version",
	"Architecture",
	"Installed-Size",
]
	.map((field) => `\${${field}}`)
	.join("\\t");

/** What is installed in a tree, sorted by name; read by this machine's dpkg-query(1). */
export async function listPackages(
	context: Pick<BackendContext, "run">,
	tree: string,
): Promise<PackageRecord[]> {
	const { stdout } = await context.run(
		"dpkg-query",
		[`--admindir=${tree}/var/lib/dpkg`, "--show", `--showformat=${format}\\n`],
		{ onLine: () => {} },
	);
	return parsePackageList(stdout);
}

/** dpkg states sizes in KiB (deb-control(5), Installed-Size). */
export function parsePackageList(text: string): PackageRecord[] {
	const packages: PackageRecord[] = [];
	for (const line of text.split("\n")) {
		const [status, name, version, arch, size] = line.split("\t");
		if (!status?.startsWith("ii") || !name || !version || !arch) continue;
		packages.push({ name, version, arch, size: Number(size) * 1024 });
	}
	return packages.sort((a, b) => (a.name < b.name ? -1 : 1));
}
