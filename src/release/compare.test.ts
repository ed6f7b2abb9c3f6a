import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { compareEntries, firstDifference } from "./compare.ts";

it("finds the first byte that differs, wherever it is", async () => {
	const folder = await mkdtemp(join(tmpdir(), "dock0-compare-"));
	const [one, other] = [join(folder, "one"), join(folder, "other")];
	try {
		await fc.assert(
			fc.asyncProperty(
				fc.uint8Array({ maxLength: 50 }),
				fc.uint8Array({ maxLength: 50 }),
				fc.constantFrom(0, 5, 1024 * 1024, 1024 * 1024 + 1),
				async (a, b, padding) => {
					const start = Buffer.alloc(padding);
					await writeFile(one, Buffer.concat([start, a]));
					await writeFile(other, Buffer.concat([start, b]));
					const index = a.findIndex((byte, at) => byte !== b[at]);
					const expected =
						index >= 0 ? index : a.length === b.length ? undefined : a.length;
					expect(await firstDifference(one, other)).toBe(
						expected === undefined ? undefined : padding + expected,
					);
				},
			),
			{ numRuns: 40 },
		);
	} finally {
		await rm(folder, { recursive: true });
	}
});

it("says by path what two trees do not have in common", () => {
	const file = { kind: "f", mode: "644", owner: "0:0", bytes: 1, sha256: "a" };
	expect(
		compareEntries(
			[
				{ path: "etc/a", ...file },
				{ path: "etc/gone", ...file },
				{ path: "etc/same", ...file },
				{ path: "link", kind: "l", mode: "777", owner: "0:0", target: "a" },
			],
			[
				{ path: "etc/a", ...file, mode: "600", sha256: "b" },
				{ path: "etc/new", ...file },
				{ path: "etc/same", ...file },
				{ path: "link", kind: "l", mode: "777", owner: "0:0", target: "b" },
			],
		),
	).toEqual([
		"/etc/a: mode 644 -> 600, other content",
		"/etc/gone: only in the release",
		"/etc/new: only in the rebuilt one",
		"/link: target a -> b",
	]);
});
