import {
	parseRelations,
	type Relation,
	type Stanza,
} from "./debian-control.ts";

/** Debian packages by name, and who provides which virtual name. */
export interface Closure {
	packages: ReadonlyMap<string, Stanza>;
	providers: ReadonlyMap<string, readonly string[]>;
}

/**
 * What of apt's choice the `roots` still need when nothing may depend on the packages in `cut`.
 * @throws Error when a dependency has no alternative left, which would be a mistake in `cut`.
 */
export function pruneClosure(
	stanzas: readonly Stanza[],
	roots: readonly string[],
	cut: ReadonlySet<string>,
): Closure {
	const all = closureOf(
		stanzas.filter((stanza) => !cut.has(stanza.package ?? "")),
	);
	const kept = new Map<string, Stanza>();
	const queue = [...roots];
	for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
		const stanza = all.packages.get(name);
		if (!stanza || kept.has(name)) continue;
		kept.set(name, stanza);
		for (const alternatives of dependenciesOf(stanza)) {
			const target = satisfy(all, alternatives);
			if (target) queue.push(target.name);
			else if (!alternatives.some((relation) => cut.has(relation.name)))
				throw new Error(
					`${name}: nothing satisfies ${alternatives.map((one) => one.name).join(" | ")}`,
				);
		}
	}
	return closureOf([...kept.values()]);
}

/** Depends and Pre-Depends; the difference only matters to dpkg. */
export function dependenciesOf(stanza: Stanza): Relation[][] {
	return [
		...parseRelations(stanza["pre-depends"]),
		...parseRelations(stanza.depends),
	];
}

/**
 * The first alternative that a package of the closure meets, by name or else by Provides; `name` is
 * then the real package. Versions need no comparing: apt has chosen packages that fit.
 */
export function satisfy(
	closure: Closure,
	alternatives: readonly Relation[],
): { name: string; relation: Relation } | undefined {
	for (const relation of alternatives) {
		if (closure.packages.has(relation.name))
			return { name: relation.name, relation };
		const provider = closure.providers.get(relation.name)?.[0];
		if (provider) return { name: provider, relation };
	}
	return undefined;
}

function closureOf(stanzas: readonly Stanza[]): Closure {
	const packages = new Map<string, Stanza>();
	const providers = new Map<string, string[]>();
	for (const stanza of stanzas) {
		const name = stanza.package ?? "";
		packages.set(name, stanza);
		for (const provided of parseRelations(stanza.provides).flat())
			providers.set(provided.name, [
				...(providers.get(provided.name) ?? []),
				name,
			]);
	}
	return { packages, providers };
}
