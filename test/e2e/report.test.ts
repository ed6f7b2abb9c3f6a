import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
	expectFitsDark,
	openPage,
	type PageLog,
	type PageOptions,
	startBrowser,
} from "./support/browser.ts";
import { dock0 } from "./support/dock0.ts";
import { makeReport } from "./support/report.ts";

let folder: string;
let report: string;
let browser: Browser;
let page: Page;
const log: PageLog = { problems: [], requests: [] };

/** Opens the report afresh; whatever goes wrong in it fails the test. */
async function open(options?: PageOptions): Promise<void> {
	page = await openPage(browser, `file://${report}`, log, options);
	await page.waitForSelector(".tile");
}

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-e2e-report-"));
	report = await makeReport(folder);
	browser = await startBrowser();
});
afterEach(async () => {
	await page?.close();
	expect(log.problems).toEqual([]);
	expect(log.requests.filter((url) => url !== `file://${report}`)).toEqual([]);
});
afterAll(async () => {
	await browser?.close();
	await rm(folder, { recursive: true, force: true });
});

const crumbs = () => page.locator("#crumbs").textContent();
const focused = () =>
	page.evaluate(
		"document.activeElement?.dataset?.name ?? document.activeElement?.tagName",
	);

describe("the treemap", () => {
	it("opens by click, and goes back by its crumbs", async () => {
		await open();
		await page.click('.tile[data-name="libc6"]');
		expect(await crumbs()).toMatch(/the whole root › libc6 .*MB/);
		await page.click("#crumbs button");
		expect(await crumbs()).not.toContain("libc6");
	});

	it("shows folders instead of packages", async () => {
		await open();
		await page.click("[data-by=folder]");
		await page.click('.tile[data-name="usr/lib"]');
		expect(await crumbs()).toContain("usr/lib");
		expect(
			await page.locator('.tile[data-name="x86_64-linux-gnu"]').count(),
		).toBe(1);
	});

	it("is used by keyboard alone: arrows, Enter, Escape", async () => {
		await open();
		await page.locator(".tile").first().focus();
		const first = await focused();
		await page.keyboard.press("ArrowRight");
		const second = await focused();
		expect(second).not.toBe(first);
		await page.keyboard.press("ArrowLeft");
		expect(await focused()).toBe(first);
		await page.keyboard.press("Enter");
		expect(await crumbs()).toContain(`› ${String(first)}`);
		await page.keyboard.press("Escape");
		expect(await crumbs()).not.toContain("›");
		expect(await focused()).toBe(first);
	});
});

describe("the lists", () => {
	it("filter packages, and sort them", async () => {
		await open();
		await page.fill("#packages input", "nginx");
		const rows = page.locator("#packages tbody tr");
		expect(await rows.count()).toBe(2);
		expect(await page.locator("#packages .count").textContent()).toMatch(
			/^2 of \d+$/,
		);
		await page.fill("#packages input", "");
		await page.click("#packages thead button >> text=Package");
		const names = await page
			.locator("#packages tbody tr td:first-child")
			.allTextContents();
		expect(names.slice(2, 40)).toEqual(names.slice(2, 40).toSorted());
	});

	it("show known vulnerabilities of what is installed, worst first", async () => {
		await open();
		expect(
			await page.locator("#vulnerabilities tbody code").allTextContents(),
		).toEqual(expect.arrayContaining(["CVE-2099-0001", "CVE-2099-0003"]));
		const all = await page.locator("#vulnerabilities tbody").textContent();
		expect(all).toMatch(/0001[\s\S]*0003[\s\S]*0004/);
		expect(all).not.toMatch(/0002|0005/);
	});

	it("show what changed, the boot, units, and who set what", async () => {
		await open();
		const text = async (id: string) => page.locator(`#${id}`).textContent();
		expect(await text("changes")).toMatch(/vm\.memory512 → 768/);
		expect(await text("changes")).toContain("loglevel=3");
		expect(await text("boot")).toContain("multi-user.target");
		expect(await text("services")).toContain("nginx.service");
		await page.fill("#settings input", "vm.memory");
		expect(await text("settings")).toMatch(
			/vm\.memory768web1\/dock0\.yaml:\d+/,
		);
		await page.fill("#kernel input", "overlay_fs");
		expect(await text("kernel")).toMatch(/CONFIG_OVERLAY_FS[my]/);
	});
});

describe("on a narrow, dark screen", () => {
	it("nothing is wider than the screen, and colours are dark", async () => {
		await open({ width: 360, colorScheme: "dark" });
		await expectFitsDark(page, 360);
	});
});

describe("what cannot be used", () => {
	it.each([
		[["--vulnerabilities", "/etc/hostname"], "VULNERABILITIES_UNREADABLE"],
		[["--boot", "/etc/hostname"], "BOOT_TIMES_UNREADABLE"],
		[["--against", "/nowhere"], "RELEASE_INCOMPLETE"],
	])("%j is told as %s", async (args, code) => {
		const { stderr, exitCode } = await dock0(
			["report", "web1/build/web1", "-o", "other.html", ...args],
			{ cwd: folder },
		);
		expect(stderr).toContain(`[${code}]`);
		expect(exitCode).toBe(2);
	});
});
