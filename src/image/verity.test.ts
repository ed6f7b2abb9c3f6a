import { createCipheriv } from "node:crypto";
import {
	copyFile,
	mkdtemp,
	rm,
	stat,
	truncate,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../system/process.ts";
import { appendHashTree } from "./verity.ts";

let temp: string;
beforeAll(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-verity-"));
});
afterAll(() => rm(temp, { recursive: true, force: true }));

/** Bytes without a pattern, the same each time. */
function noise(length: number): Buffer {
	return createCipheriv(
		"aes-128-ctr",
		Buffer.alloc(16),
		Buffer.alloc(16),
	).update(Buffer.alloc(length));
}

// One block; a full hash block and one more; three levels; a last block that is not whole.
test.each([
	4096,
	2 * 4096,
	128 * 4096,
	129 * 4096,
	16_385 * 4096,
	4096 * 5 - 7,
])(
	"veritysetup(8) verifies the tree of %i bytes, and would have made the same",
	async (bytes) => {
		const file = join(temp, "ours");
		await writeFile(file, noise(bytes));
		const theirs = join(temp, "theirs");
		await copyFile(file, theirs);
		const { rootHash, dataBlocks, salt } = await appendHashTree(file);
		const offset = dataBlocks * 4096;
		await truncate(theirs, offset);
		const options = [
			"--no-superblock",
			`--hash-offset=${offset}`,
			`--data-blocks=${dataBlocks}`,
			`--salt=${salt}`,
		];
		const { stdout } = await run("veritysetup", [
			...["format", ...options, theirs, theirs],
		]);
		expect(/Root hash:\s*(\S+)/.exec(stdout)?.[1]).toBe(rootHash);
		await run("cmp", [file, theirs]);
		expect((await stat(file)).size % 4096).toBe(0);
		await run("veritysetup", ["verify", ...options, file, file, rootHash]);
	},
);
