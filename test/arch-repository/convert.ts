import { chmod, mkdir, mkdtemp, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sha256 } from "../../src/system/files.ts";
import { removeTree, runInNamespace } from "../../src/system/namespace.ts";
import type { PackageFacts } from "./pkginfo.ts";
import type { Recipe } from "./recipe.ts";

/** Raised when the same inputs would give other packages. */
const converterVersion = 1;

// Arguments: work folder, build date, then the .deb files. Makes what makepkg's
// create_package makes: .PKGINFO, .INSTALL, .MTREE, then all files sorted, owned as in the .debs.
const convertScript = `
set -eu
export LC_ALL=C
work=$1 builddate=$2
shift 2
out=$work/out
mkdir "$work/tree" "$work/control" "$out"
cd "$work/tree"
chmod 0755 .
for deb; do
	dpkg-deb --fsys-tarfile "$deb" | tar -x --numeric-owner --same-owner -p --no-overwrite-dir \\
		--transform 'flags=rSh;s,^\\./\\(bin\\|sbin\\|lib\\|lib64\\)/\\(.\\),./usr/\\1/\\2,'
	rm -rf "$work/control"
	dpkg-deb --control "$deb" "$work/control"
	[ ! -e "$work/control/conffiles" ] || cat "$work/control/conffiles" >>"$work/conffiles"
done
for folder in bin sbin lib lib64; do
	[ ! -d "$folder" ] || [ -L "$folder" ] || rmdir "$folder"
done
rm -rf etc/init.d etc/init etc/runit etc/sv etc/ufw etc/cron.* etc/initramfs-tools usr/share/lintian \\
	usr/share/bug usr/share/doc-base
[ ! -d "$work/files" ] || cp -R --no-dereference --preserve=mode "$work/files/." .
chmod 0755 .
. "$work/build"
find usr/share/doc -name copyright -exec sed -n 's/^License: *\\([A-Za-z0-9.+-]*\\).*/\\1/p' {} + 2>/dev/null |
	sort -u | head -n 8 >"$work/licenses"
[ -s "$work/licenses" ] || echo custom >"$work/licenses"
{
	cat "$work/pkginfo"
	echo "builddate = $builddate"
	echo "size = $(find . -type f -printf '%i %s\\n' | sort -u | awk '{ sum += $2 } END { print sum + 0 }')"
	sed 's/^/license = /' "$work/licenses"
	sed -n 's,^/\\{0,1\\}\\(etc/[^ ]*\\)$,\\1,p' "$work/conffiles" | sort -u | while read -r file; do
		[ ! -f "$file" ] || echo "backup = $file"
	done
} >.PKGINFO
[ ! -e "$work/install" ] || cp "$work/install" .INSTALL
chmod 0644 .PKGINFO
[ ! -e .INSTALL ] || chmod 0644 .INSTALL
find . -newermt "@$builddate" -exec touch --no-dereference --date="@$builddate" {} +
{
	find . -mindepth 1 -maxdepth 1 -name '.[A-Z]*' -printf '%P\\0' | sort -z
	find . -mindepth 1 ! -path './.[A-Z]*' -printf '%P\\0' | sort -z
} >"$work/list"
bsdtar -cnf - --format=mtree --options='!all,use-set,type,uid,gid,mode,time,size,md5,sha256,link' \\
	--null --files-from "$work/list" | gzip -cn >"$work/mtree"
mv "$work/mtree" .MTREE
touch --date="@$builddate" .MTREE
{
	printf '.MTREE\\0'
	cat "$work/list"
} | bsdtar --no-fflags -cnf - --null --files-from - | zstd -q -2 -o "$out/package.pkg.tar.zst"
cp .PKGINFO "$out/pkginfo"
find . -mindepth 1 ! -path './.[A-Z]*' \\( -type d -printf '%P/\\n' -o -printf '%P\\n' \\) | sort >"$out/files"
`;

/** What `convertPackage` leaves in its folder. */
export const convertedFiles = {
	package: "package.pkg.tar.zst",
	pkginfo: "pkginfo",
	files: "files",
} as const;

/** Identifies the bytes of a converted package. */
export function conversionKey(
	recipe: Recipe,
	facts: PackageFacts,
	debHashes: readonly string[],
): string {
	return sha256(
		JSON.stringify([
			converterVersion,
			convertScript,
			recipe,
			facts.lines,
			debHashes,
		]),
	);
}

/**
 * Makes the folder `out` with `convertedFiles` in a scratch folder below `temp`, as root of a namespace so that owners
 * are right for ordinary users too.
 */
export async function convertPackage(options: {
	recipe: Recipe;
	facts: PackageFacts;
	debs: readonly string[];
	/** Seconds since 1970. */
	buildDate: number;
	temp: string;
	out: string;
}): Promise<void> {
	const { recipe, facts, temp, out } = options;
	await mkdir(temp, { recursive: true });
	const work = await mkdtemp(join(temp, "convert-"));
	try {
		await writeFile(join(work, "pkginfo"), `${facts.lines.join("\n")}\n`);
		await writeFile(join(work, "build"), recipe.build ?? "");
		const backups = [
			...Object.keys(recipe.files ?? {}),
			...(recipe.backup ?? []),
		];
		await writeFile(
			join(work, "conffiles"),
			backups.map((path) => `${path}\n`).join(""),
		);
		if (recipe.install) await writeFile(join(work, "install"), recipe.install);
		for (const [path, content] of Object.entries(recipe.files ?? {})) {
			const file = join(work, "files", path);
			await mkdir(dirname(file), { recursive: true, mode: 0o755 });
			await writeFile(file, content);
			await chmod(file, content.startsWith("#!") ? 0o755 : 0o644);
		}
		await runInNamespace("sh", [
			"-c",
			convertScript,
			"sh",
			work,
			String(options.buildDate),
			...options.debs,
		]);
		await rename(join(work, "out"), out);
	} finally {
		await removeTree(work);
	}
}
