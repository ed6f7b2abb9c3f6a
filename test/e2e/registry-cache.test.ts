import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import type { BuildEvent } from "../../src/plan/events.ts";
import { execute } from "../../src/plan/execute.ts";
import { keySteps } from "../../src/plan/key.ts";
import { ociRemote } from "../../src/plan/remote/oci.ts";
import type { CacheRemote } from "../../src/plan/remote/remote.ts";
import { sharedCache } from "../../src/plan/remote/shared-cache.ts";
import { defineStep } from "../../src/plan/step.ts";
import { type RunningProcess, start } from "../../src/system/process.ts";

let folder: string;
let registry: RunningProcess;
let host: string;

// bcrypt of "geheim1".
const users =
	"team:$2b$05$abcdefghijklmnopqrstuu4nLeSDuRU.nn67lO9zlCecyOiFjPI9e\n";

async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await new Promise((resolve) => server.once("listening", resolve));
	const { port } = server.address() as { port: number };
	await new Promise((resolve) => server.close(resolve));
	return port;
}

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-registry-"));
	const port = await freePort();
	host = `127.0.0.1:${port}`;
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
	registry = start("docker-registry", ["serve", config]);
	await new Promise<void>((resolve, reject) => {
		const look = (chunk: Buffer): void => {
			if (/listening on/.test(String(chunk))) resolve();
		};
		registry.stderr.on("data", look);
		registry.stdout.on("data", look);
		void registry.done.then(() => reject(new Error("the registry ended")));
	});
});
afterEach(() => vi.unstubAllEnvs());
afterAll(async () => {
	registry?.kill();
	await registry?.done;
	await rm(folder, { recursive: true, force: true });
});

async function build(cache: string, from: CacheRemote[], to: CacheRemote[]) {
	vi.stubEnv("DOCK0_CACHE_DIR", join(folder, cache));
	const step = defineStep({
		name: "t/made",
		title: "made",
		version: 1,
		needs: {},
		inputs: {},
		outputs: ["result"],
		// Larger than what is sent at once.
		run: ({ out }) => writeFile(join(out, "result"), "x".repeat(3_000_000)),
	});
	const events: BuildEvent[] = [];
	const options = {
		observe: (event: BuildEvent) => void events.push(event),
		signal: new AbortController().signal,
		logDir: join(folder, "logs"),
	};
	const entries = await execute({
		...options,
		steps: await keySteps([step]),
		shared: sharedCache({ from, to }, options),
	});
	const result = join(entries.get("t/made")?.outputs ?? "", "result");
	return {
		types: events.map(({ type }) => type).filter((type) => type !== "plan"),
		warnings: events.filter(({ type }) => type === "warning"),
		length: (await readFile(result, "utf8")).length,
	};
}

const login = async (asked: string): Promise<string | undefined> =>
	asked === host
		? `Basic ${Buffer.from("team:geheim1").toString("base64")}`
		: undefined;

it("shares the cache through a registry, with the login of docker login", async () => {
	const remote = () => ociRemote(`oci+http://${host}/team/cache`, login);
	const made = await build("one", [remote()], [remote()]);
	expect(made.warnings).toEqual([]);
	expect(made.types).toContain("step:done");
	const pulled = await build("two", [remote()], []);
	expect(pulled).toEqual({
		types: ["step:pulled", "step:cached"],
		warnings: [],
		length: 3_000_000,
	});
	// With a password in the URL as well.
	const other = ociRemote(
		`oci+http://team:geheim1@${host}/team/cache`,
		async () => undefined,
	);
	expect((await build("three", [other], [])).types).toContain("step:pulled");
});

it("warns and builds when the registry does not let us in", async () => {
	const stranger = ociRemote(
		`oci+http://${host}/team/cache`,
		async () => undefined,
	);
	const { warnings, length } = await build("four", [stranger], []);
	expect(length).toBe(3_000_000);
	expect(warnings).toEqual([
		expect.objectContaining({
			message: expect.stringMatching(/docker login makes one/),
		}),
	]);
});
