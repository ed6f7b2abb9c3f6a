import { expect, it } from "vitest";
import { parseListing } from "./contents.ts";
import { sourcesOf } from "./package-owners.ts";

const hash = "a".repeat(64);

it("joins listing, hashes and owners, whatever the names hold", () => {
	const listing = [
		"d\t755\t0:0\t3\t\tusr",
		"f\t4755\t0:0\t12\t\tusr/bin/a b\tc\nd",
		"l\t777\t0:0\t7\tusr/bin\tbin",
		"c\t600\t0:5\t0\t\tdev/console",
		"",
	].join("\0");
	const owners = new Map([
		["usr", "base-files"],
		["bin/a b\tc\nd", "old-style"],
	]);
	expect(
		parseListing(listing, `${hash}  ./usr/bin/a b\tc\nd\0`, owners),
	).toEqual([
		{ path: "bin", kind: "l", mode: "777", owner: "0:0", target: "usr/bin" },
		{ path: "dev/console", kind: "c", mode: "600", owner: "0:5" },
		{ path: "usr", kind: "d", mode: "755", owner: "0:0" },
		{
			path: "usr/bin/a b\tc\nd",
			kind: "f",
			mode: "4755",
			owner: "0:0",
			bytes: 12,
			sha256: hash,
			package: "old-style",
		},
	]);
});

it("reads source packages from dpkg's status", () => {
	const status = [
		"Package: libssl3t64\nStatus: install ok installed\nSource: openssl\nVersion: 3.5.1-1",
		"Package: openssl\nStatus: install ok installed\nVersion: 3.5.1-1",
		"Package: gcc-14-base\nStatus: install ok installed\nSource: gcc-14 (14.2.0-19)\nVersion: 14.2.0-19+b1",
		"Package: gone\nStatus: deinstall ok config-files\nVersion: 1",
		"",
	].join("\n\n");
	expect(sourcesOf(status)).toEqual([
		{ source: "gcc-14", version: "14.2.0-19", packages: ["gcc-14-base"] },
		{
			source: "openssl",
			version: "3.5.1-1",
			packages: ["libssl3t64", "openssl"],
		},
	]);
});
