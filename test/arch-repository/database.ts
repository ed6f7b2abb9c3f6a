import { createHash } from "node:crypto";
import {
	mkdir,
	mkdtemp,
	readFile,
	rm,
	symlink,
	writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../src/system/process.ts";

/** A package file as it lies in the repository. */
export interface DatabasePackage {
	/** Where the file, and its signature in `path`.sig, can be read. */
	path: string;
	fileName: string;
	/** Text of its .PKGINFO. */
	pkginfo: string;
	/** Its paths, one a line, folders with a slash at the end. */
	files: string;
}

// Fields of a `desc` entry in repo-add's order, with the .PKGINFO key that each comes from.
const describedBy = [
	["GROUPS", "group"],
	["CSIZE", undefined],
	["ISIZE", "size"],
	["MD5SUM", undefined],
	["SHA256SUM", undefined],
	["PGPSIG", undefined],
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
] as const;

/**
 * Writes NAME.db and NAME.files into `folder`, as repo-add(8) does but in one go: repo-add starts some
 * twenty processes for each package, which takes longer than making the packages.
 */
export async function writeDatabase(
	folder: string,
	name: string,
	packages: readonly DatabasePackage[],
): Promise<string[]> {
	const temporary = await mkdtemp(join(folder, ".database-"));
	const names: string[] = [];
	try {
		for (const one of packages) {
			const { entry, desc } = await describe(one);
			names.push(entry);
			for (const kind of ["db", "files"]) {
				await mkdir(join(temporary, kind, entry), { recursive: true });
				await writeFile(join(temporary, kind, entry, "desc"), desc);
			}
			await writeFile(
				join(temporary, "files", entry, "files"),
				`%FILES%\n${one.files}`,
			);
		}
		const written: string[] = [];
		for (const kind of ["db", "files"]) {
			const archive = `${name}.${kind}.tar.gz`;
			await run("bsdtar", [
				"--uid=0",
				"--gid=0",
				"--options=gzip:!timestamp",
				"-czf",
				join(folder, archive),
				"-C",
				join(temporary, kind),
				...names.sort(),
			]);
			await symlink(archive, join(folder, `${name}.${kind}`));
			written.push(join(folder, archive));
		}
		return written;
	} finally {
		await rm(temporary, { recursive: true, force: true });
	}
}

/** The entry's folder name and the text of its `desc`. */
export async function describe(
	one: DatabasePackage,
): Promise<{ entry: string; desc: string }> {
	const facts = parsePkginfo(one.pkginfo);
	const first = (key: string): string => facts.get(key)?.[0] ?? "";
	const content = await readFile(one.path);
	const signature = await readFile(`${one.path}.sig`);
	const measured: Partial<Record<string, string>> = {
		CSIZE: String(content.length),
		MD5SUM: createHash("md5").update(content).digest("hex"),
		SHA256SUM: createHash("sha256").update(content).digest("hex"),
		PGPSIG: signature.toString("base64"),
	};
	const fields: [string, readonly string[]][] = [
		["FILENAME", [one.fileName]],
		["NAME", [first("pkgname")]],
		["BASE", [first("pkgbase")]],
		["VERSION", [first("pkgver")]],
		["DESC", [first("pkgdesc")]],
		...describedBy.map(([field, key]): [string, readonly string[]] => [
			field,
			key === undefined ? [measured[field] ?? ""] : (facts.get(key) ?? []),
		]),
	];
	const desc = fields
		.filter(([, values]) => values.length > 0)
		.map(([field, values]) => `%${field}%\n${values.join("\n")}\n\n`)
		.join("");
	return { entry: `${first("pkgname")}-${first("pkgver")}`, desc };
}

function parsePkginfo(text: string): Map<string, string[]> {
	const facts = new Map<string, string[]>();
	for (const line of text.split("\n")) {
		const match = /^(\w+) = (.*)$/.exec(line);
		if (!match?.[1]) continue;
		facts.set(match[1], [...(facts.get(match[1]) ?? []), match[2] ?? ""]);
	}
	return facts;
}
