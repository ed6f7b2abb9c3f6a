import { lstatSync } from "node:fs";
import {
	mkdtemp,
	readFile,
	rename,
	rm,
	utimes,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isSettled, sha256 } from "../system/files.ts";
import { withFileHashes } from "./file-hashes.ts";

const large = 100_000;

let root: string;
let file: string;

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), "dock0-hashes-"));
	vi.stubEnv("DOCK0_CACHE_DIR", join(root, "cache"));
	file = join(root, "file");
});

afterEach(async () => {
	vi.useRealTimers();
	vi.unstubAllEnvs();
	await rm(root, { recursive: true });
});

const hash = (): Promise<string> =>
	withFileHashes((hashFile) =>
		hashFile(file, lstatSync(file, { bigint: true })),
	);

const memo = async (): Promise<Record<string, string>> =>
	JSON.parse(
		await readFile(join(root, "cache/file-hashes.json"), "utf8").catch(
			() => "{}",
		),
	) as Record<string, string>;

/** As if what was written until now had been lying there for a while. */
function later(): void {
	vi.useFakeTimers({ now: Date.now() + 10_000, toFake: ["Date"] });
}

/** Shows which hashes come from the memo and not from the file. */
async function spoilMemo(): Promise<void> {
	const spoiled = Object.keys(await memo()).map((id) => [id, "remembered"]);
	await writeFile(
		join(root, "cache/file-hashes.json"),
		JSON.stringify(Object.fromEntries(spoiled)),
	);
}

describe("a file's hash", () => {
	it("is remembered for large files that lie still", async () => {
		await writeFile(file, "a".repeat(large));
		later();
		expect(await hash()).toBe(sha256("a".repeat(large)));
		await spoilMemo();
		expect(await hash()).toBe("remembered");
	});

	it("is not remembered for small files", async () => {
		await writeFile(file, "a");
		later();
		expect(await hash()).toBe(sha256("a"));
		expect(await memo()).toEqual({});
	});

	it("is not remembered for files that changed just now", async () => {
		await writeFile(file, "a".repeat(large));
		await hash();
		expect(await memo()).toEqual({});
	});

	it("is not remembered when the file changes while it is read", async () => {
		await writeFile(file, "a".repeat(large));
		const before = lstatSync(file, { bigint: true });
		later();
		await withFileHashes(async (hashFile) => {
			await writeFile(file, "b".repeat(large));
			return hashFile(file, before);
		});
		expect(await memo()).toEqual({});
	});

	it("survives a memo that is no JSON", async () => {
		await writeFile(file, "a".repeat(large));
		later();
		await hash();
		await writeFile(join(root, "cache/file-hashes.json"), "{");
		expect(await hash()).toBe(sha256("a".repeat(large)));
	});

	it("is always that of the content, however it changed", async () => {
		const letter = fc.constantFrom("a", "b", "c");
		await fc.assert(
			fc.asyncProperty(
				fc.array(
					fc.record({
						letter,
						how: fc.constantFrom("write", "keepTime", "replace", "nothing"),
						pause: fc.boolean(),
					}),
					{ minLength: 1, maxLength: 8 },
				),
				async (changes) => {
					let content = "a".repeat(large);
					await writeFile(file, content);
					const fixed = new Date(1_700_000_000_000);
					for (const { letter, how, pause } of changes) {
						vi.useRealTimers();
						if (how !== "nothing") content = letter.repeat(large);
						const target = how === "replace" ? `${file}.new` : file;
						if (how !== "nothing") await writeFile(target, content);
						if (how === "keepTime" || how === "replace")
							await utimes(target, fixed, fixed);
						if (how === "replace") await rename(target, file);
						if (pause) {
							// Past the kernel's clock tick, which a real pause of 2 s is always.
							await new Promise((resolve) => setTimeout(resolve, 12));
							later();
						}
						expect(await hash()).toBe(sha256(content));
					}
				},
			),
			{ numRuns: 30 },
		);
	});
});

describe("time stamps", () => {
	const stats = (mtime: number, ctime: number) => ({
		mtimeNs: BigInt(mtime) * 1_000_000n,
		ctimeNs: BigInt(ctime) * 1_000_000n,
	});

	it.each([
		[0, 0, 2001, true],
		[0, 0, 2000, false],
		[0, 1, 2001, false],
		[1, 0, 2001, false],
		[9999, 0, 5000, false],
	])("of mtime %d and ctime %d count at %d: %s", (mtime, ctime, now, is) => {
		expect(isSettled(stats(mtime, ctime), now)).toBe(is);
	});
});
