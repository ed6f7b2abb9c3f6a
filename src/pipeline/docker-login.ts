import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { environment } from "../system/environment.ts";
import { registerSecret } from "../system/secrets.ts";

/** What docker login left for a registry (config.json of docker(1)); helpers that keep passwords are not asked. */
export async function dockerLogin(host: string): Promise<string | undefined> {
	const { env, homeDir } = environment();
	const file = join(
		env.DOCKER_CONFIG || join(homeDir, ".docker"),
		"config.json",
	);
	try {
		const { auths } = JSON.parse(await readFile(file, "utf8")) as {
			auths?: Record<string, { auth?: string }>;
		};
		const auth = auths?.[host]?.auth;
		if (auth) registerSecret(auth);
		return auth && `Basic ${auth}`;
	} catch {
		return undefined;
	}
}
