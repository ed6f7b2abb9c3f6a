import { describe, expect, it } from "vitest";
import {
	compareLocks,
	formatLock,
	type Lock,
	lockRequest,
	lockSchema,
} from "./lock.ts";
import { rootfsSchema } from "./schema.ts";

const file = (name: string, version: string) => ({
	name,
	version,
	arch: "all",
	file: `pool/${name}_${version}.deb`,
	sha256: "0".repeat(64),
	bytes: 1,
});

const lock: Lock = {
	format: 1,
	request: { backend: "debian", suite: "x", variant: "apt", packages: ["a"] },
	root: [file("a", "1"), file("b", "1")],
	unpacked: { kernel: [file("linux", "6")], busybox: [] },
	host: {},
};

describe("a lock", () => {
	it("reads back as it was written, with one package a line", () => {
		const text = formatLock(lock);
		expect(lockSchema.parse(JSON.parse(text))).toEqual(lock);
		expect(
			text.split("\n").filter((line) => line.includes("sha256")),
		).toHaveLength(3);
		expect(text.indexOf('"busybox"')).toBeLessThan(text.indexOf('"kernel"'));
	});

	it("says what another one changes", () => {
		const now = { ...lock, root: [file("a", "2"), file("c", "1")] };
		expect(compareLocks(lock, now)).toEqual([
			"a 1 -> 2",
			"removed b 1",
			"added c 1",
		]);
		expect(compareLocks(lock, lock)).toEqual([]);
	});

	it("lets no file name lead out of its folder", () => {
		for (const path of ["../x.deb", "/etc/x.deb", "pool/../../x.deb", ".."])
			expect(
				lockSchema.safeParse({
					...lock,
					root: [{ ...file("a", "1"), file: path }],
				}).success,
			).toBe(false);
	});

	it("asks the same for the same packages in any order", () => {
		const request = (packages: string[]) =>
			lockRequest(rootfsSchema.parse({ packages }));
		expect(request(["b", "a", "b"])).toEqual(request(["a", "b"]));
		expect(request(["a"])).not.toEqual(request(["b"]));
	});
});
