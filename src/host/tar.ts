/** A member of a tar archive. */
export interface TarEntry {
	/** Relative, without a slash at its end. */
	path: string;
	type: "file" | "folder" | "link";
	mode: number;
	uid: number;
	gid: number;
	/** Bytes of a file's content. */
	size: number;
	/** Seconds since 1970. */
	time: number;
	/** Where a link leads. */
	target?: string;
}

const blockSize = 512;
const typeFlags = { file: "0", folder: "5", link: "2" } as const;

/**
 * The header of an entry: ustar, with a pax header before it for names that do not fit into 100 bytes
 * (IEEE Std 1003.1-2017, pax).
 */
export function tarHeader(entry: TarEntry): Buffer {
	const records: string[] = [];
	if (Buffer.byteLength(entry.path) > 99)
		records.push(record("path", entry.path));
	if (Buffer.byteLength(entry.target ?? "") > 100)
		records.push(record("linkpath", entry.target ?? ""));
	const plain = header(entry, typeFlags[entry.type]);
	if (records.length === 0) return plain;
	const body = Buffer.from(records.join(""));
	return Buffer.concat([
		header(
			{ ...entry, path: "pax", mode: 0o644, size: body.length, target: "" },
			"x",
		),
		body,
		tarPadding(body.length),
		plain,
	]);
}

/** The zeros after a file's content. */
export function tarPadding(size: number): Buffer {
	return Buffer.alloc((blockSize - (size % blockSize)) % blockSize);
}

/** What ends an archive. */
export const tarEnd = Buffer.alloc(2 * blockSize);

function header(entry: TarEntry, type: string): Buffer {
	const block = Buffer.alloc(blockSize);
	const name =
		entry.type === "folder" && type === "5" ? `${entry.path}/` : entry.path;
	Buffer.from(name).copy(block, 0, 0, 100);
	octal(block, 100, 8, entry.mode);
	octal(block, 108, 8, entry.uid);
	octal(block, 116, 8, entry.gid);
	octal(block, 124, 12, entry.size);
	octal(block, 136, 12, entry.time);
	block.fill(" ", 148, 156);
	block.write(type, 156);
	Buffer.from(entry.target ?? "").copy(block, 157, 0, 100);
	block.write("ustar\0" + "00", 257, "latin1");
	const sum = block.reduce((total, byte) => total + byte, 0);
	block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
	return block;
}

function octal(block: Buffer, at: number, width: number, value: number): void {
	block.write(value.toString(8).padStart(width - 1, "0"), at, "latin1");
}

/** `LENGTH KEY=VALUE\n`, where the length counts its own digits. */
function record(key: string, value: string): string {
	const rest = Buffer.byteLength(` ${key}=${value}\n`);
	let length = rest + String(rest).length;
	if (rest + String(length).length !== length) length += 1;
	return `${length} ${key}=${value}\n`;
}
