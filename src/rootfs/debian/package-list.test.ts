import { expect, it } from "vitest";
import { parseCandidate } from "./candidate.ts";
import { parsePackageList } from "./package-list.ts";

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
SHA256: abc
Description: x
 Package: not-this

Package: other
`;
	expect(parseCandidate(text)).toEqual({
		record: {
			name: "linux-image-cloud-amd64",
			version: "1:6.12-1",
			arch: "amd64",
			size: 13 * 1024,
		},
		file: "linux-image-cloud-amd64_1%3a6.12-1_amd64.deb",
		sha256: "abc",
		depends: ["dpkg", "linux-image-6.12.1-cloud-amd64", "a", "c"],
	});
	expect(parseCandidate("")).toBeUndefined();
});
