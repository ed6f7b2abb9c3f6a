import type {
	BackendContext,
	PackageOrigin,
	PackageRecord,
} from "../backend.ts";
import { parseStanzas } from "./control.ts";

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

/**
 * Where installed packages come from, by their names and versions.
 * @param stanzas text of an index, or of `apt-cache show`
 * @throws Error when one is missing there.
 */
export function originsOf(
	packages: readonly PackageRecord[],
	stanzas: string,
): PackageOrigin[] {
	const key = ({ name, version, arch }: PackageRecord | PackageOrigin) =>
		`${name} ${version} ${arch}`;
	const origins = new Map(
		parseStanzas(stanzas).map(({ origin }) => [key(origin), origin]),
	);
	return packages.map((one) => {
		const origin = origins.get(key(one));
		if (!origin) throw new Error(`no index has ${key(one)}`);
		return origin;
	});
}
