import { mkdtemp, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toolVersion } from "./tools.ts";

let root: string;
let tool: string;
let asked: number;

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), "dock0-tools-"));
	vi.stubEnv("DOCK0_CACHE_DIR", join(root, "cache"));
	tool = join(root, "tool");
	asked = 0;
	await writeFile(tool, "1", { mode: 0o755 });
});

afterEach(async () => {
	vi.useRealTimers();
	vi.unstubAllEnvs();
	await rm(root, { recursive: true });
});

/** As if the files had been lying there for a while. */
function later(): void {
	vi.useFakeTimers({ now: Date.now() + 10_000, toFake: ["Date"] });
}

const ask = (version: string): Promise<string> =>
	toolVersion(tool, async () => {
		asked += 1;
		return `banner\ntool ${version}\n`;
	});

describe("a tool's version", () => {
	it("is asked once", async () => {
		later();
		expect(await ask("1.0")).toBe("tool 1.0");
		expect(await ask("1.0")).toBe("tool 1.0");
		expect(asked).toBe(1);
	});

	it("is asked again while the tool may still be being written", async () => {
		await ask("1.0");
		await writeFile(tool, "2");
		expect(await ask("2.0")).toBe("tool 2.0");
	});

	it("is asked again after an upgrade of the same size with the old time stamp", async () => {
		const old = new Date(1_700_000_000_000);
		await utimes(tool, old, old);
		later();
		await ask("1.0");
		await writeFile(`${tool}.new`, "2", { mode: 0o755 });
		await utimes(`${tool}.new`, old, old);
		await rename(`${tool}.new`, tool);
		expect(await ask("2.0")).toBe("tool 2.0");
	});
});
