import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { tarEnd, tarHeader, tarPadding } from "../../host/tar.ts";
import { newcHeader } from "../../image/media/memory-archive.ts";
import { listTools } from "../../initramfs/tools.ts";

/** What is brought to a server, made by the pipeline. */
export interface Installer {
	/** Paths of a kernel and its initramfs, whose init is install.sh. */
	kernel: string;
	initramfs: string;
	/** Folder with kexec(8) and its libraries. */
	kexec: string;
}

/** A file for the server: its size, and its content as it is read. */
export interface Cargo {
	name: string;
	bytes: number;
	chunks(): AsyncIterable<Uint8Array>;
}

export async function fileCargo(name: string, source: string): Promise<Cargo> {
	const { size } = await stat(source);
	return { name, bytes: size, chunks: () => read(source) };
}

/** kexec with its libraries as a tar archive. */
export async function kexecCargo(folder: string): Promise<Cargo> {
	const parts: Uint8Array[] = [];
	for (const { path, source } of await listTools(folder)) {
		const content = await readFile(source);
		const header = tarHeader({
			...{ path, type: "file", mode: 0o755, uid: 0, gid: 0, time: 0 },
			size: content.length,
		});
		parts.push(header, content, tarPadding(content.length));
	}
	const archive = Buffer.concat([...parts, tarEnd]);
	return {
		name: "kexec.tar",
		bytes: archive.length,
		async *chunks() {
			yield archive;
		},
	};
}

/**
 * An initramfs with a second archive behind it, uncompressed, so that nothing has to be packed again: the
 * kernel unpacks one after the other (Documentation/driver-api/early-userspace/buffer-format.rst), the
 * second at a multiple of four bytes.
 * @param image path of a file that becomes /install/disk.img.gz.
 * @param files of /install, by name.
 */
export async function initrdCargo(
	initramfs: string,
	image: string,
	files: Readonly<Record<string, Uint8Array>>,
): Promise<Cargo> {
	const { size: baseBytes } = await stat(initramfs);
	const { size: imageBytes } = await stat(image);
	let inode = 0;
	const header = (name: string, size: number): Uint8Array =>
		newcHeader(name, { inode: ++inode, size, time: 0 });
	const small = Object.entries(files).flatMap(([name, content]) => [
		header(`install/${name}`, content.length),
		content,
		padding(content.length),
	]);
	const before = [
		padding(baseBytes),
		header("install/disk.img.gz", imageBytes),
	];
	const after = [
		padding(imageBytes),
		...small,
		newcHeader("TRAILER!!!", { inode: 0, size: 0, time: 0 }),
	];
	const sum = (parts: readonly Uint8Array[]): number =>
		parts.reduce((total, { length }) => total + length, 0);
	return {
		name: "initrd",
		bytes: baseBytes + sum(before) + imageBytes + sum(after),
		async *chunks() {
			yield* read(initramfs);
			yield* before;
			yield* read(image);
			yield* after;
		},
	};
}

function padding(bytes: number): Uint8Array {
	return new Uint8Array((4 - (bytes % 4)) % 4);
}

function read(file: string): AsyncIterable<Uint8Array> {
	return createReadStream(file, { highWaterMark: 1024 * 1024 });
}
