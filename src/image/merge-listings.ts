/** Texts of list_tree (system/tree-listing.ts) for two trees, the second over the first; bytes as `latin1`. */
export interface TwoTexts {
	base: string;
	top: string;
}

/** What is in the tree of both. `keeps` says which paths of the base are as the base has them. Pure. */
export function mergeListings(
	listings: TwoTexts,
	keeps: (path: string) => boolean,
): string {
	return merge(listings, keeps, pathOfEntry).sort().map(ended).join("");
}

/** The same for the hashes of the files. */
export function mergeHashes(
	hashes: TwoTexts,
	keeps: (path: string) => boolean,
): string {
	const byPath = (a: string, b: string): number =>
		pathOfHash(a) < pathOfHash(b) ? -1 : 1;
	return merge(hashes, keeps, pathOfHash).sort(byPath).map(ended).join("");
}

/** find(1)'s letter for the kind of each entry, by path. */
export function kindsIn(listing: string): Map<string, string> {
	return new Map(
		records(listing).map((line) => [pathOfEntry(line), line.slice(0, 1)]),
	);
}

function merge(
	{ base, top }: TwoTexts,
	keeps: (path: string) => boolean,
	pathOf: (line: string) => string,
): string[] {
	const lines = new Map(records(top).map((line) => [pathOf(line), line]));
	for (const line of records(base)) {
		const path = pathOf(line);
		if (keeps(path)) lines.set(path, line);
	}
	return [...lines.values()];
}

function ended(line: string): string {
	return `${line}\0`;
}

function records(text: string): string[] {
	return text.split("\0").filter(Boolean);
}

/** Of `%y %m %U:%G %s %l %P` with tabs between. */
function pathOfEntry(line: string): string {
	return line.split("\t").slice(5).join("\t");
}

/** Of `HASH  ./PATH`, sha256sum(1). */
function pathOfHash(line: string): string {
	return line.slice(68);
}
