import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exactGlobMatcher, globMatcher } from "./glob.ts";

describe("globs", () => {
	it.each([
		["/usr/share/doc", "/usr/share/doc", true],
		["/usr/share/doc", "/usr/share/doc/a/b", true],
		["/usr/share/doc", "/usr/share/docs", false],
		["/usr/share/man/**", "/usr/share/man", false],
		["/usr/share/man/**", "/usr/share/man/de/man1", true],
		["/a/*/c", "/a/b/c", true],
		["/a/*/c", "/a/b/b/c", false],
		["/a/**/c", "/a/c", true],
		["/a/**/c", "/a/b/b/c", true],
		["/a/?.so", "/a/b.so", true],
		["/a/?.so", "/a/bb.so", false],
		["/var/{lib,cache}/apt", "/var/cache/apt/x", true],
		["/var/{lib,cache}/apt", "/var/log/apt", false],
		["/x/de{,_*}", "/x/de_AT/LC", true],
		["/x/de{,_*}", "/x/den", false],
		["/lib[0-9]", "/lib6", true],
		["/lib[!0-9]", "/lib6", false],
		["/a[!b]c", "/a/c", false],
		["/a/\\*", "/a/*", true],
		["/a/\\*", "/a/b", false],
		["/a+(b)", "/a+(b)", true],
		["/{open", "/{open", true],
		["/{[}]", "/{}", true],
		["/{a,[}]}b", "/}b", true],
	])("%s on %s: %s", (pattern, path, matches) => {
		expect(globMatcher(pattern)(path)).toBe(matches);
	});

	it("matches every path by itself when it is escaped, and only that exactly", () => {
		fc.assert(
			fc.property(fc.string(), fc.string(), (name, other) => {
				const path = `/${name}`;
				const pattern = path.replaceAll(/[\\*?[\]{},]/g, "\\$&");
				expect(exactGlobMatcher(pattern)(path)).toBe(true);
				expect(exactGlobMatcher(pattern)(`/${other}`)).toBe(other === name);
			}),
		);
	});

	it("gives a range that runs backwards no characters", () => {
		expect(globMatcher("/[z-ax]")("/x")).toBe(true);
		expect(globMatcher("/[z-ax]")("/b")).toBe(false);
		expect(globMatcher("[\\-*]")("x")).toBe(false);
	});

	it("is never an invalid expression", () => {
		fc.assert(
			fc.property(
				fc.string({ unit: fc.constantFrom(..."*?[]{}!^-\\,/ab.") }),
				(pattern) => {
					expect(globMatcher(pattern)("/a")).toBeTypeOf("boolean");
				},
			),
			{ numRuns: 1000 },
		);
	});
});
