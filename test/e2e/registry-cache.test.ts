import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
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
import {
	type Registry,
	registryUser,
	startRegistry,
} from "./support/registry.ts";

let folder: string;
let registry: Registry;
let host: string;

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-registry-"));
	registry = await startRegistry(folder);
	host = registry.host;
});
afterEach(() => vi.unstubAllEnvs());
afterAll(async () => {
	await registry?.stop();
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

const { username, password } = registryUser;
const login = async (asked: string): Promise<string | undefined> =>
	asked === host
		? `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`
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
		`oci+http://${username}:${password}@${host}/team/cache`,
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
