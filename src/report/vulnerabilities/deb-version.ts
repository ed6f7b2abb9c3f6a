/**
 * Compares two Debian versions as dpkg does (deb-version(7)).
 * @returns less than 0, 0, or more than 0
 */
export function compareVersions(a: string, b: string): number {
	const [x, y] = [split(a), split(b)];
	return (
		x.epoch - y.epoch ||
		compareParts(x.upstream, y.upstream) ||
		compareParts(x.revision, y.revision)
	);
}

function split(version: string) {
	const colon = version.indexOf(":");
	const rest = version.slice(colon + 1);
	const hyphen = rest.lastIndexOf("-");
	return {
		epoch: colon < 0 ? 0 : Number(version.slice(0, colon)),
		upstream: hyphen < 0 ? rest : rest.slice(0, hyphen),
		revision: hyphen < 0 ? "" : rest.slice(hyphen + 1),
	};
}

/** Text without digits and numbers by turns, each pair compared in its own way. */
function compareParts(a: string, b: string): number {
	const [x, y] = [pieces(a), pieces(b)];
	for (let index = 0; index < Math.max(x.length, y.length); index++) {
		const [left, right] = [x[index] ?? "", y[index] ?? ""];
		const order =
			index % 2 === 0
				? compareText(left, right)
				: compareNumbers(left || "0", right || "0");
		if (order !== 0) return order;
	}
	return 0;
}

function pieces(text: string): string[] {
	return [...text.matchAll(/(\D*)(\d*)/g)].flatMap(
		([, words = "", number = ""]) => [words, number],
	);
}

/** Numbers of any length, leading zeros ignored. */
function compareNumbers(a: string, b: string): number {
	const [x, y] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
	return x.length - y.length || (x < y ? -1 : x > y ? 1 : 0);
}

/** `~` before the end, the end before letters, letters before all else. */
function compareText(a: string, b: string): number {
	for (let index = 0; index < Math.max(a.length, b.length); index++) {
		const order = weight(a[index]) - weight(b[index]);
		if (order !== 0) return order;
	}
	return 0;
}

function weight(letter: string | undefined): number {
	if (letter === "~") return -1;
	if (letter === undefined) return 0;
	const code = letter.charCodeAt(0);
	return /[A-Za-z]/.test(letter) ? code : code + 256;
}
