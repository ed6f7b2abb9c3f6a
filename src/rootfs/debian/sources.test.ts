import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { debianSchema } from "./schema.ts";
import { snapshotOptions, wantedSources } from "./sources.ts";
import {
	formatSource,
	parseDeb822Sources,
	parseOneLineSources,
} from "./sources-parse.ts";

let apt: string;
beforeEach(async () => {
	apt = await mkdtemp(join(tmpdir(), "dock0-apt-"));
	await mkdir(join(apt, "sources.list.d"));
});
afterEach(() => rm(apt, { recursive: true, force: true }));

const deb822 = `Types: deb deb-src
# a comment between fields
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 xyz

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: bookworm
Components: main
`;

const wanted = (input: object) =>
	wantedSources(debianSchema.parse(input), apt).map(formatSource);

describe("this machine's apt sources", () => {
	it("reads deb822 stanzas, one source for each URI and suite", () => {
		const sources = parseDeb822Sources(deb822);
		expect(sources.map(({ uri, suite }) => `${uri} ${suite}`)).toEqual([
			"http://mirror.example/debian bookworm",
			"http://mirror.example/debian bookworm-updates",
			"http://mirror.example/debian-security bookworm-security",
		]);
		expect(sources[2]?.options["signed-by"]).toContain("BEGIN PGP");
	});

	it("rewrites Debian's own to the wanted suite and leaves out everyone else's", async () => {
		await writeFile(
			join(apt, "sources.list"),
			[
				"# deb http://commented.example/debian bookworm main",
				"deb-src http://mirror.example/debian bookworm main",
				"deb [arch=amd64 signed-by=/etc/apt/keyrings/docker.asc] https://vendor.example/linux/debian bookworm stable",
				"deb [signed-by=/etc/apt/keyrings/other.gpg] https://other.example/debian bookworm main",
				"deb http://mirror.example/debian/ bookworm main # trailing",
				"deb http://mirror.example/debian-security bookworm-security main",
			].join("\n"),
		);
		await writeFile(
			join(apt, "sources.list.d", "nodesource.sources"),
			"Types: deb\nURIs: https://node.example/node_20.x\nSuites: nodistro\nComponents: main\nSigned-By: /usr/share/keyrings/nodesource.gpg\n",
		);
		expect(wanted({ suite: "trixie" })).toEqual([
			"deb http://mirror.example/debian/ trixie main",
			"deb http://mirror.example/debian/ trixie-updates main",
			"deb http://mirror.example/debian-security trixie-security main",
		]);
	});

	it("asks no updates of a rolling suite, and takes the wanted components", async () => {
		await writeFile(
			join(apt, "sources.list.d", "debian.sources"),
			deb822.replace(/Signed-By:\n( .*\n)+/, ""),
		);
		expect(wanted({ suite: "sid", components: ["main", "non-free"] })).toEqual([
			"deb http://mirror.example/debian sid main non-free",
		]);
	});

	it("says what to set when there is no Debian mirror", () => {
		expect(() => wanted({})).toThrow(
			expect.objectContaining({ code: "DEBIAN_NO_MIRROR", exitCode: 2 }),
		);
	});
});

describe("mirrors of the config", () => {
	it("takes URIs and whole lines", () => {
		expect(
			wanted({
				suite: "bookworm",
				mirrors: [
					"http://a.example/debian",
					"https://a.example/debian-security",
					"deb [trusted=yes] file:///srv/repo ./",
					"deb http://b.example/x sid main extra",
				],
			}),
		).toEqual([
			"deb http://a.example/debian bookworm main",
			"deb https://a.example/debian-security bookworm-security main",
			"deb [trusted=yes] file:///srv/repo ./",
			"deb http://b.example/x sid main extra",
		]);
	});

	it.each(["ftp//x", "", "deb", "rm -rf /", "http://a b\nc"])(
		"refuses %j",
		(mirror) => {
			expect(debianSchema.safeParse({ mirrors: [mirror] }).success).toBe(false);
		},
	);
});

it("reads back every one-line source that it writes", () => {
	const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
	fc.assert(
		fc.property(
			fc.record({
				uri: word.map((host) => `https://${host}.example/debian`),
				suite: word,
				components: fc.array(word, { maxLength: 3 }),
				options: fc.dictionary(word, fc.stringMatching(/^[a-z0-9/.=]{1,9}$/), {
					maxKeys: 3,
					noNullPrototype: true,
				}),
			}),
			(source) => {
				expect(parseOneLineSources(formatSource(source))).toEqual([source]);
			},
		),
	);
});

it("takes an instant of the archives' history", () => {
	const debian = debianSchema.parse({
		suite: "bookworm",
		snapshot: "20250101",
	});
	expect(wantedSources(debian).map(formatSource)).toEqual([
		"deb https://snapshot.debian.org/archive/debian/20250101T000000Z bookworm main",
		"deb https://snapshot.debian.org/archive/debian/20250101T000000Z bookworm-updates main",
		"deb https://snapshot.debian.org/archive/debian-security/20250101T000000Z bookworm-security main",
	]);
	expect(snapshotOptions(debian)).toHaveLength(1);
});
