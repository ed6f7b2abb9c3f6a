import { expect, it } from "vitest";
import { archiveName, parseStanzas } from "./control.ts";
import { originsOf, parsePackageList } from "./package-list.ts";

it("lists installed packages by name, in bytes, and leaves out removed ones", () => {
	const text =
		"ii \tzlib1g\t1:1.3\tamd64\t170\nrc \told\t1\tamd64\t5\nii \tadduser\t3.1\tall\t408\n";
	expect(parsePackageList(text)).toEqual([
		{ name: "adduser", version: "3.1", arch: "all", size: 408 * 1024 },
		{ name: "zlib1g", version: "1:1.3", arch: "amd64", size: 170 * 1024 },
	]);
});

it("reads the candidate of a package from apt's answer", () => {
	const text = `Package: linux-image-cloud-amd64
Source: linux-signed-amd64 (6.12+1)
Version: 1:6.12-1
Installed-Size: 13
Architecture: amd64
Pre-Depends: dpkg (>= 1.19)
Depends: linux-image-6.12.1-cloud-amd64 (= 6.12-1), a:any | b, c
Filename: pool/main/l/x.deb
Size: 77
SHA256: abc
Description: x
 Package: not-this

Package: other
`;
	const [stanza, ...others] = parseStanzas(text);
	expect(others).toEqual([]);
	expect(stanza).toEqual({
		record: {
			name: "linux-image-cloud-amd64",
			version: "1:6.12-1",
			arch: "amd64",
			size: 13 * 1024,
		},
		origin: {
			name: "linux-image-cloud-amd64",
			version: "1:6.12-1",
			arch: "amd64",
			file: "pool/main/l/x.deb",
			sha256: "abc",
			bytes: 77,
			source: "linux-signed-amd64",
			sourceVersion: "6.12+1",
			description: "x",
		},
		depends: ["dpkg", "linux-image-6.12.1-cloud-amd64", "a", "c"],
	});
	expect(stanza && archiveName(stanza.origin)).toBe(
		"linux-image-cloud-amd64_1%3a6.12-1_amd64.deb",
	);
	expect(parseStanzas("")).toEqual([]);
});

it("finds the files of installed packages in an index, and says which is missing", () => {
	const index =
		"Package: a\nVersion: 2\nArchitecture: all\nFilename: ./a_2.deb\nSize: 5\nSHA256: two\n\nPackage: a\nVersion: 1\nArchitecture: all\nFilename: a_1.deb\nSize: 4\nSHA256: one\n";
	const record = { name: "a", version: "2", arch: "all", size: 0 };
	expect(originsOf([record], index)).toMatchObject([
		{ file: "a_2.deb", sha256: "two", bytes: 5 },
	]);
	expect(() => originsOf([{ ...record, version: "3" }], index)).toThrow(
		"no index has a 3 all",
	);
});
