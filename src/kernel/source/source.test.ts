import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { download } from "./download.ts";
import { chooseRelease, type Releases } from "./kernel-org.ts";
import { validSigner } from "./signature.ts";

let temp: string;
let server: Server | undefined;
beforeEach(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-kernel-"));
});
afterEach(async () => {
	server?.closeAllConnections();
	server?.close();
	server = undefined;
	await rm(temp, { recursive: true, force: true });
});

const list: Releases = {
	latest_stable: { version: "6.17.8" },
	releases: [
		{
			moniker: "mainline",
			version: "6.18-rc6",
			source: "https://git.example/6.18-rc6.tar.gz",
		},
		{
			moniker: "stable",
			version: "6.17.8",
			iseol: false,
			source: "https://cdn.example/v6.x/linux-6.17.8.tar.xz",
			pgp: "https://cdn.example/v6.x/linux-6.17.8.tar.sign",
		},
		{
			moniker: "longterm",
			version: "6.14.9",
			iseol: true,
			source: "https://cdn.example/v6.x/linux-6.14.9.tar.xz",
		},
		{
			moniker: "longterm",
			version: "6.12.58",
			iseol: false,
			source: "https://cdn.example/v6.x/linux-6.12.58.tar.xz",
		},
	],
};

test("latest, longterm and versions are found in the list, old versions in the archive", () => {
	expect(chooseRelease("latest", list).version).toBe("6.17.8");
	expect(chooseRelease("longterm", list)).toEqual({
		version: "6.12.58",
		url: "https://cdn.example/v6.x/linux-6.12.58.tar.xz",
		signatureUrl: "https://cdn.example/v6.x/linux-6.12.58.tar.sign",
	});
	expect(chooseRelease("5.15.3", list).url).toMatch(
		/v5\.x\/linux-5\.15\.3\.tar\.xz$/,
	);
	expect(() => chooseRelease("7.0-rc1", list)).toThrow(/7\.0-rc1/);
});

const content = Buffer.from("0123456789".repeat(10_000));

/** Serves `content`; the first `failures` answers stop in the middle, for ever. */
async function serve(options: { failures?: number; ranges?: boolean } = {}) {
	let { failures = 0 } = options;
	const requests: (string | undefined)[] = [];
	server = createServer((request, response) => {
		const { range } = request.headers;
		requests.push(range);
		const from =
			options.ranges === false
				? 0
				: Number(/bytes=(\d+)-/.exec(range ?? "")?.[1] ?? 0);
		if (from >= content.length) {
			response.writeHead(416, { "content-range": `bytes */${content.length}` });
			response.end();
			return;
		}
		response.writeHead(from > 0 ? 206 : 200, {
			"content-length": content.length - from,
		});
		if (failures > 0) {
			failures -= 1;
			response.write(content.subarray(from, from + 40_000));
		} else response.end(content.subarray(from));
	});
	await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as AddressInfo;
	return { url: `http://127.0.0.1:${port}/linux.tar.xz`, requests };
}

const options = () => {
	const seen: number[] = [];
	return {
		seen,
		signal: new AbortController().signal,
		onProgress: (done: number) => seen.push(done),
	};
};

test("a download that broke off goes on where it stopped", async () => {
	const { url, requests } = await serve({ failures: 1 });
	const target = join(temp, "archive");
	const breaking = {
		...options(),
		// Only once something is on disk is there something to go on from.
		onProgress: () => server?.closeAllConnections(),
	};
	await expect(download(url, target, breaking)).rejects.toMatchObject({
		code: "KERNEL_DOWNLOAD_FAILED",
		exitCode: 1,
	});
	const second = options();
	await download(url, target, second);
	expect(requests[0]).toBeUndefined();
	expect(requests[1]).toMatch(/^bytes=[1-9]\d*-$/);
	expect((await readFile(target)).equals(content)).toBe(true);
	expect(second.seen.at(-1)).toBe(content.length);
	await download(url, target, options());
	expect(requests).toHaveLength(2);
});

test("a server without ranges, and a part that is complete already", async () => {
	const plain = await serve({ ranges: false });
	await writeFile(join(temp, "a.part"), "garbage");
	await download(plain.url, join(temp, "a"), options());
	expect((await readFile(join(temp, "a"))).equals(content)).toBe(true);
	server?.close();
	const { url } = await serve();
	await writeFile(join(temp, "b.part"), content);
	await download(url, join(temp, "b"), options());
	expect((await readFile(join(temp, "b"))).equals(content)).toBe(true);
});

test("only a good signature by a trusted primary key counts", () => {
	const key = "A".repeat(40);
	const status = `[GNUPG:] GOODSIG ABCD someone\n[GNUPG:] VALIDSIG ${"B".repeat(40)} 2025-01-01 1735689600 0 4 0 1 10 00 ${key}\n`;
	expect(validSigner(status, [key])).toBe(key);
	expect(validSigner(status, ["C".repeat(40)])).toBeUndefined();
	expect(validSigner("[GNUPG:] BADSIG ABCD someone\n", [key])).toBeUndefined();
	expect(validSigner(`[GNUPG:] BADSIG AB x\n${status}`, [key])).toBeUndefined();
});
