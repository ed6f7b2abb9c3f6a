/** A function of POSIX sh, `unpack_tar FILE TREE`: into a folder, owners, modes and attributes as they were. */
export const unpackTarScript = [
	"unpack_tar() {",
	'	mkdir -p -m 755 "$2"',
	`	tar -x --numeric-owner --same-owner --same-permissions --xattrs --xattrs-include='*' -C "$2" -f "$1"`,
	"}",
].join("\n");

/**
 * A function of POSIX sh, `add_modules MODULES TREE`: puts a kernel's modules into a root, if there are any, and
 * prints the folder below which they are looked for.
 */
export const addModulesScript = [
	"add_modules() {",
	// A root without merged /usr (usr-merge) keeps its modules in /lib.
	'	if [ -L "$2/lib" ] || [ ! -d "$2/lib" ]; then library=usr/lib; else library=lib; fi',
	'	if [ -d "$1/lib/modules" ]; then',
	'		mkdir -p "$2/$library/modules"',
	'		cp -R --preserve=mode,links "$1/lib/modules/." "$2/$library/modules/"',
	'		chown -R 0:0 "$2/$library/modules"',
	"	fi",
	'	printf %s "$library"',
	"}",
].join("\n");
