import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { environment } from "../system/environment.ts";
import { ExpectedError, stepFailure } from "../system/errors.ts";
import { sha256, sha256File, writeFileAtomically } from "../system/files.ts";
import { run } from "../system/process.ts";
import type { BundleFile } from "./bundle-file.ts";
import type { ComposeProject } from "./compose.ts";
import type { ContainerSources } from "./containers.ts";
import type { HostSettings, SshKey } from "./schema.ts";

/** Everything that a bundle takes from outside of the config. */
export interface HostSources {
	/** Public keys by user. */
	keys: Record<string, string[]>;
	containers: Record<string, ContainerSources>;
	compose: Record<string, ComposeProject>;
	images: { sha256: string; file: BundleFile }[];
	/** Content of `files` with `from`, by path in the host. */
	files: Record<string, Uint8Array>;
}

export interface ReadOptions {
	/** Fetch keys again that were fetched before. */
	refresh?: boolean;
	signal?: AbortSignal | undefined;
	log?: (line: string) => void;
}

/**
 * Reads the files, fetches the keys and runs the scripts that the config names.
 * @throws ExpectedError: exit code 2 for a file that is missing or wrong, 1 for a key that could not be
 * fetched and a script that failed.
 */
export async function readSources(
	settings: HostSettings,
	options: ReadOptions = {},
): Promise<HostSources> {
	const [keys, containers, compose, images, files] = await Promise.all([
		mapValues(settings.users, async ({ sshKeys }, user) =>
			(
				await Promise.all(
					sshKeys.map((key) =>
						keysOf(key, `host.users.${user}.sshKeys`, options),
					),
				)
			).flat(),
		),
		mapValues(settings.containers, async ({ envScript }) =>
			envScript ? { scriptEnv: await outputOf(envScript, options) } : {},
		),
		mapValues(settings.compose, async (project, name) => {
			const key = `host.compose.${name}`;
			const { file, env } =
				typeof project === "string"
					? { file: project, env: undefined }
					: project;
			return { file: (await fileOf(file, key)).toString("utf8"), env };
		}),
		Promise.all(settings.images.map(imageOf)),
		fromFiles(settings.files),
	]);
	return { keys, containers, compose, images, files };
}

async function fromFiles(
	files: HostSettings["files"],
): Promise<Record<string, Uint8Array>> {
	const found: Record<string, Uint8Array> = {};
	for (const [path, { from }] of Object.entries(files))
		if (from) found[path] = await fileOf(from, `host.files.${path}`);
	return found;
}

async function mapValues<In, Out>(
	values: Readonly<Record<string, In>>,
	change: (value: In, key: string) => Promise<Out>,
): Promise<Record<string, Out>> {
	return Object.fromEntries(
		await Promise.all(
			Object.entries(values).map(
				async ([key, value]) => [key, await change(value, key)] as const,
			),
		),
	);
}

async function fileOf(path: string, key: string): Promise<Buffer> {
	try {
		return await readFile(path);
	} catch (error) {
		throw new ExpectedError(
			{
				code: "HOST_FILE_MISSING",
				message: `${key}: ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
				hint: "paths are relative to the layer that names them",
			},
			{ cause: error },
		);
	}
}

async function keysOf(
	key: SshKey,
	where: string,
	options: ReadOptions,
): Promise<string[]> {
	if (typeof key === "string") return [key];
	const [text, origin] =
		"file" in key
			? [(await fileOf(key.file, where)).toString("utf8"), key.file]
			: [await fetched(key.url, options), key.url];
	return publicKeys(text, origin);
}

/**
 * The keys in the text of an authorized_keys file (sshd(8)), without comments.
 * @throws ExpectedError when there is none, or something that is none: a private key, an error page.
 */
export function publicKeys(text: string, origin: string): string[] {
	const lines = text
		.split(/\r?\n/)
		.map((line) => line.trim())
		.filter((line) => line && !line.startsWith("#"));
	const wrong = lines.find(
		(line) =>
			!/(^|[ ",])(ssh-|ecdsa-|sk-)[\w@.-]+ AAAA[A-Za-z0-9+/]+=*( .*)?$/.test(
				line,
			),
	);
	if (lines.length === 0 || wrong !== undefined)
		throw new ExpectedError({
			code: "HOST_KEY_INVALID",
			message: `${origin} ${lines.length === 0 ? "holds no public key" : "holds a line that is no public key"}`,
			hint: "an ssh public key begins with ssh-ed25519, ssh-rsa, ecdsa-… or sk-…; did you name the private one?",
		});
	return lines;
}

const fetchSeconds = 30;

/** Kept, so that a build neither needs the network nor changes behind one's back. */
async function fetched(url: string, options: ReadOptions): Promise<string> {
	const file = join(
		environment().cacheDir,
		"ssh-keys",
		sha256(url).slice(0, 24),
	);
	if (!options.refresh) {
		const kept = await readFile(file, "utf8").catch(() => undefined);
		if (kept !== undefined) return kept;
	}
	options.log?.(`fetching ${url}`);
	const limit = AbortSignal.timeout(fetchSeconds * 1000);
	const signal = options.signal
		? AbortSignal.any([limit, options.signal])
		: limit;
	try {
		const answer = await fetch(url, { signal });
		if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
		const text = await answer.text();
		publicKeys(text, url);
		await writeFileAtomically(file, text);
		return text;
	} catch (error) {
		options.signal?.throwIfAborted();
		if (error instanceof ExpectedError) throw error;
		throw stepFailure(
			{
				code: "HOST_KEY_FETCH",
				message: `cannot fetch ${url}: ${error instanceof Error ? error.message : String(error)}`,
			},
			error,
		);
	}
}

async function outputOf(
	script: string,
	{ signal, log }: ReadOptions,
): Promise<string> {
	log?.(`running ${script}`);
	// What it prints may be secret: it is neither logged nor part of an error.
	const { stdout } = await run(script, [], { signal });
	const wrong = stdout
		.split("\n")
		.findIndex(
			(line) => !/^\s*(#.*|[A-Za-z_][A-Za-z0-9_]*(=.*)?)?$/.test(line),
		);
	if (wrong >= 0)
		throw stepFailure({
			code: "HOST_ENV_INVALID",
			message: `line ${wrong + 1} of what ${script} prints is not NAME=value`,
		});
	return stdout;
}

async function imageOf(
	path: string,
): Promise<{ sha256: string; file: BundleFile }> {
	const stats = await stat(path).catch(() => undefined);
	if (!stats?.isFile()) await fileOf(path, "host.images");
	const hash = await sha256File(path);
	return {
		sha256: hash,
		file: {
			path: `/usr/lib/dock0/images/${hash}.tar`,
			from: path,
			bytes: stats?.size ?? 0,
			open: () => createReadStream(path),
		},
	};
}
