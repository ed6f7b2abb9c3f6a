import { describe, expect, it } from "vitest";
import { primaryFingerprints } from "./keyring.ts";
import { parsePackageInfo } from "./package-info.ts";
import { parseDesc, parseOrigin } from "./package-list.ts";
import { pacmanConf } from "./pacman-conf.ts";
import { archSchema } from "./schema.ts";
import { syncEntry } from "./sync-entry.ts";

describe("pacman.conf", () => {
	it("has the folders, the order of repositories and each one's signature level", () => {
		const settings = archSchema.parse({
			repositories: [
				{
					name: "mine",
					servers: ["file:///srv/mine"],
					sigLevel: "Optional TrustAll",
				},
				{
					name: "core",
					servers: ["https://a.example/$repo", "https://b.example"],
				},
			],
		});
		expect(
			pacmanConf(settings, { database: "/d", cache: "/c", gpg: "/g" }),
		).toBe(`[options]
DBPath = /d/
CacheDir = /c/
GPGDir = /g/
LogFile = /dev/null
Architecture = x86_64
SigLevel = Required DatabaseOptional
LocalFileSigLevel = Optional
ParallelDownloads = 5

[mine]
SigLevel = Optional TrustAll
Server = file:///srv/mine

[core]
Server = https://a.example/$repo
Server = https://b.example
`);
	});

	it.each([
		{ repositories: [{ name: "local", servers: ["file:///x"] }] },
		{ repositories: [{ name: "a]\n[b", servers: ["file:///x"] }] },
		{ repositories: [{ name: "a", servers: [] }] },
		{ repositories: [{ name: "a", servers: ["file:///x\nInclude = /etc/y"] }] },
		{ sigLevel: "Sometimes" },
		{ sigLevel: "Required\nInclude = /etc/passwd" },
	])("refuses %j", (input) => {
		expect(archSchema.safeParse(input).success).toBe(false);
	});
});

it("reads a package's description from the database", () => {
	expect(
		parseDesc(
			"%NAME%\nbash\n\n%VERSION%\n5.2-1\n\n%DEPENDS%\nglibc\nreadline\n\n%ARCH%\nx86_64\n\n%SIZE%\n1024\n",
		),
	).toEqual({ name: "bash", version: "5.2-1", arch: "x86_64", size: 1024 });
});

it("reads what a package is and depends on from its .PKGINFO", () => {
	expect(
		parsePackageInfo(
			"# made by makepkg\npkgname = linux\npkgver = 6.1-1\nsize = 304\narch = x86_64\ndepend = kmod>=5\ndepend = initramfs\noptdepend = x: y\n",
		),
	).toMatchObject({
		record: { name: "linux", version: "6.1-1", arch: "x86_64", size: 304 },
		depends: ["kmod", "initramfs"],
	});
});

it("trusts primary keys, not their subkeys", () => {
	const colons = [
		"tru::1:1:0:3:1:5",
		"pub:u:255:22:AAAA:1:::u:::scESC:::::ed25519:::0:",
		"fpr:::::::::AAAAFPR:",
		"uid:u::::1::X::Test::::::::::0:",
		"sub:u:255:18:BBBB:1::::::e:::::cv25519::",
		"fpr:::::::::BBBBFPR:",
	].join("\n");
	expect(primaryFingerprints(colons)).toEqual(["AAAAFPR"]);
});

it("offers a package as a repository does", () => {
	const info =
		"# made by hand\npkgname = a\npkgbase = b\npkgver = 1:2-3\nsize = 9\narch = any\nlicense = MIT\nlicense = ISC\ndepend = c>=1\ndepend = d\n";
	const file = {
		...{ name: "a", version: "1:2-3", arch: "any", bytes: 7 },
		file: "a-1:2-3-any.pkg.tar.zst",
		sha256: "f".repeat(64),
	};
	const entry = syncEntry(info, file);
	expect(entry).toContain("%DEPENDS%\nc>=1\nd\n\n");
	expect(entry).not.toContain("%GROUPS%");
	expect(parseOrigin(entry)).toMatchObject({
		...file,
		source: "b",
		licences: ["MIT", "ISC"],
	});
	expect(parseDesc(entry).size).toBe(9);
});
