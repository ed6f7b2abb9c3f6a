import { chmod, mkdir, mkdtemp, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sha256 } from "../../src/system/files.ts";
import { removeTree, runInNamespace } from "../../src/system/namespace.ts";
import type { PackageFacts } from "./pkginfo.ts";
import type { Recipe } from "./recipe.ts";

/** Raised when the same inputs would give other packages. */
const converterVersion = 1;

// Arguments: work folder, build date, then the .deb files. Makes what makepkg's create_package makes:
// .PKGINFO, .INSTALL, .MTREE, then all files sorted, owned as in the .debs. Of what a package has below
// etc, all counts as the administrator's, as in Debian.
export const convertScript = `
set -eu
export LC_ALL=C
umask 022
work=$1 builddate=$2
shift 2
out=$work/out
mkdir "$work/tree" "$out"
cd "$work/tree"
for deb; do
	dpkg-deb --fsys-tarfile "$deb" | tar -x --numeric-owner --same-owner -p --no-overwrite-dir \\
		--transform 'flags=rSh;s,^\\./\\(bin\\|sbin\\|lib\\|lib64\\)/\\(.\\),./usr/\\1/\\2,'
done
for folder in bin sbin lib lib64; do
	[ ! -d "$folder" ] || [ -L "$folder" ] || rmdir "$folder"
done
rm -rf etc/init.d etc/init etc/runit etc/sv etc/ufw etc/cron.* etc/initramfs-tools usr/share/lintian \\
	usr/share/bug usr/share/doc-base
[ ! -d "$work/files" ] || cp -R --no-dereference --preserve=mode "$work/files/." .
. "$work/build"
find . -newermt "@$builddate" -exec touch --no-dereference --date="@$builddate" {} +
find . -mindepth 1 -printf '%P\\t%y\\t%i\\t%s\\n' | sort | awk -F '\\t' -v out="$out/files" '
	{ print $1 > "../list"; print $1 ($2 == "d" ? "/" : "") > out }
	$2 == "f" && !seen[$3]++ { size += $4 }
	$2 == "f" && $1 ~ "^etc/" { print "backup = " $1 }
	END { print "size = " size + 0 }' >"$work/measured"
touch "$work/list" "$out/files"
{
	cat "$work/pkginfo" "$work/measured"
	sed -n 's/^License: *\\([A-Za-z0-9.+-]\\{1,\\}\\).*/license = \\1/p' usr/share/doc/*/copyright 2>/dev/null |
		sort -u | head -n 8
	echo "builddate = $builddate"
} >.PKGINFO
cp .PKGINFO "$out/pkginfo"
[ ! -e "$work/install" ] || cp "$work/install" .INSTALL
touch --date="@$builddate" .[A-Z]*
{
	printf '%s\\n' .[A-Z]*
	cat "$work/list"
} >"$work/all"
bsdtar -cnf - --format=mtree --options='!all,use-set,type,uid,gid,mode,time,size,md5,sha256,link' \\
	--files-from "$work/all" | gzip -cn >"$work/mtree"
mv "$work/mtree" .MTREE
touch --date="@$builddate" .MTREE
{
	echo .MTREE
	cat "$work/all"
} | bsdtar --no-fflags -cnf - --files-from - | zstd -q -2 -o "$out/package.pkg.tar.zst"
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
 * Makes the folder `out` with `convertedFiles`, in a scratch folder below `temp`, as root of a namespace
 * so that owners are right for ordinary users too.
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
