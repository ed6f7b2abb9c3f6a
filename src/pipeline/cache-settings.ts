import { readFile } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { directoryRemote } from "../plan/remote/directory.ts";
import { httpRemote } from "../plan/remote/http.ts";
import { ociRemote } from "../plan/remote/oci.ts";
import type { CacheRemote } from "../plan/remote/remote.ts";
import { environment } from "../system/environment.ts";
import { ExpectedError } from "../system/errors.ts";
import { registerSecret } from "../system/secrets.ts";
import { dockerLogin } from "./docker-login.ts";

/** Where cache entries are pulled from and pushed to: folders, or URLs (http, https, oci, oci+http). */
export interface CacheChoice {
	from?: readonly string[] | undefined;
	to?: readonly string[] | undefined;
}

const places = z.union([
	z.string().transform((place) => [place]),
	z.array(z.string()),
]);

const settingsSchema = z.strictObject({
	cache: z
		.strictObject({ from: places.optional(), to: places.optional() })
		.optional(),
});

/** A person's settings for all projects: `$XDG_CONFIG_HOME/dock0/settings.yaml`. */
export function settingsFile(): string {
	const { env, homeDir } = environment();
	return join(
		env.XDG_CONFIG_HOME || join(homeDir, ".config"),
		"dock0/settings.yaml",
	);
}

/**
 * The remotes of a build. The command line wins over `DOCK0_CACHE_FROM` and `DOCK0_CACHE_TO` (places between
 * spaces), and these over the person's settings; an empty text or list switches sharing off.
 * @param directory what relative folders of the command line count from
 * @throws ExpectedError (exit code 2) when the settings or a place cannot be understood.
 */
export async function cacheRemotes(
	choice: CacheChoice,
	directory: string,
): Promise<{ from: CacheRemote[]; to: CacheRemote[] }> {
	const { env } = environment();
	const settings = await readSettings();
	const pick = (which: "from" | "to"): CacheRemote[] => {
		const own = choice[which];
		if (own) return own.filter(Boolean).map((one) => remoteOf(one, directory));
		const variable = env[`DOCK0_CACHE_${which.toUpperCase()}`];
		const list =
			variable === undefined
				? (settings?.[which] ?? [])
				: variable.split(/\s+/).filter(Boolean);
		return list.map((one) => remoteOf(one));
	};
	return { from: pick("from"), to: pick("to") };
}

async function readSettings() {
	const file = settingsFile();
	let text: string;
	try {
		text = await readFile(file, "utf8");
	} catch {
		return undefined;
	}
	const problem = (reason: string) =>
		new ExpectedError({
			code: "SETTINGS_INVALID",
			message: `${file}: ${reason}`,
			hint: "it holds cache.from and cache.to, each a place or a list of them; see docs/cache.md",
		});
	let value: unknown;
	try {
		value = parse(text);
	} catch (error) {
		throw problem(error instanceof Error ? error.message : String(error));
	}
	const parsed = settingsSchema.safeParse(value ?? {});
	if (!parsed.success) throw problem(z.prettifyError(parsed.error));
	return parsed.data.cache;
}

function remoteOf(place: string, directory?: string): CacheRemote {
	const scheme = /^([a-z][a-z+]*):\/\//.exec(place)?.[1];
	const token = environment().env.DOCK0_CACHE_TOKEN;
	if (scheme === undefined && (directory || isAbsolute(place)))
		return directoryRemote(resolve(directory ?? "/", place));
	if (scheme && URL.canParse(place.replace(/^oci/, "https"))) {
		if (token) registerSecret(token);
		if (scheme === "http" || scheme === "https")
			return httpRemote(place, token);
		if (scheme === "oci" || scheme === "oci+http")
			return ociRemote(place, dockerLogin);
	}
	throw new ExpectedError({
		code: "CACHE_PLACE_INVALID",
		message: `'${place}' is no place for a shared cache`,
		hint: "an absolute folder, or a URL: http://, https://, oci://HOST/REPOSITORY, oci+http://",
	});
}
