import {
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	rename,
	rm,
	stat,
	writeFile,
} from "node:fs/promises";
import { basename, join } from "node:path";
import { sha256, writeFileAtomically } from "../../src/system/files.ts";
import { type RunResult, run } from "../../src/system/process.ts";
import { debianSources } from "./apt-sources.ts";
import { parseStanzas, type Stanza } from "./debian-control.ts";

/** Indexes younger than this are not asked for again. */
const indexLifetimeHours = 24;

/** An apt with state of its own, that believes nothing to be installed. */
export interface PrivateApt {
	/** Control stanzas of `packages` and all that apt would install with them, Recommends left out. */
	resolve(packages: readonly string[]): Promise<Stanza[]>;
	/** Fetches what is not there yet (apt checks the hashes); the files by package name. */
	fetch(stanzas: readonly Stanza[]): Promise<Map<string, string>>;
}

/**
 * Opens the private apt in `folder`, with the host's mirrors and `suite`. Indexes are verified by
 * the keyrings that the host's apt uses.
 */
export async function openPrivateApt(
	folder: string,
	suite: string,
	log: (line: string) => void,
): Promise<PrivateApt> {
	const sources = await debianSources(suite);
	const root = join(folder, `${suite}-${sha256(sources).slice(0, 12)}`);
	const debs = join(folder, "debs");
	const config = join(root, "apt.conf");
	const apt = (
		tool: string,
		args: string[],
		cwd?: string,
	): Promise<RunResult> =>
		run(tool, args, {
			env: { APT_CONFIG: config, LC_ALL: "C" },
			...(cwd ? { cwd } : {}),
		});
	await mkdir(debs, { recursive: true });
	const stamp = join(root, "updated");
	const age = Date.now() - (await modified(stamp));
	if (age > indexLifetimeHours * 3_600_000) {
		log(`reading Debian's indexes (${suite})`);
		await writeRoot(root, config, sources);
		await apt("apt-get", [
			"update",
			"-qq",
			"-o",
			"APT::Update::Error-Mode=any",
		]);
		await writeFile(stamp, "");
	}
	const indexTime = await modified(stamp);

	return {
		async resolve(packages) {
			const wanted = [...new Set(packages)].sort();
			const key = sha256(JSON.stringify([wanted, indexTime])).slice(0, 32);
			const memo = join(root, "resolved", `${key}.json`);
			const known = await readFile(memo, "utf8").catch(() => undefined);
			if (known) return JSON.parse(known) as Stanza[];
			log(`resolving the dependencies of ${wanted.length} Debian packages`);
			const { stdout } = await apt("apt-get", [
				"install",
				"--simulate",
				"--no-install-recommends",
				...wanted,
			]);
			const chosen = [...stdout.matchAll(/^Inst (\S+) \((\S+) /gm)].map(
				([, name, version]) => `${name?.replace(/:.*/, "")}=${version}`,
			);
			const shown = await apt("apt-cache", ["show", ...chosen]);
			const stanzas = parseStanzas(shown.stdout);
			await writeFileAtomically(memo, JSON.stringify(stanzas));
			return stanzas;
		},

		async fetch(stanzas) {
			const present = new Set(await readdir(debs));
			const missing = stanzas.filter((stanza) => !present.has(debName(stanza)));
			if (missing.length > 0) {
				const bytes = missing.reduce((sum, { size }) => sum + Number(size), 0);
				log(
					`fetching ${missing.length} Debian packages, ${(bytes / 1e6).toFixed(0)} MB`,
				);
				const temporary = await mkdtemp(join(folder, "fetch-"));
				try {
					await apt(
						"apt-get",
						[
							"download",
							"-qq",
							...missing.map((one) => `${one.package}=${one.version}`),
						],
						temporary,
					);
					const byApt = new Map<string, string>();
					for (const name of await readdir(temporary))
						byApt.set(name.replace(/_.*/, ""), join(temporary, name));
					for (const stanza of missing)
						await rename(
							byApt.get(stanza.package ?? "") ?? "",
							join(debs, debName(stanza)),
						);
				} finally {
					await rm(temporary, { recursive: true, force: true });
				}
			}
			return new Map(
				stanzas.map((stanza) => [
					stanza.package ?? "",
					join(debs, debName(stanza)),
				]),
			);
		},
	};
}

/** A file name that says which bytes are inside. */
function debName(stanza: Stanza): string {
	return `${stanza.sha256?.slice(0, 16)}-${basename(stanza.filename ?? "")}`;
}

async function writeRoot(
	root: string,
	config: string,
	sources: string,
): Promise<void> {
	for (const folder of [
		"etc/apt/apt.conf.d",
		"etc/apt/preferences.d",
		"etc/apt/sources.list.d",
		"var/cache/apt/archives/partial",
		"var/lib/apt/lists/partial",
		"var/lib/dpkg",
	])
		await mkdir(join(root, folder), { recursive: true });
	await writeFile(join(root, "var/lib/dpkg/status"), "");
	await writeFile(join(root, "etc/apt/sources.list.d/debian.sources"), sources);
	// the host's way out (proxies, credentials) holds for us as well; its hooks do not
	const host = await run("apt-config", ["dump"]);
	const acquire = host.stdout
		.split("\n")
		.filter((line) => /^Acquire::(?!Languages)/.test(line));
	const ours = [
		`Dir "${root}";`,
		`Dir::State::status "${root}/var/lib/dpkg/status";`,
		'Dir::Etc::trusted "/etc/apt/trusted.gpg";',
		'Dir::Etc::trustedparts "/etc/apt/trusted.gpg.d";',
		'Dir::Etc::netrc "/etc/apt/auth.conf";',
		'Dir::Etc::netrcparts "/etc/apt/auth.conf.d";',
		'Acquire::Languages "none";',
		'APT::Architecture "amd64";',
		'APT::Install-Recommends "false";',
		// root's apt would otherwise drop to _apt, which may not enter our folders
		'APT::Sandbox::User "root";',
	];
	await writeFile(config, `${[...acquire, ...ours].join("\n")}\n`);
}

async function modified(path: string): Promise<number> {
	return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
}
