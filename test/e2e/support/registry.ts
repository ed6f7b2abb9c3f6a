import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { type RunningProcess, start } from "../../../src/system/process.ts";

/** A real registry (Debian's docker-registry) on a port of this machine, by plain HTTP. */
export interface Registry {
	port: number;
	/** 127.0.0.1:PORT */
	host: string;
	stop(): Promise<void>;
}

/** Who may enter the registry. */
export const registryUser = { username: "team", password: "geheim1" } as const;

// bcrypt of that password.
const users =
	"team:$2b$05$abcdefghijklmnopqrstuu4nLeSDuRU.nn67lO9zlCecyOiFjPI9e\n";

async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await new Promise((resolve) => server.once("listening", resolve));
	const { port } = server.address() as { port: number };
	await new Promise((resolve) => server.close(resolve));
	return port;
}

/** Starts one whose data lie in `folder`; the caller stops it. */
export async function startRegistry(folder: string): Promise<Registry> {
	const port = await freePort();
	const host = `127.0.0.1:${port}`;
	const config = join(folder, "config.yml");
	await writeFile(join(folder, "htpasswd"), users);
	await writeFile(
		config,
		`version: 0.1
storage: { filesystem: { rootdirectory: "${folder}/data" } }
auth: { htpasswd: { realm: test, path: "${folder}/htpasswd" } }
http: { addr: "${host}" }
`,
	);
	const registry: RunningProcess = start("docker-registry", ["serve", config]);
	await new Promise<void>((resolve, reject) => {
		const look = (chunk: Buffer): void => {
			if (/listening on/.test(String(chunk))) resolve();
		};
		registry.stderr.on("data", look);
		registry.stdout.on("data", look);
		void registry.done.then(() => reject(new Error("the registry ended")));
	});
	return {
		port,
		host,
		async stop() {
			registry.kill();
			await registry.done;
		},
	};
}
