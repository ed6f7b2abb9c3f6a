import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/system/process.ts";
import {
	openPage,
	type PageLog,
	type PageOptions,
	startBrowser,
} from "./support/browser.ts";
import { checkout } from "./support/dock0.ts";

let site: string;
/** By path in the site. */
const pages = new Map<string, string>();

beforeAll(async () => {
	site = await mkdtemp(join(tmpdir(), "dock0-site-"));
	await run(process.execPath, [checkout("scripts/docs.js"), site]);
	for (const name of await readdir(site, { recursive: true }))
		if (name.endsWith(".html"))
			pages.set(name, await readFile(join(site, name), "utf8"));
});
afterAll(() => rm(site, { recursive: true, force: true }));

describe("the documentation as a site", () => {
	it("has every page of docs/, the commands and the programming interface", async () => {
		for (const name of await readdir(checkout("docs")))
			if (name.endsWith(".md"))
				expect(pages.has(name.replace(/\.md$/, ".html"))).toBe(true);
		expect(pages.get("commands.html")).toContain("dock0 release use");
		expect(pages.get("api.html")).toContain("function loadProject");
		expect(pages.get("index.html")).toContain("<h1 id=");
	});

	it("has no link that leads nowhere", async () => {
		const broken: string[] = [];
		const files = new Set(await readdir(site, { recursive: true }));
		for (const [page, html] of pages)
			for (const [, address = ""] of html.matchAll(/(?:href|src)="([^"]*)"/g)) {
				if (/^(?:https?|mailto|data):/.test(address)) continue;
				const [path = "", anchor] = address.split("#");
				const file = path
					? relative(site, resolve(site, dirname(page), path))
					: page;
				const isThere =
					files.has(file) &&
					(!anchor ||
						(pages.get(file) ?? "").includes(
							`id="${decodeURIComponent(anchor)}"`,
						));
				if (!isThere) broken.push(`${page}: ${address}`);
			}
		expect(broken).toEqual([]);
	});

	it("loads nothing from elsewhere", () => {
		for (const html of pages.values())
			expect(html).not.toMatch(
				/<(?:script|img|link|iframe)[^>]*(?:src|href)="(?:https?:)?\/\//,
			);
	});
});

describe("in a browser", () => {
	let browser: Browser;
	let page: Page;
	const log: PageLog = { problems: [], requests: [] };
	const open = async (name: string, options?: PageOptions): Promise<void> => {
		page = await openPage(browser, `file://${site}/${name}`, log, options);
	};
	const expectNothingWrong = (): void => {
		expect(log.problems).toEqual([]);
		expect(log.requests.filter((url) => !/^(?:file|data):/.test(url))).toEqual(
			[],
		);
	};
	beforeAll(async () => {
		browser = await startBrowser();
	});
	afterAll(() => browser?.close());

	it("finds a key by its name, by keyboard alone", async () => {
		await open("index.html");
		await page.keyboard.press("/");
		await page.keyboard.type("state volume");
		await page.waitForSelector("#results a");
		await page.keyboard.press("ArrowDown");
		await page.keyboard.press("Enter");
		await page.waitForURL(/boot(?:-story)?\.html#/);
		await page.close();
		expectNothingWrong();
	});

	it("fits a narrow, dark screen", async () => {
		for (const name of ["index", "reference", "commands", "errors"]) {
			await open(`${name}.html`, { width: 360, colorScheme: "dark" });
			expect(
				await page.evaluate("document.documentElement.scrollWidth"),
			).toBeLessThanOrEqual(360);
			expect(
				await page.evaluate("getComputedStyle(document.body).backgroundColor"),
			).toBe("rgb(16, 21, 28)");
			await page.close();
		}
		expectNothingWrong();
	});
});
