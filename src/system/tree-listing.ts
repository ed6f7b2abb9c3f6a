/**
 * A function of POSIX sh, `list_tree TREE LISTING HASHES`: LISTING gets find(1)'s `%y %m %U:%G %s %l %P` of every
 * entry with tabs between (0 for a folder's size, which only tells of the file system that the tree is on), HASHES what
 * sha256sum(1) says of each regular file; each ends with a zero byte. Run it as root of the namespace that made the tree.
 */
export const listTreeScript = [
	"list_tree() {",
	'	cd "$1"',
	`	find . -mindepth 1 \\( -type d -printf '%y\\t%m\\t%U:%G\\t0\\t%l\\t%P\\0' -o -printf '%y\\t%m\\t%U:%G\\t%s\\t%l\\t%P\\0' \\) | LC_ALL=C sort -z >"$2"`,
	'	find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum -z >"$3"',
	"}",
].join("\n");

/** A function of POSIX sh, `unpack_image squashfs|erofs IMAGE TREE`. */
export const unpackImageScript = [
	"unpack_image() {",
	"	case $1 in",
	'	erofs) fsck.erofs "--extract=$3" "$2" >/dev/null ;;',
	// unsquashfs ends with 2 for device nodes, which a user's namespace cannot make.
	'	*) unsquashfs -no-progress -quiet -no-xattrs -d "$3" "$2" >/dev/null || [ $? = 2 ] ;;',
	"	esac",
	"}",
].join("\n");
