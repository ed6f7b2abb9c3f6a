import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compareReleases } from "../../src/pipeline/verify.ts";
import type { Manifest } from "../../src/release/manifest.ts";
import { describeVerification } from "../../src/report/verify.ts";
import { environment } from "../../src/system/environment.ts";
import { run } from "../../src/system/process.ts";
import { userIds } from "./rootfs/workshop.ts";
import { dock0 } from "./support/dock0.ts";
import { readableCheckout } from "./support/readable-checkout.ts";

let folder: string;
const at = (...path: string[]): string => join(folder, ...path);

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-verify-test-"));
	await run("chmod", ["755", folder]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("dock0 verify", () => {
	it("builds the same bytes again: another cache, folder, time zone, locale and user", async () => {
		// Another user may not be able to read this checkout.
		const copy = await readableCheckout(at("checkout"));
		await mkdir(at("project/overlay/etc"), { recursive: true });
		await writeFile(at("project/overlay/etc/mine"), "mine\n");
		await writeFile(
			at("project/dock0.yaml"),
			"name: verified\nrootfs: { overlay: ./overlay }\nkernel: {}\n",
		);
		const command = (...args: string[]) =>
			run(
				process.execPath,
				[copy("bin/dock0.js"), ...args, "-C", at("project")],
				{ env: { DOCK0_CACHE_DIR: at("cache") }, okExitCodes: [0, 1, 2] },
			);
		const built = await command("build");
		expect(built.stderr).not.toMatch(/error/);
		const user: string[] = [];
		if (environment().isRoot) {
			await userIds();
			user.push("--user", "dock0test");
		}
		const { exitCode, stdout, stderr } = await command(
			"verify",
			"build/verified",
			...user,
		);
		expect(stderr).not.toMatch(/error/);
		expect(stdout).toContain("the release is what its config builds");
		expect(stdout).toMatch(/byte for byte: .*root\.squashfs.*sbom\.cdx\.json/);
		expect(exitCode).toBe(0);
		// Two whole builds.
	}, 1_800_000);

	it("refuses a release of another project", async () => {
		await writeFile(at("other.yaml"), "name: other\nrootfs: {}\nkernel: {}\n");
		const { exitCode, stderr } = await dock0([
			"verify",
			at("project/build/verified"),
			at("other.yaml"),
		]);
		expect(exitCode).toBe(2);
		expect(stderr).toContain("VERIFY_OTHER_PROJECT");
	});

	it("says which file differs, from which byte on, and which paths inside the root", async () => {
		const manifest = {
			root: { file: "root.squashfs", type: "squashfs" },
			files: { vmlinuz: {}, initramfs: {}, "root.squashfs": {} },
		} as unknown as Manifest;
		await mkdir(at("tree/etc"), { recursive: true });
		await writeFile(at("tree/etc/motd"), "hello\n");
		await writeFile(at("tree/etc/gone"), "");
		const release = async (name: string): Promise<void> => {
			await mkdir(at(name));
			await run("mksquashfs", [
				at("tree"),
				at(name, "root.squashfs"),
				"-quiet",
			]);
			await writeFile(at(name, "vmlinuz"), "kernel");
		};
		await release("one");
		await cp(at("one"), at("same"), { recursive: true });
		await writeFile(at("tree/etc/motd"), "hallo\n", { mode: 0o644 });
		await rm(at("tree/etc/gone"));
		await release("two");
		await writeFile(at("two/vmlinuz"), "kernal");
		await writeFile(at("two/extra"), "");
		const compare = (other: string) =>
			compareReleases(at("one"), at(other), manifest, folder);
		expect(await compare("same")).toEqual({
			same: ["vmlinuz", "root.squashfs"],
			different: [],
		});
		const { same, different } = await compare("two");
		expect(same).toEqual([]);
		expect(different).toEqual([
			{
				file: "vmlinuz",
				bytes: { release: 6, rebuilt: 6 },
				offset: 4,
			},
			expect.objectContaining({
				file: "root.squashfs",
				inside: ["/etc/gone: only in the release", "/etc/motd: other content"],
			}),
			{ file: "extra", bytes: { release: undefined, rebuilt: 0 } },
		]);
		const text = describeVerification({ same, different });
		expect(text).toContain("vmlinuz: differs from byte 4 on (6 B)");
		expect(text).toContain("  /etc/motd: other content\n");
		expect(text).toContain("NOT the same: vmlinuz, root.squashfs, extra");
	});
});
