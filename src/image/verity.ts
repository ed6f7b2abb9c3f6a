import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { sha256File } from "../system/files.ts";

/** Bytes of a data block and of a hash block; 4096 is what every kernel can map. */
const blockSize = 4096;
/** SHA-256 digests that fit into a hash block. */
const fanOut = blockSize / 32;

/** What the kernel needs to know to check an image against its hash tree. */
export interface Verity {
	/** Hash of the tree's top block, hex. */
	rootHash: string;
	/** Blocks of 4096 bytes before the tree, which starts at the next one. */
	dataBlocks: number;
	/** Hashed before each block, hex. */
	salt: string;
}

/**
 * Appends the dm-verity hash tree to an image, as `veritysetup format --no-superblock
 * --hash-offset=SIZE` would: hash format 1, SHA-256, levels from the top to the one of the data blocks
 * (Documentation/admin-guide/device-mapper/verity.rst). The salt is the image's own SHA-256, so that
 * equal images get equal trees.
 * @param file at least a byte long; it is filled up with zeros to whole blocks.
 */
export async function appendHashTree(file: string): Promise<Verity> {
	const { size } = await stat(file);
	const salt = await sha256File(file);
	const saltBytes = Buffer.from(salt, "hex");
	const hash = (block: Uint8Array): Buffer =>
		createHash("sha256").update(saltBytes).update(block).digest();
	let digests: Buffer[] = [];
	for await (const chunk of createReadStream(file, {
		highWaterMark: 256 * blockSize,
	})) {
		const bytes = chunk as Buffer;
		for (let at = 0; at < bytes.length; at += blockSize)
			digests.push(hash(wholeBlock(bytes.subarray(at, at + blockSize))));
	}
	const dataBlocks = Math.ceil(size / blockSize);
	const levels: Buffer[] = [];
	while (digests.length > 1) {
		const blocks: Buffer[] = [];
		for (let at = 0; at < digests.length; at += fanOut)
			blocks.push(wholeBlock(Buffer.concat(digests.slice(at, at + fanOut))));
		levels.unshift(Buffer.concat(blocks));
		digests = blocks.map(hash);
	}
	const handle = await open(file, "r+");
	try {
		await handle.truncate(dataBlocks * blockSize);
		const tree = Buffer.concat(levels);
		await handle.write(tree, 0, tree.length, dataBlocks * blockSize);
	} finally {
		await handle.close();
	}
	return { rootHash: digests[0]?.toString("hex") ?? "", dataBlocks, salt };
}

function wholeBlock(bytes: Buffer): Buffer {
	return bytes.length === blockSize
		? bytes
		: Buffer.concat([bytes, Buffer.alloc(blockSize - bytes.length)]);
}
