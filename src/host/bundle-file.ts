import type { Readable } from "node:stream";

/** A file or link of a bundle; folders above it are made, 0755 and root's, unless listed. */
export type BundleFile = {
	/** Absolute path in the host. */
	path: string;
} & (
	| {
			content: string | Uint8Array;
			/** Permission bits, default 0o644. */
			mode?: number;
			/** Numbers, since a bundle knows nothing of the root's names; default 0. */
			uid?: number;
			gid?: number;
	  }
	/** A large file of this machine, read when the bundle is packed. */
	| { from: string; bytes: number; open: () => Readable }
	| { link: string }
	/** A folder with other bits than 0755. */
	| { folder: true; mode: number }
);

/** A text file with a line feed after each line. */
export function textFile(
	path: string,
	lines: readonly string[],
	mode = 0o644,
): BundleFile {
	return { path, content: lines.map((line) => `${line}\n`).join(""), mode };
}

/** The link that starts `unit` together with `target`. */
export function wantedBy(target: string, unit: string): BundleFile {
	return {
		path: `/etc/systemd/system/${target}.wants/${unit}`,
		link: unit.includes("@")
			? `/usr/lib/systemd/system/${unit.replace(/@.*\./, "@.")}`
			: `../${unit}`,
	};
}
