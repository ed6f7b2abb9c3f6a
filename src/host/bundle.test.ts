import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sha256File } from "../system/files.ts";
import { run } from "../system/process.ts";
import { packBundle } from "./bundle.ts";
import type { BundleFile } from "./bundle-file.ts";

const long = `/etc/${"long-name-".repeat(12)}/${"x".repeat(120)}`;
const files: BundleFile[] = [
	{ path: "/etc/hostname", content: "web1\n" },
	{ path: "/etc/private", folder: true, mode: 0o700 },
	{ path: "/etc/private/key", content: "hush", mode: 0o400, uid: 33, gid: 44 },
	{ path: long, content: "ä" },
	{ path: "/etc/localtime", link: "../usr/share/zoneinfo/UTC" },
];

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-bundle-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a packed bundle", () => {
	it("holds each file with its mode, owner and content, whoever packed it", async () => {
		const target = join(folder, "bundle.squashfs");
		await packBundle(files, target, { epoch: 1_735_689_600 });
		const { stdout } = await run("unsquashfs", ["-lln", target], {
			env: { TZ: "UTC" },
		});
		const list = stdout.split("\n").map((line) => line.replaceAll(/ +/g, " "));
		expect(list).toContain(
			"-r-------- 33/44 4 2025-01-01 00:00 squashfs-root/etc/private/key",
		);
		expect(list.join("\n")).toMatch(
			/drwx------ 0\/0 \d+ 2025-01-01 00:00 squashfs-root\/etc\/private\n/,
		);
		expect(list.join("\n")).toContain(`squashfs-root${long}`);
		expect(list.join("\n")).toContain(
			"etc/localtime -> ../usr/share/zoneinfo/UTC",
		);
		const { stdout: content } = await run("unsquashfs", [
			"-cat",
			target,
			long.slice(1),
		]);
		expect(content).toBe("ä");
		expect((await stat(target)).mode & 0o777).toBe(0o600);
	});

	it("is the same bytes each time, in whatever order the files come", async () => {
		const [one, two] = [join(folder, "one"), join(folder, "two")];
		await packBundle(files, one, { epoch: 0 });
		await packBundle(files.toReversed(), two, { epoch: 0 });
		expect(await sha256File(two)).toBe(await sha256File(one));
	});
});
