import { mkdtemp, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { RunningProcess } from "../../src/system/process.ts";
import {
	expectFitsDark,
	openPage,
	type PageLog,
	type PageOptions,
	startBrowser,
} from "./support/browser.ts";
import { dock0 } from "./support/dock0.ts";
import { startUi, writeUiProject } from "./support/ui.ts";

let folder: string;
let ui: RunningProcess;
let address: string;
let browser: Browser;
let page: Page;
/** Builds under way take their time on a busy machine. */
const slow = { timeout: 300_000 };
const log: PageLog = { problems: [], requests: [] };

async function open(options?: PageOptions): Promise<void> {
	page = await openPage(browser, address, log, options);
	await page.waitForSelector("#releases");
}

const current = () => readlink(join(folder, "build/shop"));
const rows = () => page.locator("#releases tbody tr");

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-e2e-ui-"));
	await writeUiProject(folder, "1.0", "the first one\n");
	const built = await dock0(["build", "-C", folder]);
	expect(built).toMatchObject({ exitCode: 0 });
	({ ui, address } = await startUi(folder));
	browser = await startBrowser();
});
afterEach(async () => {
	await page?.close();
	// Chromium's own line about an answer that says 422, as the one of a host that cannot be reached.
	expect(
		log.problems.filter((text) => !text.includes("status of 422")),
	).toEqual([]);
	const { origin } = new URL(address);
	expect(
		log.requests.filter(
			(url) => !url.startsWith("data:") && new URL(url).origin !== origin,
		),
	).toEqual([]);
});
afterAll(async () => {
	await browser?.close();
	ui?.kill();
	await rm(folder, { recursive: true, force: true });
});

describe("the page of dock0 ui", () => {
	it("shows the host, its release, and the log of the build that made it", async () => {
		await open();
		// The token is in the address no longer, where others could read it over one's shoulder.
		expect(page.url()).not.toContain("token");
		expect(await page.locator("h1").textContent()).toBe("shop version 1.0");
		expect(await rows().count()).toBe(1);
		expect(await rows().textContent()).toMatch(
			/current.*1\.0.*MB.*not signed/s,
		);
		await page.waitForSelector("#log-state:text-is('done')", slow);
		expect(await page.locator("#steps").textContent()).toContain(
			"rootfs/customise",
		);
		expect(await page.locator("#remote").textContent()).toContain(
			"admin@192.0.2.1",
		);
	});

	it("builds, and shows the log while the build runs", async () => {
		await writeUiProject(folder, "1.1", `another one, ${Date.now()}\n`);
		const before = await current();
		await open();
		await page.click("[data-act=build]");
		await page.waitForSelector("#log-state:text-is('running')");
		await page.waitForSelector("#steps .running");
		await page.waitForSelector("[data-act=cancel]");
		// A line of the step itself comes before its end.
		await page.waitForSelector("#lines .start:has-text('root')");
		expect(await current()).toBe(before);
		await page.waitForSelector("#log-state:text-is('done')", slow);
		await page.waitForSelector("h1:has-text('version 1.1')");
		expect(await rows().count()).toBe(2);
		expect(await current()).not.toBe(before);
	});

	it("shows a build of another terminal", async () => {
		await open();
		await page.waitForSelector("#log-state:text-is('done')", slow);
		await writeUiProject(folder, "1.2", `a third one, ${Date.now()}\n`);
		const building = dock0(["build", "-C", folder]);
		await page.waitForSelector("#log-state:text-is('running')");
		expect((await building).exitCode).toBe(0);
		await page.waitForSelector("h1:has-text('version 1.2')", slow);
	});

	it("goes back to an older release when that is confirmed", async () => {
		await open();
		await page.waitForSelector("#log-state:text-is('done')", slow);
		const before = await current();
		const button = rows().nth(1).locator("[data-act=use]");
		await button.click();
		expect(await page.locator("#confirm h2").textContent()).toMatch(
			/^Roll back to 1\.1 \([0-9a-f]{8}\)\?$/,
		);
		await page.keyboard.press("Escape");
		expect(await page.locator("#confirm").isVisible()).toBe(false);
		expect(await current()).toBe(before);
		await button.click();
		await page.click("#confirm-yes");
		await page.waitForSelector("h1:has-text('version 1.1')");
		expect(await page.locator("#toast").textContent()).toContain("shop is");
		expect(await current()).not.toBe(before);
		const { stdout } = await dock0(["release", "list", "-C", folder]);
		expect(stdout).toMatch(/^\* +1\.1 /m);
		// And forward again, by the command line.
		const id = before.slice(-16);
		const used = await dock0(["release", "use", id, "-C", folder]);
		expect(used).toMatchObject({ exitCode: 0 });
		expect(await current()).toBe(before);
		await page.waitForSelector("h1:has-text('version 1.2')");
	});

	it("checks the files of a release, and opens its report", async () => {
		await open();
		await rows().first().locator("[data-act=verify]").click();
		await page.waitForSelector("#toast.shown");
		expect(await page.locator("#toast").textContent()).toMatch(
			/^Every file is what the manifest/,
		);
		const [report] = await Promise.all([
			page.waitForEvent("popup"),
			rows().first().locator("a").click(),
		]);
		await report.waitForSelector(".tile");
		expect(await report.locator("h1").textContent()).toContain("shop");
		await report.close();
	});

	it("shows the steps of every part of a command, as of one that builds and then writes a disk", async () => {
		const wrote = await dock0(["disk", "-C", folder, "--format", "raw", "oci"]);
		expect(wrote).toMatchObject({ exitCode: 0 });
		await open();
		await page.waitForSelector("#log-state:text-is('done')", slow);
		const names = await page.evaluate<string[]>(
			"[...document.querySelectorAll('#steps li')].map((item) => item.dataset.step)",
		);
		expect(names).toEqual(
			expect.arrayContaining(["rootfs/customise", "disk/grub"]),
		);
		// The archive is made from a root that the release's plan has already listed.
		expect(names).toEqual([...new Set(names)]);
	});

	it("says what came of asking a host that does not answer", async () => {
		await open();
		await page.click("[data-act=status]");
		await page.waitForSelector("#facts[open]", { timeout: 60_000 });
		expect(await page.locator("#facts").textContent()).toContain(
			"HOST_UNREACHABLE",
		);
	});

	it("is used by keyboard alone", async () => {
		await open();
		const focused = () =>
			page.evaluate(
				"document.activeElement?.dataset?.release ?? document.activeElement?.textContent",
			);
		await rows().first().focus();
		const first = await focused();
		await page.keyboard.press("ArrowDown");
		const second = await focused();
		expect(second).not.toBe(first);
		await page.keyboard.press("ArrowUp");
		expect(await focused()).toBe(first);
		const [report] = await Promise.all([
			page.waitForEvent("popup"),
			page.keyboard.press("Enter"),
		]);
		await report.close();
		await page.keyboard.press("ArrowDown");
		for (let count = 0; count < 3; count += 1) await page.keyboard.press("Tab");
		expect(await focused()).toBe(second);
		await page.keyboard.press("Enter");
		await page.waitForSelector("#confirm[open]");
		await page.keyboard.press("Escape");
	});

	it("fits a narrow, dark screen", async () => {
		await open({ width: 360, colorScheme: "dark" });
		await expectFitsDark(page, 360);
	});

	it("ends by Ctrl-C, open logs and all", async () => {
		await open();
		await page.waitForSelector("#log-state:text-is('done')", slow);
		process.kill(ui.pid, "SIGINT");
		expect(await ui.done).toEqual({ exitCode: 130 });
		// What the page says of its broken log comes before it is left.
		await page.goto("about:blank");
		log.problems.length = 0;
	});
});
