import { link, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { run } from "../../src/system/process.ts";
import { moveToSuite } from "../arch-repository/apt-sources.ts";
import { pruneClosure } from "../arch-repository/closure.ts";
import { convertPackage, convertScript } from "../arch-repository/convert.ts";
import { describe as describePackage } from "../arch-repository/database.ts";
import {
	parseRelations,
	parseStanzas,
} from "../arch-repository/debian-control.ts";
import { packageFacts } from "../arch-repository/pkginfo.ts";
import type { Recipe } from "../arch-repository/recipe.ts";
import { recipesFor } from "../arch-repository/recipes/all.ts";
import { pacmanConstraint, pacmanVersion } from "../arch-repository/version.ts";

// Each sorts before the next one, by dpkg and, once mapped, by pacman.
const ascending = [
	"0.9-1",
	"1.0~rc1-1",
	"1.0~rc2-1",
	"1.0-1~deb13u1",
	"1.0-1",
	"1.0-1+b3",
	"1.0-1+deb13u1",
	"1.0-1+deb13u1+b3",
	"1.0-1.1",
	"1.0-2",
	"1.0+dfsg-1",
	"1.0+dfsg2-1",
	"1.0.1-1",
	"1.2-1",
	"1.10~20240101-1",
	"1.10",
	"1.10-1",
	"1:0.3-1",
	"1:0.3+really0.4-1",
	"2:0.1-1",
];

describe("versions", () => {
	test("sort in pacman as they do in Debian", async () => {
		const pairs = ascending.flatMap((low, index) =>
			ascending.slice(index + 1).map((high) => [low, high] as const),
		);
		const { stdout } = await run("sh", [
			"-c",
			`while read -r low high mapped_low mapped_high; do
				dpkg --compare-versions "$low" lt "$high" && printf 'lt '
				vercmp "$mapped_low" "$mapped_high"
			done <<-LIST
			${pairs.map(([low, high]) => `${low} ${high} ${pacmanVersion(low)} ${pacmanVersion(high)}`).join("\n")}
			LIST`,
		]);
		expect(stdout.trim().split("\n")).toEqual(pairs.map(() => "lt -1"));
	});

	test("are legal and read like their originals", () => {
		expect(pacmanVersion("257.13-1~deb13u1")).toBe("257.13-1deb13u1");
		expect(pacmanVersion("1:10.0p1-7+deb13u4")).toBe("1:10.0p1-7.deb13u4");
		expect(pacmanVersion("20250419")).toBe("20250419-0");
		expect(pacmanVersion("3.1-20250104-1")).toBe("3.1_20250104-1");
		for (const version of ascending)
			expect(pacmanVersion(version)).toMatch(/^(\d+:)?[^-:/\s]+-[^-:/\s]+$/);
	});

	test("in relations stand for the same versions", () => {
		expect(pacmanConstraint(">=", "2.38")).toBe(">=2.38");
		expect(pacmanConstraint("<<", "2:1.0")).toBe("<2:1.0");
		expect(pacmanConstraint(">>", "2.38")).toBe(">2.38-0");
		expect(pacmanConstraint("=", "1.0-1+b1")).toBe("=1.0-1.b1");
	});
});

test("control text is read with continuations, alternatives and qualifiers", () => {
	const [first, second] = parseStanzas(
		"Package: a\n# comment\nDepends: b:any (>= 1.2~), c | d (<< 3),\n e\n\nPackage: f\n",
	);
	expect(second?.package).toBe("f");
	expect(parseRelations(first?.depends)).toEqual([
		[{ name: "b", operator: ">=", version: "1.2~" }],
		[{ name: "c" }, { name: "d", operator: "<<", version: "3" }],
		[{ name: "e" }],
	]);
	expect(() => parseRelations("?")).toThrow("not a Debian relation");
});

test("the host's sources move to another suite, third parties stay out", () => {
	const source = {
		types: "deb",
		uris: "http://mirror.example/debian",
		suites: "bookworm bookworm-updates",
		"signed-by": "/usr/share/keyrings/debian-archive-keyring.gpg",
	};
	expect(moveToSuite(source, "bookworm", "trixie")).toBe(
		`Types: deb
URIs: http://mirror.example/debian
Suites: trixie trixie-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`,
	);
	expect(
		moveToSuite({ ...source, suites: "nodistro" }, "bookworm", "trixie"),
	).toBeUndefined();
	expect(
		moveToSuite({ ...source, enabled: "no" }, "bookworm", "trixie"),
	).toBeUndefined();
});

const closureText = `Package: tool
Version: 2.0-1
Depends: libc6 (>= 2.38), libextra (= 1.5-1), configurator, a-virtual | other
Provides: tooling (= 2)
Conflicts: rival, old-tool (<< 1)

Package: libc6
Version: 2.41-12
Depends: libgcc-s1

Package: libgcc-s1
Version: 14-1
Depends: libc6

Package: libextra
Version: 1.5-1

Package: provider
Version: 1-1
Provides: a-virtual

Package: configurator
Version: 1-1
Depends: perl

Package: perl
Version: 5-1
`;

describe("dependencies", () => {
	const closure = pruneClosure(
		parseStanzas(closureText),
		["tool"],
		new Set(["configurator"]),
	);
	const recipes: Recipe[] = [
		{ name: "glibc", from: ["libc6"], ignoreDepends: ["libgcc-s1"] },
		{ name: "joined", from: ["libgcc-s1", "libextra"] },
		{ name: "tool", from: ["tool"], depends: ["more"] },
		{ name: "provider", from: ["provider"] },
	];
	const owners = new Map(
		recipes.flatMap((recipe) =>
			recipe.from.map((name) => [name, recipe] as const),
		),
	);
	const facts = (index: number) =>
		packageFacts(recipes[index] as Recipe, closure, owners);

	test("what is cut takes what only it needs along", () => {
		expect([...closure.packages.keys()].sort()).toEqual([
			"libc6",
			"libextra",
			"libgcc-s1",
			"provider",
			"tool",
		]);
	});

	test("a cut that leaves a dependency open is reported", () => {
		const text = "Package: a\nVersion: 1\nDepends: gone\n";
		expect(() => pruneClosure(parseStanzas(text), ["a"], new Set())).toThrow(
			"a: nothing satisfies gone",
		);
	});

	test("follow renamed, joined and virtual packages", () => {
		expect(facts(2).depends).toEqual([
			"glibc>=2.38",
			"libextra=1.5-1",
			"more",
			"provider",
		]);
		expect(facts(2).lines).toContain("provides = tooling=2-0");
		expect(
			facts(2).lines.filter((line) => line.startsWith("conflict")),
		).toEqual(["conflict = rival"]);
		expect(facts(0).depends).toEqual([]);
		expect(facts(0).lines).toContain("provides = libc6=2.41-12");
		expect(facts(1).lines).toContain("provides = libextra=1.5-1");
	});
});

test("a database entry is what repo-add writes", async () => {
	const folder = await mkdtemp(join(tmpdir(), "arch-database-"));
	try {
		const recipe: Recipe = {
			name: "meta",
			from: [],
			version: "3-2",
			depends: ["bash", "glibc>=2"],
			provides: ["thing=1"],
			conflicts: ["other"],
			files: { "etc/meta.conf": "yes\n", "usr/bin/meta": "#!/bin/sh\n" },
			build: "ln -s meta usr/bin/alias\n",
			install: "post_install() {\n\ttrue\n}\n",
		};
		const owners = new Map<string, Recipe>();
		const closure = pruneClosure([], [], new Set());
		await convertPackage({
			recipe,
			facts: packageFacts(recipe, closure, owners),
			debs: [],
			buildDate: 1_700_000_000,
			temp: join(folder, "temp"),
			out: join(folder, "converted"),
		});
		const fileName = "meta-3-2-x86_64.pkg.tar.zst";
		const path = join(folder, fileName);
		await link(join(folder, "converted/package.pkg.tar.zst"), path);
		await writeFile(`${path}.sig`, Buffer.from([0x88, 1, 2, 3]));
		const listing = await run("bsdtar", ["-tvf", path]);
		expect(listing.stdout).toMatch(
			/^-rwxr-xr-x +0 root +root .* usr\/bin\/meta$/m,
		);
		await run("repo-add", ["--quiet", join(folder, "x.db.tar.gz"), path]);
		const entry = async (name: string): Promise<string> =>
			(
				await run("bsdtar", [
					"-xOf",
					join(folder, "x.files.tar.gz"),
					`meta-3-2/${name}`,
				])
			).stdout;
		const pkginfo = await readFile(join(folder, "converted/pkginfo"), "utf8");
		const files = await readFile(join(folder, "converted/files"), "utf8");
		const ours = await describePackage({ path, fileName, pkginfo, files });
		expect(ours).toEqual({ entry: "meta-3-2", desc: await entry("desc") });
		expect(`%FILES%\n${files}`).toBe(await entry("files"));
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
});

test("the shell in recipes passes shellcheck", async () => {
	const scripts = recipesFor(["linux-image-6", ...recipeMembers()]).flatMap(
		(recipe) => [
			recipe.build ?? "",
			recipe.install ?? "",
			...Object.values(recipe.files ?? {}).filter((text) =>
				text.startsWith("#!"),
			),
		],
	);
	expect(scripts.filter((text) => text !== "").length).toBeGreaterThan(10);
	for (const script of new Set([convertScript, ...scripts]))
		await run(
			"shellcheck",
			// the scripts are given to sh without a first line, and `. build` cannot be followed
			["--shell=sh", "--exclude=SC1091,SC2148", "-"],
			{ input: script },
		);
});

function recipeMembers(): string[] {
	return [
		"base-files",
		"bash",
		"ca-certificates",
		"dash",
		"dbus",
		"docker.io",
		"iptables",
	].concat([
		"iputils-ping",
		"kmod",
		"libc6",
		"libpam0g",
		"mawk",
		"openssh-server",
		"systemd",
	]);
}
