import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningProcess, run, start } from "../../src/system/process.ts";
import { checkout } from "./support/dock0.ts";

// Of this run alone: a machine that a run which was killed left behind must not be in the way of the next.
const name = `e2e-dev-${process.pid}`;
let folder: string;
let dev: RunningProcess | undefined;
let said = "";
let heard = (): void => undefined;

/** Waits until `dock0 dev` says it, after what the last call found. */
async function until(pattern: RegExp, seconds = 120): Promise<RegExpExecArray> {
	const late = AbortSignal.timeout(seconds * 1000);
	late.addEventListener("abort", () => heard());
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
		if (next !== "more" || late.aborted)
			throw new Error(
				`dock0 dev ${late.aborted ? "did not say" : "ended before"} ${pattern}:\n${said}`,
			);
	}
}

const config = (host: object = {}, more: object = {}) =>
	writeFile(
		join(folder, "dock0.yaml"),
		JSON.stringify({
			extends: checkout("test/hosts/fleet.yaml"),
			name,
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
	const late = performance.now() + 90_000;
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
		if (
			!/reset by peer|refused|closed by remote host/.test(stderr) ||
			performance.now() > late
		)
			throw new Error(`${line} ended with ${exitCode}: ${stderr}${stdout}`);
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

// Each one goes on from what the one before has left, as a person does who edits.
describe("dock0 dev", () => {
	let machine = "";
	let hostKey = "";

	it("builds and boots what is there", { timeout: 400_000 }, async () => {
		[, machine = ""] = await until(/started e2e-dev-\d+ \(pid (\d+)/);
		[, port = ""] = await until(/127\.0\.0\.1:(\d+) -> 22\/tcp/);
		await until(/booted: the machine is ready in [\d.]+s/, 300);
		await until(/watching \d+ files/);
		expect(await get("cat /etc/greeting /etc/motd")).toBe(
			"good morning\nroot one",
		);
		hostKey = await get("cat /var/lib/dock0/ssh/*.pub");
		expect(hostKey).toContain("ssh-");
	});

	it("brings a file of the bundle into the machine that runs", {
		timeout: 200_000,
	}, async () => {
		await writeFile(join(folder, "greeting"), "good evening\n");
		await until(/changed greeting\n/);
		await until(/pushed: the running machine has the new bundle in [\d.]+s/);
		expect(await get("cat /etc/greeting")).toBe("good evening");
		await until(/watching/);
	});

	it("tells a mistake, and what corrects it goes into the same machine", {
		timeout: 200_000,
	}, async () => {
		await config({ sysctle: {} });
		await until(/changed dock0\.yaml\n/);
		await until(/error: .*sysctle.*\n[\s\S]*dock0\.yaml:\d+/);
		await until(/watching/);
		expect(await get("cat /etc/greeting")).toBe("good evening");
		await config({ sysctl: { "vm.swappiness": 33 } });
		await until(/added \/etc\/sysctl\.d\/90-dock0\.conf\n/);
		await until(/pushed: .* in [\d.]+s/);
		expect(await get("cat /proc/sys/vm/swappiness")).toBe("33");
		await until(/watching/);
	});

	it("leaves the machine alone when a file was saved without a change", {
		timeout: 60_000,
	}, async () => {
		await config({ sysctl: { "vm.swappiness": 33 } });
		await until(/unchanged: .* in [\d.]+s/);
		await until(/watching/);
	});

	it("restarts the machine into another root; what is state stays", {
		timeout: 400_000,
	}, async () => {
		await mkdir(join(folder, "overlay/etc/new"));
		await writeFile(join(folder, "overlay/etc/new/file"), "");
		await writeFile(join(folder, "overlay/etc/motd"), "root two\n");
		await until(/changed overlay\/etc\/motd, overlay\/etc\/new\n/);
		[, machine = ""] = await until(/started e2e-dev-\d+ \(pid (\d+)/);
		[, port = ""] = await until(/127\.0\.0\.1:(\d+) -> 22\/tcp/);
		await until(/rebooted: .* in [\d.]+s/, 300);
		expect(await get("cat /etc/motd /etc/greeting; ls /etc/new")).toBe(
			"root two\ngood evening\nfile",
		);
		expect(await get("cat /var/lib/dock0/ssh/*.pub")).toBe(hostKey);
		await until(/watching/);
	});

	it("ends with Ctrl-C, and the machine with it", {
		timeout: 120_000,
	}, async () => {
		const { pid: own } = dev as RunningProcess;
		process.kill(own, "SIGINT");
		await until(/shutting the machine down/);
		expect(await dev?.done).toEqual({ exitCode: 130 });
		const { stdout } = await run("ps", ["-eo", "pid,args"]);
		expect(stdout).not.toMatch(new RegExp(`^ *(${machine}|${own}) `, "m"));
		expect(stdout).not.toMatch(new RegExp(`qemu.*${name}`));
	});
});
