import { open } from "node:fs/promises";

/**
 * When a .deb was built, in seconds since 1970: the modification time of its first ar(5) member, which
 * dpkg-deb takes from the changelog (deb(5)).
 */
export async function debDate(path: string): Promise<number> {
	const file = await open(path);
	try {
		const header = Buffer.alloc(60);
		await file.read(header, 0, 60, "!<arch>\n".length);
		const seconds = Number(header.toString("latin1", 16, 28).trim());
		if (!Number.isSafeInteger(seconds) || seconds <= 0)
			throw new Error(`${path} is no Debian package`);
		return seconds;
	} finally {
		await file.close();
	}
}
