import { spawn } from "node:child_process";
import {
	cp,
	open,
	readdir,
	readFile,
	rm,
	stat,
	writeFile,
} from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256File } from "../system/files.ts";
import { newKey } from "./keys.ts";
import { type FakeHost, fakeHost, slotBytes } from "./update-agent.fixture.ts";

let host: FakeHost;
beforeEach(async () => {
	host = await fakeHost();
});
afterEach(() => host.remove());

/** How often it has rebooted, a line each. */
const reboots = (): Promise<string> =>
	readFile(join(host.folder, "reboots"), "utf8").catch(() => "");

/** Installs what must be refused: the words of the refusal, and nothing that boots has changed. */
async function expectRefused(words: RegExp, ...args: string[]): Promise<void> {
	const before = await host.environment();
	const header = await host.header("a");
	const slot = await sha256File(host.partition("dock0-slot-a"));
	const rebooted = await reboots();
	const { exitCode, stderr } = await host.agent("install", ...args);
	expect(stderr).toMatch(words);
	expect(exitCode).toBe(1);
	expect(await host.environment()).toEqual(before);
	expect(await host.header("a")).toEqual(header);
	expect(await sha256File(host.partition("dock0-slot-a"))).toBe(slot);
	expect(await reboots()).toBe(rebooted);
	// its folder in memory is gone
	expect(await readdir(join(host.folder, "run"))).toEqual(["update.lock"]);
}

describe("dock0-update install", () => {
	it("writes the release to the other slot of its own disk, then turns the switch and reboots", async () => {
		const release = await host.release({ version: "1.1" });
		const { exitCode, stdout, stderr } = await host.agent("install", release);
		expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
		expect(stdout).toContain("slot b is booted next, on trial");
		expect(await host.environment()).toEqual({
			dock0_good: "a",
			dock0_try: "b",
			dock0_tries: "2",
			dock0_failed: "",
		});
		const header = await host.header("b");
		expect(header).toMatchObject({
			version: "1.1",
			name: "web1",
			cmdline: "quiet a=b",
			release: await sha256File(join(release, "manifest.json")),
		});
		const slot = await readFile(host.partition("dock0-slot-b"));
		const root = await readFile(join(release, "root.squashfs"));
		expect(slot.subarray(0, root.length).equals(root)).toBe(true);
		for (const [name, file] of [
			["kernel", "vmlinuz"],
			["initrd", "initramfs"],
		] as const) {
			const [first = 0, count = 0] = (header?.[name] ?? "")
				.split("+")
				.map(Number);
			const content = await readFile(join(release, file));
			expect((first * 512) % 4096).toBe(0);
			expect(count).toBe(Math.ceil(content.length / 512));
			const there = slot.subarray(first * 512, (first + count) * 512);
			expect(there.subarray(0, content.length).equals(content)).toBe(true);
			// GRUB loads whole sectors; what follows must be nothing.
			expect(there.subarray(content.length).every((byte) => byte === 0)).toBe(
				true,
			);
		}
		expect(await readFile(join(host.folder, "reboots"), "utf8")).toBe(
			"reboot\n",
		);
		const other = await readFile(join(host.folder, "dev/vda7"));
		expect(other.every((byte) => byte === 0)).toBe(true);
	});

	it("writes only the blocks that differ, and says how many bytes", async () => {
		const root = Buffer.alloc(3 * 1024 * 1024, "x");
		const first = await host.release({ version: "1.1", root });
		await host.agent("install", first, "--no-reboot");
		root[2 * 1024 * 1024 + 5] = 0;
		const second = await host.release({ version: "1.2", root });
		const { stdout } = await host.agent("install", second, "--no-reboot");
		// one block of the root, and kernel and initramfs, which are smaller than one
		const small = 12_288 + 8192;
		expect(stdout).toContain(
			`wrote ${1024 * 1024 + small} of ${3 * 1024 * 1024 + small} bytes`,
		);
		const again = await host.agent("install", second, "--no-reboot");
		expect(again.stdout).toContain("wrote 0 of");
	});

	it("takes a release over http, and leaves out nothing that the server breaks off", async () => {
		const release = await host.release({ version: "1.1" });
		let cut = false;
		const server = createServer(async (request, response) => {
			const name = request.url?.replace("/web1/", "") ?? "";
			const content = await readFile(join(release, name)).catch(
				() => undefined,
			);
			if (!content) return response.writeHead(404).end();
			response.writeHead(200, { "content-length": content.length });
			if (cut && name === "root.squashfs") {
				response.write(content.subarray(0, 700_000));
				setTimeout(() => response.destroy(), 50);
			} else response.end(content);
		});
		await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
		const { port } = server.address() as AddressInfo;
		const url = `http://127.0.0.1:${port}/web1/`;
		cut = true;
		await expectRefused(/root\.squashfs: the transfer broke off/, url);
		expect(await host.header("b")).toBeUndefined();
		await expectRefused(/cannot fetch .*none/, `${url}none/manifest`);
		cut = false;
		expect((await host.agent("install", url)).exitCode).toBe(0);
		expect(await host.header("b")).toMatchObject({ version: "1.1" });
		server.close();
	});

	it("takes update.url when no source is given", async () => {
		const release = await host.release({ version: "1.1" });
		expect((await host.agent("install")).exitCode).toBe(2);
		await writeFile(
			join(host.folder, "lib/update.conf"),
			`tries=5\nhealth_timeout=9\nurl='file://${release}'\n`,
		);
		expect((await host.agent("install")).exitCode).toBe(0);
		expect(await host.environment()).toMatchObject({ dock0_tries: "5" });
	});

	it("refuses what another key has signed, a changed manifest, and a host without keys", async () => {
		const stranger = await newKey(join(host.folder, "other"), "stranger");
		const release = await host.release({ version: "1.1", key: stranger });
		await expectRefused(/wrong signature/, release);
		await cp(stranger.publicFile, join(host.folder, "lib/keys.d/stranger.pem"));
		const manifest = join(release, "manifest.json");
		const text = await readFile(manifest, "utf8");
		await writeFile(manifest, text.replace("1.1", "1.2"));
		await expectRefused(/wrong signature/, release);
		await writeFile(manifest, text);
		await rm(join(host.folder, "lib/keys.d"), { recursive: true });
		await expectRefused(/trusts no key/, release);
		await rm(join(release, "manifest.sig"));
		await expectRefused(/cannot fetch .*manifest.sig/, release);
	});

	it("goes from one key to the next by a release that trusts both", async () => {
		const next = await newKey(join(host.folder, "keys"), "release-2");
		const release = await host.release({ version: "1.1", key: next });
		await expectRefused(/wrong signature/, release);
		await cp(next.publicFile, join(host.folder, "lib/keys.d/two.pem"));
		expect((await host.agent("install", release)).exitCode).toBe(0);
		await rm(join(host.folder, "lib/keys.d/one.pem"));
		const late = await host.release({ version: "1.2" });
		await expectRefused(/wrong signature/, late);
	});

	it("refuses a flipped byte, and leaves the slot without a header", async () => {
		const release = await host.release({ version: "1.1" });
		await host.agent("install", release, "--no-reboot");
		const file = await open(join(release, "root.squashfs"), "r+");
		await file.write("!", 1_234_567);
		await file.close();
		const before = await host.environment();
		const { exitCode, stderr } = await host.agent("install", release);
		expect(exitCode).toBe(1);
		expect(stderr).toMatch(/root\.squashfs arrived with SHA-256/);
		expect(await host.header("b")).toBeUndefined();
		// the trial of slot b was waiting, and is no more
		expect(before).toMatchObject({ dock0_try: "b" });
		expect(await host.environment()).toMatchObject({
			dock0_good: "a",
			dock0_try: "",
		});
	});

	it("refuses a file that is longer than the manifest says, without writing beyond its place", async () => {
		const release = await host.release({ version: "1.1" });
		const { size } = await stat(join(release, "root.squashfs"));
		await writeFile(join(release, "root.squashfs"), Buffer.alloc(9_000_000));
		await expectRefused(/root\.squashfs/, release);
		expect((await stat(host.partition("dock0-slot-b"))).size).toBe(slotBytes);
		expect(size).toBeLessThan(slotBytes);
	});

	it("refuses a lower version unless it is allowed; 1.10 is higher than 1.9", async () => {
		const older = await host.release({ version: "0.9" });
		await expectRefused(/version 0\.9 is older than the running 1\.0/, older);
		expect(
			(await host.agent("install", older, "--allow-downgrade")).exitCode,
		).toBe(0);
		await host.boot("b");
		await host.agent("confirm");
		for (const [version, exitCode] of [
			["0.10", 0],
			["0.8", 1],
		] as const)
			expect(
				(await host.agent("install", await host.release({ version }))).exitCode,
			).toBe(exitCode);
	});

	it("refuses another host's release unless it is allowed", async () => {
		const other = await host.release({ version: "1.1", name: "db1" });
		await expectRefused(/is for 'db1', this host is 'web1'/, other);
		expect(
			(await host.agent("install", other, "--allow-other-name")).exitCode,
		).toBe(0);
	});

	it("refuses a release that is larger than the slot, before anything is written", async () => {
		const first = await host.release({ version: "1.1" });
		await host.agent("install", first, "--no-reboot");
		const large = await host.release({
			version: "1.2",
			root: Buffer.alloc(slotBytes - 8192),
		});
		await expectRefused(/slot b has only/, large);
		expect(await host.header("b")).toMatchObject({ version: "1.1" });
	});

	it("refuses kernel parameters that a header cannot hold", async () => {
		const quoted = await host.release({ version: "1.1", cmdline: ["a='b'"] });
		await expectRefused(/quotes or backslashes/, quoted);
		const escaped = await host.release({ version: "1.1", cmdline: ['a="b"'] });
		await expectRefused(/quotes or backslashes/, escaped);
	});

	it("refuses while a trial is not confirmed: the other slot is the one to fall back to", async () => {
		const release = await host.release({ version: "1.1" });
		await host.agent("install", release);
		await host.boot("b", "dock0.trial");
		const next = await host.release({ version: "1.2" });
		await expectRefused(/slot b is not confirmed yet/, next);
	});

	it("refuses a second one at the same time", async () => {
		const release = await host.release({ version: "1.1" });
		const holder = spawn("flock", [
			join(host.folder, "run/update.lock"),
			"sh",
			"-c",
			"echo held; read -r _",
		]);
		await new Promise((done) => holder.stdout.once("data", done));
		const { stderr, exitCode } = await host.agent("install", release);
		expect(stderr).toContain("another dock0-update is running");
		expect(exitCode).toBe(1);
		const status = await host.agent("status");
		expect(status.exitCode).toBe(0);
		holder.stdin.end();
	});

	it("refuses on a machine that was not started from a dock0 disk, or from another partition", async () => {
		const release = await host.release({ version: "1.1" });
		await writeFile(join(host.folder, "proc/cmdline"), "root=/dev/sda1\n");
		await expectRefused(/not started from a dock0 disk/, release);
		await writeFile(
			join(host.folder, "proc/cmdline"),
			"dock0.slot=b dock0.root=PARTUUID=1\n",
		);
		await expectRefused(/is called 'dock0-slot-a'/, release);
		await writeFile(
			join(host.folder, "proc/cmdline"),
			"dock0.slot=a dock0.root=PARTUUID=1\n",
		);
		await expectRefused(/but the kernel was told/, release);
	});

	it("refuses when the root is in memory and two disks could be its own", async () => {
		const release = await host.release({ version: "1.1" });
		await writeFile(join(host.folder, "proc/mounts"), "");
		await expectRefused(/2 partitions are PARTUUID=/, release);
	});
});

describe("dock0-update", () => {
	it("confirm keeps the running slot, and then the other one is free", async () => {
		await host.agent("install", await host.release({ version: "1.1" }));
		await host.boot("b", "dock0.trial");
		const { stdout } = await host.agent("confirm");
		expect(stdout).toContain("slot b (1.1) is confirmed");
		expect(await host.environment()).toEqual({
			dock0_good: "b",
			dock0_try: "",
			dock0_tries: "",
			dock0_failed: "",
		});
		const next = await host.release({ version: "1.2" });
		expect((await host.agent("install", next)).exitCode).toBe(0);
		expect(await host.header("a")).toMatchObject({ version: "1.2" });
	});

	it("rollback gives a trial up, and says so after the fall back", async () => {
		await host.agent("install", await host.release({ version: "1.1" }));
		await host.boot("b", "dock0.trial");
		await host.agent("rollback");
		expect(await host.environment()).toMatchObject({
			dock0_good: "a",
			dock0_try: "",
			dock0_failed: "b",
		});
		await host.boot("a", "dock0.failed=b");
		const { stdout } = await host.agent("status");
		expect(stdout).toContain("running: slot a, web1 1.0");
		expect(stdout).toContain("failed: slot b, 1.1: rolled back by hand");
	});

	it("rollback of a confirmed release tries the other slot", async () => {
		expect((await host.agent("rollback")).stderr).toContain(
			"no other slot holds a release",
		);
		await host.agent("install", await host.release({ version: "1.1" }));
		await host.boot("b");
		await host.agent("confirm");
		expect((await host.agent("rollback", "--no-reboot")).stdout).toContain(
			"slot a (1.0) is booted next, on trial",
		);
	});

	it("list shows every slot", async () => {
		expect((await host.agent("list")).stdout).toBe(
			"* a web1 1.0 0\n  b empty\n",
		);
	});

	it("says how it is used", async () => {
		for (const args of [
			[],
			["launch"],
			["install", "a", "b"],
			["status", "now"],
		]) {
			const { exitCode, stderr } = await host.agent(...args);
			expect(stderr).toContain("usage: dock0-update install");
			expect(exitCode).toBe(2);
		}
	});
});
