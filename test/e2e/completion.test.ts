import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createProgram } from "../../src/cli/program.ts";
import { wordsOf } from "../../src/cli/words.ts";
import { allCommands } from "../../src/report/completion/words.ts";
import { run } from "../../src/system/process.ts";
import { checkout, dock0 } from "./support/dock0.ts";

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-completion-"));
	await mkdir(join(folder, "outdir"));
	await writeFile(join(folder, "other.yaml"), "");
	for (const shell of ["bash", "zsh", "fish"]) {
		const { stdout, exitCode } = await dock0(["completion", shell]);
		expect(exitCode).toBe(0);
		await writeFile(join(folder, `completion.${shell}`), stdout);
	}
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What bash offers for a line that ends where Tab is pressed. */
async function bash(...words: string[]): Promise<string[]> {
	const script = [
		"source completion.bash",
		'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))',
		`_dock0; printf "%s\\n" "\${COMPREPLY[@]}"`,
	].join("\n");
	const { stdout } = await run(
		"bash",
		["--norc", "-c", script, "bash", "dock0", ...words],
		{ cwd: folder },
	);
	return stdout.split("\n").filter(Boolean).sort();
}

/** What fish offers. */
async function fish(line: string): Promise<string[]> {
	const { stdout } = await run(
		"fish",
		[
			"--no-config",
			"-c",
			'source completion.fish; complete -C "$argv[1]"',
			line,
		],
		{ cwd: folder, env: { HOME: folder } },
	);
	return stdout
		.split("\n")
		.map((row) => row.split("\t")[0] ?? "")
		.filter(Boolean)
		.sort();
}

/** What zsh's line holds after Tab, in a terminal of its own. */
async function zsh(line: string): Promise<string> {
	const script = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1= ; autoload -Uz compinit; compinit -u -D; source ./completion.zsh; take() { print -r -- "<<$BUFFER>>"; BUFFER= }; zle -N take; bindkey "^X" take; print READY-$((40 + 2))'
zpty -r -m shell screen '*READY-42*'
zpty -w -n shell "$1"$'\\t\\x18'
zpty -r -m shell screen '*<<*>>*'
print -r -- "\${\${screen##*<<}%%>>*}"
zpty -d shell
`;
	const { stdout } = await run(
		"timeout",
		["30", "zsh", "-fc", script, "zsh", line],
		{
			cwd: folder,
			env: { HOME: folder, TERM: "dumb" },
		},
	);
	return stdout.trim();
}

describe("completion in bash", () => {
	it("offers commands, also of commands", async () => {
		expect(await bash("")).toEqual(expect.arrayContaining(["build", "vm"]));
		expect(await bash("bui")).toEqual(["build"]);
		expect(await bash("vm", "st")).toEqual(["stop"]);
	});
	it("offers the options of the command, and no others", async () => {
		expect(await bash("build", "--re")).toEqual(["--refresh"]);
		expect(await bash("image", "--re")).toEqual(["--refresh"]);
		expect(await bash("doctor", "--re")).toEqual([]);
	});
	it("offers files for layers, folders for --output, words for choices", async () => {
		expect(await bash("build", "o")).toEqual(["other.yaml", "outdir"]);
		expect(await bash("build", "--output", "o")).toEqual(["outdir"]);
		expect(await bash("build", "--output", "=", "o")).toEqual(["outdir"]);
		expect(await bash("init", "--template", "k")).toEqual(["kiosk"]);
		expect(await bash("completion", "f")).toEqual(["fish"]);
	});
	it("is a script without mistakes", async () => {
		await run("shellcheck", ["-s", "bash", join(folder, "completion.bash")]);
	});
});

describe("completion in fish", () => {
	it("offers commands, options, folders and choices", async () => {
		expect(await fish("dock0 bui")).toEqual(["build"]);
		expect(await fish("dock0 vm st")).toEqual(["stop"]);
		expect(await fish("dock0 build --ref")).toEqual(["--refresh"]);
		expect(await fish("dock0 doctor --ref")).toEqual([]);
		expect(await fish("dock0 build --output o")).toEqual(["outdir/"]);
		expect(await fish("dock0 init --template k")).toEqual(["kiosk"]);
		expect(await fish("dock0 build oth")).toEqual(["other.yaml"]);
	});
});

describe("completion in zsh", () => {
	it.each([
		["dock0 bui", "dock0 build "],
		["dock0 vm st", "dock0 vm stop "],
		["dock0 build --ref", "dock0 build --refresh "],
		["dock0 build oth", "dock0 build other.yaml "],
		["dock0 init --template k", "dock0 init --template kiosk "],
		["dock0 build -o outd", "dock0 build -o outdir/"],
	])("%s becomes %s", async (typed, complete) => {
		expect(`${await zsh(typed)} `).toContain(complete);
	});
});

describe("help and manual", () => {
	const commands = allCommands(wordsOf(createProgram()));
	const leaves = commands.filter(
		({ command }) => command.commands.length === 0,
	);

	it.each(leaves)(
		"$path has an example, which names only options that there are",
		({ path, command }) => {
			expect(command.examples.length, "src/cli/examples.ts").toBeGreaterThan(0);
			const flags = command.options.flatMap((option) => option.flags);
			for (const [line] of command.examples) {
				expect(line.startsWith(`dock0${path.replaceAll("/", " ")}`)).toBe(true);
				for (const word of line
					.split(/\s+/)
					.filter((part) => /^--?[a-z]/.test(part)))
					if (!line.includes(`| man`)) expect(flags).toContain(word);
			}
		},
	);

	it("the manual page is well-formed, and holds every command and exit code", async () => {
		const page = await readFile(checkout("man/dock0.1"), "utf8");
		const file = join(folder, "dock0.1");
		await writeFile(file, page);
		await run("mandoc", ["-Tlint", "-Werror", file]);
		const warnings = await run("man", ["--warnings", "-l", file], {
			env: { MANPAGER: "cat", LC_ALL: "C.UTF-8" },
		});
		expect(warnings.stderr).toBe("");
		const text = warnings.stdout;
		for (const { path } of leaves)
			expect(text).toContain(`dock0${path.replaceAll("/", " ")}`);
		for (const code of ["128+n", "70", "NO_COLOR"])
			expect(text).toContain(code);
	});
});
