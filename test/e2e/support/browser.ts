import { type Browser, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

/** The browser of the Debian package, asking nothing of the network by itself. */
export function startBrowser(): Promise<Browser> {
	return chromium.launch({
		executablePath: "/usr/bin/chromium",
		args: [
			"--headless",
			"--no-sandbox",
			"--disable-gpu",
			"--disable-quic",
			"--no-first-run",
			"--disable-background-networking",
			"--disable-component-update",
			"--disable-sync",
		],
	});
}

/** What a page did that a test may have to object to. */
export interface PageLog {
	/** Errors of scripts, and all that the console says. */
	problems: string[];
	/** Addresses of all requests. */
	requests: string[];
}

export interface PageOptions {
	width?: number;
	colorScheme?: "light" | "dark";
}

/** Opens an address in a new page, which the caller closes. */
export async function openPage(
	browser: Browser,
	address: string,
	log: PageLog,
	{ width = 1280, colorScheme = "light" }: PageOptions = {},
): Promise<Page> {
	const page = await browser.newPage({
		viewport: { width, height: 900 },
		colorScheme,
	});
	// Generous, since the machine may be busy; nothing waits for it in vain.
	page.setDefaultTimeout(300_000);
	page.on("pageerror", (error) => log.problems.push(error.message));
	page.on("console", (message) => log.problems.push(message.text()));
	page.on("request", (request) => log.requests.push(request.url()));
	await page.goto(address);
	return page;
}

/** Checks that nothing is wider than the screen, and that colours are dark. */
export async function expectFitsDark(page: Page, width: number): Promise<void> {
	expect(
		await page.evaluate("document.documentElement.scrollWidth"),
	).toBeLessThanOrEqual(width);
	const back = String(
		await page.evaluate("getComputedStyle(document.body).backgroundColor"),
	);
	const light = [...back.matchAll(/\d+/g)].map(Number);
	expect(Math.max(...light)).toBeLessThan(60);
}
