import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { environment } from "../../system/environment.ts";
import { ExpectedError } from "../../system/errors.ts";
import { registerSecret } from "../../system/secrets.ts";

/** https://techdocs.akamai.com/linode-api/reference/api */
const standardUrl = "https://api.linode.com/v4";

/** Where the API is: `LINODE_URL` (as other tools have it, with or without `/v4`), else the real one. */
export function linodeUrl(
	env: Readonly<Record<string, string | undefined>>,
): string {
	const url = (env.LINODE_URL || standardUrl).replace(/\/+$/, "");
	return /\/v4(beta)?$/.test(url) ? url : `${url}/v4`;
}

/**
 * The API token: from LINODE_TOKEN, LINODE_CLI_TOKEN, the file that the config names, or linode-cli's own
 * config. It is masked in everything that is printed from then on.
 * @throws ExpectedError LINODE_NO_TOKEN.
 */
export async function linodeToken(
	tokenFile: string | undefined,
): Promise<string> {
	const { env } = environment();
	const token =
		env.LINODE_TOKEN?.trim() ||
		env.LINODE_CLI_TOKEN?.trim() ||
		(tokenFile ? await readTokenFile(tokenFile) : await linodeCliToken(env));
	if (!token)
		throw new ExpectedError({
			code: "LINODE_NO_TOKEN",
			message: "there is no token for the Linode API",
			hint: "set LINODE_TOKEN, or deploy.linode.tokenFile, or run linode-cli configure; docs/deploy.md lists the scopes it needs",
		});
	registerSecret(token);
	return token;
}

async function readTokenFile(file: string): Promise<string> {
	try {
		return (await readFile(file, "utf8")).trim();
	} catch (error) {
		throw new ExpectedError(
			{
				code: "LINODE_NO_TOKEN",
				message: `the token file ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
			},
			{ cause: error },
		);
	}
}

async function linodeCliToken(
	env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
	const home = env.HOME ?? homedir();
	const folder = env.XDG_CONFIG_HOME || join(home, ".config");
	for (const file of [join(folder, "linode-cli"), join(home, ".linode-cli")])
		try {
			return tokenOfCliConfig(await readFile(file, "utf8"));
		} catch {
			// not there
		}
	return undefined;
}

/** The default user's token in linode-cli's INI file. */
export function tokenOfCliConfig(text: string): string | undefined {
	const sections = new Map<string, Map<string, string>>();
	let section = new Map<string, string>();
	for (const line of text.split("\n")) {
		const head = /^\s*\[(.+)\]\s*$/.exec(line)?.[1];
		if (head !== undefined) {
			section = sections.get(head) ?? new Map();
			sections.set(head, section);
			continue;
		}
		const [, key, value] = /^\s*([\w-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
		if (key !== undefined) section.set(key, value ?? "");
	}
	const user = sections.get("DEFAULT")?.get("default-user") ?? "DEFAULT";
	return sections.get(user)?.get("token");
}

/**
 * Which scopes a token lacks, from the X-OAuth-Scopes header: `*`, or words like `linodes:read_write`.
 * Events only need to be read.
 */
export function missingScopes(
	header: string,
	wanted: readonly string[],
): string[] {
	const granted = header.split(/[\s,]+/).filter(Boolean);
	if (granted.includes("*")) return [];
	return wanted
		.map((area) =>
			area === "events" ? "events:read_only" : `${area}:read_write`,
		)
		.filter(
			(scope) =>
				!granted.includes(scope) &&
				!granted.includes(scope.replace("read_only", "read_write")),
		);
}
