import { open, stat } from "node:fs/promises";
import type { ContentEntry } from "./contents.ts";

/**
 * Compares two files.
 * @returns offset of the first byte that differs (the length of the shorter one when it is the other's
 * beginning); undefined when they are equal.
 */
export async function firstDifference(
	one: string,
	other: string,
): Promise<number | undefined> {
	const files = await Promise.all([open(one), open(other)]);
	try {
		const buffers = files.map(() => Buffer.alloc(1024 * 1024));
		for (let offset = 0; ; ) {
			const [a, b] = await Promise.all(
				files.map((file, at) => fill(file, buffers[at] as Buffer, offset)),
			);
			if (!a || !b) throw new Error("there are two files");
			if (a.equals(b) && a.length === 0) return undefined;
			if (!a.equals(b)) {
				const end = Math.min(a.length, b.length);
				let at = 0;
				while (at < end && a[at] === b[at]) at += 1;
				return offset + at;
			}
			offset += a.length;
		}
	} finally {
		await Promise.all(files.map((file) => file.close()));
	}
}

/** Reads until the buffer is full or the file ends. */
async function fill(
	file: Awaited<ReturnType<typeof open>>,
	buffer: Buffer,
	position: number,
): Promise<Buffer> {
	let filled = 0;
	while (filled < buffer.length) {
		const { bytesRead } = await file.read(
			buffer,
			filled,
			buffer.length - filled,
			position + filled,
		);
		if (bytesRead === 0) break;
		filled += bytesRead;
	}
	return buffer.subarray(0, filled);
}

/** What two trees do not have in common, a line a path, sorted; `PATH: mode 644 -> 755`. Pure. */
export function compareEntries(
	before: readonly ContentEntry[],
	now: readonly ContentEntry[],
): string[] {
	const old = new Map(before.map((entry) => [entry.path, entry]));
	const fresh = new Map(now.map((entry) => [entry.path, entry]));
	const paths = [...new Set([...old.keys(), ...fresh.keys()])].sort();
	return paths.flatMap((path) => {
		const [was, is] = [old.get(path), fresh.get(path)];
		if (!was) return [`/${path}: only in the rebuilt one`];
		if (!is) return [`/${path}: only in the release`];
		const changes = (["kind", "mode", "owner", "target"] as const)
			.filter((field) => was[field] !== is[field])
			.map((field) => `${field} ${was[field]} -> ${is[field]}`);
		if (was.sha256 !== is.sha256)
			changes.push(
				was.bytes === is.bytes
					? "other content"
					: `other content, ${was.bytes} -> ${is.bytes} bytes`,
			);
		return changes.length > 0 ? [`/${path}: ${changes.join(", ")}`] : [];
	});
}

/** Size in bytes; undefined when there is no such file. */
export async function sizeOf(file: string): Promise<number | undefined> {
	return stat(file).then(
		({ size }) => size,
		() => undefined,
	);
}
