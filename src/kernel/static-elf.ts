import { open } from "node:fs/promises";

const PT_INTERP = 3;

/**
 * Whether a file is a 64-bit little-endian ELF program that needs no dynamic loader: it has no
 * PT_INTERP program header (elf(5)).
 */
export async function isStaticProgram(path: string): Promise<boolean> {
	const file = await open(path, "r");
	try {
		const header = Buffer.alloc(64);
		const { bytesRead } = await file.read(header, 0, 64, 0);
		const isElf64 =
			bytesRead === 64 &&
			header.toString("latin1", 0, 4) === "\x7fELF" &&
			header[4] === 2 &&
			header[5] === 1;
		if (!isElf64) return false;
		// e_phoff, e_phentsize, e_phnum
		const offset = Number(header.readBigUInt64LE(32));
		const size = header.readUInt16LE(54);
		const count = header.readUInt16LE(56);
		const table = Buffer.alloc(size * count);
		await file.read(table, 0, table.length, offset);
		for (let at = 0; at + 4 <= table.length && size > 0; at += size)
			if (table.readUInt32LE(at) === PT_INTERP) return false;
		return count > 0;
	} finally {
		await file.close();
	}
}
