/** The closing lines of `dock0 lock`: what changed, and where the lock is. */
export function describeLock(result: {
	file: string;
	packages: number;
	changes: readonly string[];
	pooled?: number;
}): string {
	const { file, packages, changes, pooled } = result;
	const shown = changes.slice(0, 20).map((change) => `  ${change}`);
	if (changes.length > shown.length)
		shown.push(`  and ${changes.length - shown.length} more`);
	return [
		...shown,
		`${file}: ${packages} packages, ${changes.length === 0 ? "nothing changed" : `${changes.length} changes`}`,
		...(pooled === undefined ? [] : [`the pool has their ${pooled} files`]),
	].join("\n");
}
