/** What an ELF file of a program or shared library asks for. */
export interface ElfNeeds {
	/** Path of the dynamic loader; only programs name one. */
	interpreter: string | undefined;
	/** Names of the shared libraries, in the file's order. */
	libraries: string[];
}

// Types of program headers and of entries of the dynamic section: elf(5).
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NULL = 0;
const DT_NEEDED = 1;
const DT_STRTAB = 5;

interface Segment {
	type: number;
	offset: number;
	address: number;
	size: number;
}

/**
 * Reads what a 64-bit little-endian ELF file needs to be loaded.
 * @returns undefined when the bytes are no such file.
 * @throws Error when the file is cut off or its tables lead out of it.
 */
export function readElf(bytes: Uint8Array): ElfNeeds | undefined {
	const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	if (
		file.length < 64 ||
		file.toString("latin1", 0, 4) !== "\x7fELF" ||
		file[4] !== 2 ||
		file[5] !== 1
	)
		return undefined;
	const segments = readSegments(file);
	const interpreter = segments.find(({ type }) => type === PT_INTERP);
	const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
	const needed: number[] = [];
	let strings = 0;
	for (
		let at = dynamic?.offset ?? 0;
		at < (dynamic ? dynamic.offset + dynamic.size : 0);
		at += 16
	) {
		const tag = word(file, at);
		const value = word(file, at + 8);
		if (tag === DT_NULL) break;
		if (tag === DT_NEEDED) needed.push(value);
		if (tag === DT_STRTAB) strings = fileOffset(segments, value);
	}
	return {
		interpreter: interpreter && text(file, interpreter.offset),
		libraries: needed.map((name) => text(file, strings + name)),
	};
}

function readSegments(file: Buffer): Segment[] {
	const table = word(file, 32);
	const size = file.readUInt16LE(54);
	const count = file.readUInt16LE(56);
	return Array.from({ length: count }, (_, index) => {
		const at = table + index * size;
		return {
			type: file.readUInt32LE(at),
			offset: word(file, at + 8),
			address: word(file, at + 16),
			size: word(file, at + 32),
		};
	});
}

/** Where in the file lies what gets loaded to an address. */
function fileOffset(segments: readonly Segment[], address: number): number {
	const segment = segments.find(
		(one) =>
			one.type === PT_LOAD &&
			address >= one.address &&
			address < one.address + one.size,
	);
	if (!segment) throw new Error(`no segment holds address ${address}`);
	return segment.offset + address - segment.address;
}

function word(file: Buffer, at: number): number {
	return Number(file.readBigUInt64LE(at));
}

function text(file: Buffer, at: number): string {
	const end = file.indexOf(0, at);
	if (end < 0) throw new Error("a name without an end");
	return file.toString("latin1", at, end);
}
