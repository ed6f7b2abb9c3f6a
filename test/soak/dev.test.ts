import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningProcess, run, start } from "../../src/system/process.ts";
import { checkout } from "../e2e/support/dock0.ts";

let folder: string;
let dev: RunningProcess | undefined;
let said = "";
let heard = (): void => undefined;

/** Waits until `dock0 dev` says it, after what the last call found. */
async function until(pattern: RegExp): Promise<RegExpExecArray> {
	for (;;) {
		const match = pattern.exec(said);
		if (match) {
			said = said.slice(match.index + match[0].length);
			return match;
		}
		const more = new Promise<"more">((resolve) => {
			heard = () => resolve("more");
		});
		const next = await Promise.race([more, dev?.done]);
		if (next !== "more")
			throw new Error(`dock0 dev ended before ${pattern}:\n${said}`);
	}
}

const config = (host: object = {}, more: object = {}) =>
	writeFile(
		join(folder, "dock0.yaml"),
		JSON.stringify({
			extends: checkout("test/hosts/fleet.yaml"),
			name: "e2e-dev",
			rootfs: { overlay: [checkout("test/hosts/overlay"), "./overlay"] },
			vm: { memory: 768, state: "64M" },
			host: {
				users: { admin: { sudo: true, sshKeys: [{ file: "./id.pub" }] } },
				files: { "/etc/greeting": { from: "./greeting" } },
				push: { options: ["-i", join(folder, "id")], confirmSeconds: 240 },
				...host,
			},
			...more,
		}),
	);

let port = "";
/** The answer of the guest, once its ssh server is there. */
async function get(line: string): Promise<string> {
	for (;;) {
		const { stdout, stderr, exitCode } = await run(
			"ssh",
			[
				...["-i", join(folder, "id"), "-p", port, "-o", "LogLevel=ERROR"],
				...["-o", "StrictHostKeyChecking=no", "-o", "ConnectTimeout=60"],
				...["-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes"],
				...["admin@127.0.0.1", line],
			],
			{ okExitCodes: Array.from({ length: 256 }, (_, code) => code) },
		);
		if (exitCode === 0) return stdout.trim();
		if (!/reset by peer|refused|closed by remote host/.test(stderr))
			throw new Error(stderr);
	}
}

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-e2e-dev-"));
	const key = join(folder, "id");
	await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
	await writeFile(join(folder, "greeting"), "good morning\n");
	await mkdir(join(folder, "overlay/etc"), { recursive: true });
	await writeFile(join(folder, "overlay/etc/motd"), "root one\n");
	await config();
	dev = start(
		process.execPath,
		[checkout("bin/dock0.js"), "dev", "-C", folder, "--timeout", "900"],
		{ env: { XDG_STATE_HOME: join(folder, "state") } },
	);
	for (const stream of [dev.stdout, dev.stderr])
		stream.setEncoding("utf8").on("data", (text: string) => {
			said += text;
			heard();
		});
});
afterAll(async () => {
	dev?.kill();
	await rm(folder, { recursive: true, force: true });
});

it("follows what is saved, from the first boot to Ctrl-C", {
	timeout: 1_800_000,
}, async () => {
	const [, pid = ""] = await until(/started e2e-dev \(pid (\d+)/);
	[, port = ""] = await until(/127\.0\.0\.1:(\d+) -> 22\/tcp/);
	await until(/booted: the machine is ready in [\d.]+s/);
	await until(/watching \d+ files/);
	expect(await get("cat /etc/greeting /etc/motd")).toBe(
		"good morning\nroot one",
	);
	const hostKey = await get("cat /var/lib/dock0/ssh/*.pub");
	expect(hostKey).toContain("ssh-");

	// A file of the bundle: it goes into the machine that runs.
	await writeFile(join(folder, "greeting"), "good evening\n");
	await until(/changed greeting\n/);
	await until(/pushed: the running machine has the new bundle in [\d.]+s/);
	expect(await get("cat /etc/greeting")).toBe("good evening");
	await until(/watching/);

	// A mistake is told, and the machine runs on.
	await config({ sysctle: {} });
	await until(/changed dock0\.yaml\n/);
	await until(/error: .*sysctle.*\n[\s\S]*dock0\.yaml:\d+/);
	await until(/watching/);
	expect(await get("cat /etc/greeting")).toBe("good evening");
	await config({ sysctl: { "vm.swappiness": 33 } });
	await until(/> vm\.swappiness = 33/);
	await until(/pushed: .* in [\d.]+s/);
	expect(await get("cat /proc/sys/vm/swappiness")).toBe("33");
	await until(/watching/);

	// Saved without a change.
	await config({ sysctl: { "vm.swappiness": 33 } });
	await until(/unchanged: .* in [\d.]+s/);
	await until(/watching/);

	// The root: built again, and the machine restarted into it; what is state stays.
	await mkdir(join(folder, "overlay/etc/new"));
	await writeFile(join(folder, "overlay/etc/new/file"), "");
	await writeFile(join(folder, "overlay/etc/motd"), "root two\n");
	await until(/changed overlay\/etc\/motd, overlay\/etc\/new\n/);
	await until(/done .*squash/i);
	[, port = ""] = await until(/127\.0\.0\.1:(\d+) -> 22\/tcp/);
	await until(/rebooted: .* in [\d.]+s/);
	expect(await get("cat /etc/motd /etc/greeting; ls /etc/new")).toBe(
		"root two\ngood evening\nfile",
	);
	expect(await get("cat /var/lib/dock0/ssh/*.pub")).toBe(hostKey);
	await until(/watching/);

	const { pid: own } = dev as RunningProcess;
	process.kill(own, "SIGINT");
	await until(/shutting the machine down/);
	expect(await dev?.done).toEqual({ exitCode: 130 });
	const { stdout } = await run("ps", ["-eo", "pid,args"]);
	expect(stdout).not.toMatch(new RegExp(`^ *(${pid}|${own}) `, "m"));
	expect(stdout).not.toMatch(/qemu.*e2e-dev/);
});
