import { compressBlocks } from "./compress.ts";
import { type Compressor, metadataBlock } from "./layout.ts";

/** A table as it goes to disk. */
export interface StoredTable {
	bytes: Buffer;
	/** Where in `bytes` each block begins. */
	starts: number[];
}

/** Cuts content into blocks of metadata; the last one may be shorter. */
function cut(content: Buffer): Buffer[] {
	const blocks: Buffer[] = [];
	for (let at = 0; at < content.length; at += metadataBlock)
		blocks.push(content.subarray(at, at + metadataBlock));
	return blocks;
}

/** Joins blocks, each with its two bytes of length; those without a packed form go as they are. */
function join(
	blocks: readonly Buffer[],
	packed: readonly (Buffer | undefined)[],
): StoredTable {
	const parts: Buffer[] = [];
	const starts: number[] = [];
	let at = 0;
	for (const [index, block] of blocks.entries()) {
		const small = packed[index];
		const bytes = small ?? block;
		const head = Buffer.alloc(2);
		head.writeUInt16LE(small ? small.length : 0x8000 | block.length);
		starts.push(at);
		parts.push(head, bytes);
		at += 2 + bytes.length;
	}
	return { bytes: Buffer.concat(parts), starts };
}

/** A table none of whose blocks is compressed. */
export function plainTable(content: Buffer): StoredTable {
	return join(cut(content), []);
}

/** Compresses several tables in one go, in the order given. */
export async function packTables(
	contents: readonly Buffer[],
	compressor: Compressor,
	temp: string,
): Promise<StoredTable[]> {
	const tables = contents.map(cut);
	const packed = await compressBlocks(tables.flat(), compressor, temp);
	let first = 0;
	return tables.map((blocks) => {
		first += blocks.length;
		return join(blocks, packed.slice(first - blocks.length, first));
	});
}

/** The list of absolute places of a table's blocks, which follows it on disk. */
export function tableIndex(table: StoredTable, position: number): Buffer {
	const index = Buffer.alloc(8 * table.starts.length);
	for (const [n, start] of table.starts.entries())
		index.writeBigUInt64LE(BigInt(position + start), 8 * n);
	return index;
}
