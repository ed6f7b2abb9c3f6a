import { type Closure, dependenciesOf, satisfy } from "./closure.ts";
import { parseRelations, type Stanza } from "./debian-control.ts";
import type { Recipe } from "./recipe.ts";
import { pacmanConstraint, pacmanVersion } from "./version.ts";

/** What the .PKGINFO of a package says, but for what only its files tell (size, licences, backups). */
export interface PackageFacts {
	name: string;
	version: string;
	/** Lines of .PKGINFO (the format of makepkg's write_pkginfo). */
	lines: readonly string[];
	depends: readonly string[];
}

/** Derives a pacman package's facts from its recipe and the Debian packages in it. */
export function packageFacts(
	recipe: Recipe,
	closure: Closure,
	owners: ReadonlyMap<string, Recipe>,
): PackageFacts {
	const members = recipe.from.map(
		(name) => closure.packages.get(name) as Stanza,
	);
	const first = members[0];
	const version = recipe.version ?? pacmanVersion(first?.version ?? "");
	const depends = sorted([
		...members.flatMap((stanza) =>
			translateDepends(stanza, recipe, closure, owners),
		),
		...(recipe.depends ?? []),
	]);
	const provides = sorted([
		...members.flatMap(translateProvides),
		...(recipe.provides ?? []),
	]).filter((one) => one !== recipe.name && !one.startsWith(`${recipe.name}=`));
	const conflicts = sorted([
		...members.flatMap((stanza) => translateConflicts(stanza, recipe, closure)),
		...(recipe.conflicts ?? []),
	]);
	const lines = [
		`pkgname = ${recipe.name}`,
		`pkgbase = ${first?.source?.replace(/ .*/, "") ?? recipe.name}`,
		`pkgver = ${version}`,
		`pkgdesc = ${recipe.description ?? first?.description?.split("\n", 1)[0] ?? recipe.name}`,
		`url = ${first?.homepage ?? "https://www.debian.org/"}`,
		"packager = Arch test repository <nobody@localhost>",
		"arch = x86_64",
		...conflicts.map((one) => `conflict = ${one}`),
		...provides.map((one) => `provides = ${one}`),
		...depends.map((one) => `depend = ${one}`),
	];
	return { name: recipe.name, version, lines, depends };
}

/**
 * Depends in pacman's words. A dependency on a recipe's first package becomes one on the recipe's name;
 * on one of the others, whose versions differ, it keeps the Debian name, which the recipe provides.
 */
function translateDepends(
	stanza: Stanza,
	recipe: Recipe,
	closure: Closure,
	owners: ReadonlyMap<string, Recipe>,
): string[] {
	const ignored = new Set(recipe.ignoreDepends ?? []);
	return dependenciesOf(stanza).flatMap((alternatives) => {
		if (alternatives.some((one) => ignored.has(one.name))) return [];
		const target = satisfy(closure, alternatives);
		const owner = target && owners.get(target.name);
		if (!target || !owner || owner.name === recipe.name) return [];
		const { operator, version, name } = target.relation;
		if (operator === undefined || version === undefined || name !== target.name)
			return [owner.name];
		const shown = owner.from[0] === name ? owner.name : name;
		return [shown + pacmanConstraint(operator, version)];
	});
}

function translateProvides(stanza: Stanza): string[] {
	return [
		`${stanza.package}=${pacmanVersion(stanza.version ?? "")}`,
		...parseRelations(stanza.provides)
			.flat()
			.map(({ name, version }) =>
				version === undefined ? name : `${name}=${pacmanVersion(version)}`,
			),
	];
}

/** Only conflicts without a version: the others are about upgrades from older Debian packages. */
function translateConflicts(
	stanza: Stanza,
	recipe: Recipe,
	closure: Closure,
): string[] {
	return parseRelations(stanza.conflicts)
		.flat()
		.filter(
			({ name, version }) =>
				version === undefined &&
				name !== recipe.name &&
				!closure.packages.has(name) &&
				!(closure.providers.get(name) ?? []).some(
					(one) => !recipe.from.includes(one),
				),
		)
		.map(({ name }) => name);
}

function sorted(values: readonly string[]): string[] {
	return [...new Set(values)].sort();
}
