import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type AnyStep, defineStep, type Step } from "../plan/step.ts";

/** A source package of Debian, and the binary packages of it that are in the root. */
export interface SourcePackage {
	source: string;
	version: string;
	packages: string[];
}

/** Where each package backend keeps the lists of its packages' files, as tar(1) patterns. */
const listPatterns = [
	"./var/lib/dpkg/info/*.list",
	"./var/lib/pacman/local/*/files",
	"./var/lib/dpkg/status",
];

/** What the packages say of themselves; `owners` is whose each file is, by path without the leading slash. */
interface Owners {
	owners: Map<string, string>;
	sources: SourcePackage[];
}

const ownersFile = "owners.json";

/**
 * Reads from the packages' tree whose each file is, and Debian's source packages.
 * @param packages the step that leaves `rootfs.tar`.
 */
export function ownersStep(packages: AnyStep): Step<typeof ownersFile> {
	return defineStep({
		name: "release/owners",
		title: "reading whose each file is",
		version: 1,
		needs: { packages },
		inputs: {},
		outputs: [ownersFile],
		async run({ out, temp, needs, run }) {
			const lists = join(temp, "lists");
			await mkdir(lists);
			// tar ends with 2 when a pattern matches nothing, and each root has one kind of list only.
			await run(
				"tar",
				[
					...["-x", "--no-same-owner", "-C", lists],
					...["-f", join(needs.packages, "rootfs.tar"), "--wildcards"],
					...listPatterns,
				],
				{ okExitCodes: [0, 2], onLine: () => {} },
			);
			const status = await readFile(
				join(lists, "var/lib/dpkg/status"),
				"utf8",
			).catch(() => "");
			await writeFile(
				join(out, ownersFile),
				JSON.stringify({
					owners: [...(await collectOwners(lists))],
					sources: sourcesOf(status),
				}),
			);
		},
	});
}

/** What `ownersStep` left in a folder. */
export async function readOwners(folder: string): Promise<Owners> {
	const { owners, sources } = JSON.parse(
		await readFile(join(folder, ownersFile), "utf8"),
	) as { owners: [string, string][]; sources: SourcePackage[] };
	return { owners: new Map(owners), sources };
}

/** Source packages of a dpkg status file, sorted by name (deb-control(5), Source). Pure. */
export function sourcesOf(status: string): SourcePackage[] {
	const sources = new Map<string, SourcePackage>();
	for (const paragraph of status.split("\n\n")) {
		const field = (name: string) =>
			new RegExp(`^${name}: *(.*)$`, "m").exec(paragraph)?.[1];
		const name = field("Package");
		const version = field("Version");
		if (!name || !version || !field("Status")?.endsWith(" installed")) continue;
		// `NAME (VERSION)` when they differ from those of the binary package
		const [, source = name, sourceVersion = version] =
			/^(\S+)(?: \((.+)\))?$/.exec(field("Source") ?? name) ?? [];
		const known = sources.get(source);
		if (known) known.packages.push(name);
		else
			sources.set(source, { source, version: sourceVersion, packages: [name] });
	}
	return [...sources.values()].sort((a, b) => (a.source < b.source ? -1 : 1));
}

async function collectOwners(folder: string): Promise<Map<string, string>> {
	const owners = new Map<string, string>();
	const files = await readdir(folder, { recursive: true, withFileTypes: true });
	for (const file of files.filter((one) => one.isFile())) {
		const text = await readFile(join(file.parentPath, file.name), "utf8");
		const isDpkg = file.name.endsWith(".list");
		if (!isDpkg && file.name !== "files") continue;
		const owner = isDpkg
			? file.name.replace(/(:[a-z0-9-]+)?\.list$/, "")
			: // NAME-VERSION-RELEASE, of which only the name may hold hyphens
				basename(file.parentPath).replace(/-[^-]+-[^-]+$/, "");
		for (const line of text.split("\n"))
			if (line && !line.startsWith("%"))
				owners.set(line.replace(/^\//, ""), owner);
	}
	return owners;
}
