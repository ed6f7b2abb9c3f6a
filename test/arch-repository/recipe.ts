/**
 * How one pacman package is made. Arch splits less than Debian does, so a recipe may join several
 * Debian packages; one that no recipe names becomes a pacman package of the same name.
 */
export interface Recipe {
	/** The pacman package. */
	name: string;
	/** Debian packages whose files it holds; the first gives version and description. */
	from: readonly string[];
	/** Version when `from` is empty. */
	version?: string;
	description?: string;
	/** Further pacman dependencies, beyond those of the Debian packages. */
	depends?: readonly string[];
	/** Debian names that are no dependency here, e.g. because they would close a cycle. */
	ignoreDepends?: readonly string[];
	provides?: readonly string[];
	conflicts?: readonly string[];
	/** Files by path below the root; mode 0755 for those that start with `#!`, else 0644. */
	files?: Readonly<Record<string, string>>;
	/** POSIX sh, run as root inside the package's tree once all files are there. */
	build?: string;
	/** POSIX sh with the functions of a pacman install scriptlet (PKGBUILD(5)). */
	install?: string;
}

/** An alpm hook (alpm-hooks(5)) that runs `command` after a transaction touched `targets`. */
export function pathHook(
	description: string,
	targets: readonly string[],
	command: string,
	options: { needsTargets?: boolean } = {},
): string {
	return `[Trigger]
Type = Path
Operation = Install
Operation = Upgrade
Operation = Remove
${targets.map((target) => `Target = ${target}`).join("\n")}

[Action]
Description = ${description}
When = PostTransaction
Exec = ${command}
${options.needsTargets ? "NeedsTargets\n" : ""}`;
}
