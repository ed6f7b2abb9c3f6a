/**
 * Turns a Debian version (deb-version(7)) into a pacman version `[epoch:]pkgver-pkgrel` (PKGBUILD(5),
 * vercmp(8)) that sorts alike:
 * - `~` sorts before everything in Debian; in vercmp letters right after a number do (1.0rc1 < 1.0),
 *   so `~rc1` becomes `rc1`, and a bare `~1` becomes `pre1`;
 * - the Debian revision becomes pkgrel, a missing one 0 (the value that Debian compares it by);
 * - `-` in an upstream version becomes `_`, since pacman splits names at hyphens.
 */
export function pacmanVersion(debian: string): string {
	const epochEnd = debian.indexOf(":");
	const epoch = epochEnd < 0 ? "" : debian.slice(0, epochEnd + 1);
	const rest = debian.slice(epochEnd + 1);
	const revisionStart = rest.lastIndexOf("-");
	const upstream = revisionStart < 0 ? rest : rest.slice(0, revisionStart);
	const revision = revisionStart < 0 ? "0" : rest.slice(revisionStart + 1);
	return `${epoch === "0:" ? "" : epoch}${tildes(upstream).replaceAll("-", "_").replaceAll(":", "_")}-${tildes(revision).replaceAll("+", ".")}`;
}

function tildes(text: string): string {
	return text
		.replace(/~+(?=[A-Za-z])/g, "")
		.replace(/~+(?=[^A-Za-z]|$)/g, "pre");
}

/**
 * The pacman form of a version in a relation. One without revision stands for every revision in `>=`
 * and `<`, where the shorter form means the same; elsewhere Debian's implied revision 0 is written out.
 */
export function pacmanConstraint(operator: string, debian: string): string {
	const pacmanOperator = { "<<": "<", ">>": ">" }[operator] ?? operator;
	const version = pacmanVersion(debian);
	const short = operator === ">=" || operator === "<<";
	return `${pacmanOperator}${short && !debian.includes("-") ? version.replace(/-0$/, "") : version}`;
}
