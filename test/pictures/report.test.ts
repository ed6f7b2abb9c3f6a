import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "vitest";
import { startBrowser } from "../e2e/support/browser.ts";
import { checkout } from "../e2e/support/dock0.ts";
import { makeReport } from "../e2e/support/report.ts";

const shots = [
	{ name: "report", width: 1280, height: 900, colorScheme: "light" },
	{ name: "report-dark", width: 1280, height: 900, colorScheme: "dark" },
	{ name: "report-narrow", width: 390, height: 844, colorScheme: "light" },
	{
		name: "report-changes",
		width: 1280,
		height: 900,
		colorScheme: "light",
		at: "#changes",
	},
	{
		name: "report-boot",
		width: 1280,
		height: 760,
		colorScheme: "dark",
		at: "#boot",
	},
] as const;

it("pictures of a report", async () => {
	const folder = await mkdtemp(join(tmpdir(), "dock0-pictures-"));
	const browser = await startBrowser();
	try {
		const report = await makeReport(folder);
		await mkdir(checkout("docs/pictures"), { recursive: true });
		for (const { name, width, height, colorScheme, ...rest } of shots) {
			const page = await browser.newPage({
				viewport: { width, height },
				colorScheme,
				reducedMotion: "reduce",
			});
			await page.goto(`file://${report}`);
			await page.waitForSelector(".tile");
			if ("at" in rest)
				await page.evaluate(
					`document.querySelector("${rest.at}").scrollIntoView()`,
				);
			await page.screenshot({ path: checkout(`docs/pictures/${name}.png`) });
			await page.close();
		}
	} finally {
		await browser.close();
		await rm(folder, { recursive: true, force: true });
	}
});
