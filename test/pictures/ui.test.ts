import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { startBrowser } from "../e2e/support/browser.ts";
import { checkout, dock0 } from "../e2e/support/dock0.ts";
import { startUi, writeUiProject } from "../e2e/support/ui.ts";

const shots = [
	{ name: "ui", width: 1280, height: 1060, colorScheme: "light" },
	{ name: "ui-dark", width: 1280, height: 1060, colorScheme: "dark" },
	{ name: "ui-confirm", width: 1280, height: 800, colorScheme: "light" },
] as const;

/** Where this machine keeps project and checkout is nobody's business. */
async function hidePaths(page: Page, folder: string): Promise<void> {
	const paths = { [folder]: "/home/you/shop", [checkout(".")]: "/opt/dock0" };
	await page.evaluate(`{
		const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		for (let node = walker.nextNode(); node; node = walker.nextNode())
			for (const [path, shown] of Object.entries(${JSON.stringify(paths)}))
				node.textContent = node.textContent.replaceAll(path, shown);
	}`);
	const text = await page.locator("body").textContent();
	for (const path of Object.keys(paths)) expect(text).not.toContain(path);
}

it("pictures of dock0 ui", async () => {
	const folder = await mkdtemp(join(tmpdir(), "dock0-shop-"));
	const browser = await startBrowser();
	try {
		for (const [version, text] of [
			["1.0", "the first one\n"],
			["1.1", "another one\n"],
			["1.2", "a third one\n"],
		] as const) {
			await writeUiProject(folder, version, text);
			const { exitCode } = await dock0(["build", "-C", folder]);
			expect(exitCode).toBe(0);
		}
		await writeUiProject(folder, "1.3", `${Date.now()}\n`);
		const building = dock0(["build", "-C", folder]);
		const { ui, address } = await startUi(folder);
		for (const { name, width, height, colorScheme } of shots) {
			const page = await browser.newPage({
				viewport: { width, height },
				colorScheme,
				reducedMotion: "reduce",
			});
			await page.goto(address);
			await page.waitForSelector("#log-state:text-is('done')", {
				timeout: 300_000,
			});
			if (name === "ui-confirm") {
				await page.locator("[data-act=use]").first().click();
				await page.waitForSelector("#confirm[open]");
			}
			await hidePaths(page, folder);
			await page.screenshot({ path: checkout(`docs/pictures/${name}.png`) });
			await page.close();
		}
		await building;
		ui.kill();
	} finally {
		await browser.close();
		await rm(folder, { recursive: true, force: true });
	}
});
