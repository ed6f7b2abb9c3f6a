import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serveUi, type Ui } from "./server.ts";

let folder: string;
let ui: Ui;
let port: number;
let cookie: string;
let action: string;

interface Answer {
	status: number;
	body: string;
	headers: NodeJS.Dict<string | string[]>;
}

/** By node:http, since fetch does not let Host be set. */
function ask(
	path: string,
	options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
	return new Promise((resolve, reject) => {
		request({ host: "127.0.0.1", port, path, ...options }, async (response) => {
			let body = "";
			for await (const chunk of response) body += String(chunk);
			resolve({
				status: response.statusCode ?? 0,
				body,
				headers: response.headers,
			});
		})
			.on("error", reject)
			.end();
	});
}

const own = () => ({
	cookie,
	origin: `http://127.0.0.1:${port}`,
	"x-dock0-token": action,
});

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-ui-"));
	await writeFile(
		join(folder, "dock0.yaml"),
		"extends: dock0/debian-base\nname: web1\nvars: { note: '<script>alert(1)</script>' }\n",
	);
	ui = await serveUi({ files: [], directory: folder });
	port = Number(new URL(ui.address).port);
	const { pathname, search } = new URL(ui.address);
	const entered = await ask(`${pathname}${search}`);
	expect(entered).toMatchObject({ status: 303, headers: { location: "/" } });
	const set = String(entered.headers["set-cookie"]);
	expect(set).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
	cookie = set.split(";")[0] ?? "";
	const page = await ask("/hosts/project", { headers: { cookie } });
	action = /name="dock0-token" content="([^"]+)"/.exec(page.body)?.[1] ?? "";
});
afterAll(async () => {
	await ui.close();
	await rm(folder, { recursive: true, force: true });
});

describe("the server of dock0 ui", () => {
	it("shows the host to whoever has the token, under a strict policy", async () => {
		const page = await ask("/hosts/project", { headers: { cookie } });
		expect(page.status).toBe(200);
		expect(page.body).toContain("<h1>web1</h1>");
		expect(page.headers["content-security-policy"]).toMatch(
			/^default-src 'none'; .*script-src 'self'; .*frame-ancestors 'none'$/,
		);
		expect(page.headers["cache-control"]).toBe("no-store");
		// No script, style or address of elsewhere is in it.
		expect(page.body).not.toMatch(/<script>|style=|https?:/);
	});

	it.each([
		["without the cookie", {}, 401],
		["with a wrong one", { cookie: "dock0=1" }, 401],
		["by another name", { host: "rebound.example" }, 400],
		["by another page", { origin: "http://evil.example" }, 403],
		["by another site", { "sec-fetch-site": "cross-site" }, 403],
	])("answers nothing %s", async (_, headers, status) => {
		for (const path of [
			"/hosts/project",
			"/hosts/project/log/build",
			"/client.js",
		]) {
			const given = { ...(status === 401 ? {} : { cookie }), ...headers };
			const answer = await ask(path, { headers: given });
			expect(answer.status).toBe(status);
			expect(answer.body).not.toContain("web1");
		}
	});

	it.each([
		["without its token", { "x-dock0-token": "" }, 403],
		["without the origin", { origin: "" }, 403],
		["from another origin", { origin: "http://localhost:1" }, 403],
		["without the cookie", { cookie: "" }, 401],
		["by a name that was bound anew", { host: "rebound.example:1" }, 400],
	])("changes nothing %s", async (_, headers, status) => {
		const answer = await ask("/hosts/project/build", {
			method: "POST",
			headers: { ...own(), ...headers },
		});
		expect(answer.status).toBe(status);
	});

	it("does not take a form's GET for a change, and knows no other path", async () => {
		for (const path of [
			"/hosts/project/use",
			"/hosts/other",
			"/../package.json",
		])
			expect((await ask(path, { headers: { cookie } })).status).toBe(404);
		const answer = await ask("/hosts/project/use", {
			method: "POST",
			headers: own(),
		});
		expect(answer.status).toBe(422);
		expect(answer.body).toContain("RELEASE_NOT_KEPT");
	});

	it("shows what is wrong with a config, as text", async () => {
		const file = join(folder, "dock0.yaml");
		await writeFile(file, 'extends: dock0/debian-base\n"<b>x": 1\n');
		const { body } = await ask("/hosts/project", { headers: { cookie } });
		expect(body).toContain("&lt;b&gt;x");
		expect(body).not.toContain("<b>x");
	});

	it("tells when its port is taken", async () => {
		await expect(
			serveUi({ files: [], directory: folder, port }),
		).rejects.toMatchObject({ code: "UI_PORT_BUSY" });
	});
});
