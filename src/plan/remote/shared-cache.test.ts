import { once } from "node:events";
import {
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	rm,
	writeFile,
} from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { BuildEvent } from "../events.ts";
import { execute } from "../execute.ts";
import { keySteps } from "../key.ts";
import { defineStep } from "../step.ts";
import { directoryRemote } from "./directory.ts";
import { httpRemote } from "./http.ts";
import type { CacheRemote } from "./remote.ts";
import { sharedCache } from "./shared-cache.ts";

let root: string;
let store: string;
let server: Server;
let url: string;
let requests: string[];

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), "dock0-shared-"));
	store = join(root, "store");
	requests = [];
	// What any web server with PUT does.
	server = createServer((request, response) => {
		requests.push(`${request.method} ${request.headers.authorization ?? ""}`);
		const file = join(store, request.url ?? "");
		const chunks: Buffer[] = [];
		request.on("data", (chunk: Buffer) => chunks.push(chunk));
		request.on("end", async () => {
			try {
				if (request.method === "PUT") {
					await mkdir(dirname(file), { recursive: true });
					await writeFile(file, Buffer.concat(chunks));
					response.writeHead(201).end();
				} else response.end(await readFile(file));
			} catch {
				response.writeHead(404).end();
			}
		});
	}).listen(0, "127.0.0.1");
	await once(server, "listening");
	url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
	vi.unstubAllEnvs();
	server.close();
	await rm(root, { recursive: true, force: true });
});

/** Builds two steps, one of which needs the other, in a cache of that name; returns what happened. */
async function build(
	cache: string,
	remotes: { from?: CacheRemote[]; to?: CacheRemote[] },
	text = "content",
): Promise<{
	ran: string[];
	pulled: string[];
	warnings: string[];
	content: string;
}> {
	vi.stubEnv("DOCK0_CACHE_DIR", join(root, cache));
	const first = defineStep({
		name: "t/first",
		title: "first",
		version: 1,
		needs: {},
		inputs: { values: { text } },
		outputs: ["made"],
		run: async ({ out }) => {
			await mkdir(join(out, "made/folder"), { recursive: true });
			await writeFile(join(out, "made/folder/file"), text, { mode: 0o600 });
		},
	});
	const second = defineStep({
		name: "t/second",
		title: "second",
		version: 1,
		needs: { first },
		inputs: {},
		outputs: ["copy"],
		run: async ({ out, needs }) =>
			writeFile(
				join(out, "copy"),
				await readFile(join(needs.first, "made/folder/file")),
			),
	});
	const events: BuildEvent[] = [];
	const options = {
		observe: (event: BuildEvent) => void events.push(event),
		signal: new AbortController().signal,
		logDir: join(root, "logs"),
	};
	const entries = await execute({
		...options,
		steps: await keySteps([second]),
		shared: sharedCache({ from: [], to: [], ...remotes }, options),
	});
	expect(await readdir(join(root, cache, "tmp")).catch(() => [])).toEqual([]);
	const of = (type: BuildEvent["type"]): string[] =>
		events.flatMap((event) =>
			event.type === type && "step" in event ? [event.step] : [],
		);
	return {
		ran: of("step:done"),
		pulled: of("step:pulled"),
		warnings: events.flatMap((event) =>
			event.type === "warning" ? [event.message] : [],
		),
		content: await readFile(
			join(entries.get("t/second")?.outputs ?? "", "copy"),
			"utf8",
		),
	};
}

describe.each([
	["a folder", () => directoryRemote(store)],
	["a web server", () => httpRemote(url)],
])("a cache shared through %s", (_, remote) => {
	it("is filled by one build and spares the next what it reads only on the way", async () => {
		const made = await build("one", { from: [remote()], to: [remote()] });
		expect(made).toMatchObject({
			ran: ["t/first", "t/second"],
			pulled: [],
			warnings: [],
		});
		expect(await build("two", { from: [remote()] })).toEqual({
			ran: [],
			pulled: ["t/second"],
			warnings: [],
			content: "content",
		});
		// Other inputs have other keys.
		const other = await build("two", { from: [remote()] }, "other");
		expect(other).toMatchObject({ content: "other", pulled: [] });
	});

	it("is not believed when its outputs are not what it says", async () => {
		await build("one", { to: [remote()] });
		for (const name of await readdir(join(store, "blobs")))
			await writeFile(join(store, "blobs", name), "something else");
		const result = await build("two", { from: [remote()] });
		expect(result).toMatchObject({
			ran: ["t/first", "t/second"],
			content: "content",
		});
		expect(result.warnings).toHaveLength(1);
		expect(result.warnings[0]).toMatch(/is not used any more: .*another size/);
	});

	it("is not believed when an entry is that of another key", async () => {
		await build("one", { to: [remote()] });
		const [good] = await readdir(join(store, "entries"));
		const evil = await readFile(join(store, "entries", good ?? ""), "utf8");
		// Whatever the next build asks for, it gets this.
		await build("three", { to: [remote()] }, "other");
		for (const name of await readdir(join(store, "entries")))
			await writeFile(join(store, "entries", name), evil);
		const result = await build("four", { from: [remote()] }, "other");
		expect(result.content).toBe("other");
		expect(result.warnings.join()).toMatch(/made of other inputs/);
	});
});

it("warns once and builds when a remote is broken", async () => {
	server.close();
	await once(server, "close");
	const dead = httpRemote(url);
	const result = await build("one", { from: [dead], to: [dead] });
	expect(result.ran).toEqual(["t/first", "t/second"]);
	expect(result.warnings).toHaveLength(1);
	expect(result.warnings[0]).toMatch(/ECONNREFUSED/);
});

it("sends a password as Basic and a token as Bearer, and shows neither", async () => {
	const remote = httpRemote(url.replace("//", "//me:geheim@"));
	expect(remote.name).not.toContain("geheim");
	await remote.find("0", new AbortController().signal);
	await httpRemote(url, "abc").find("0", new AbortController().signal);
	expect(requests).toEqual([
		`GET Basic ${Buffer.from("me:geheim").toString("base64")}`,
		"GET Bearer abc",
	]);
});
