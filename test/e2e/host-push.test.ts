import { createPrivateKey } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunResult, run } from "../../src/system/process.ts";
import type { RunningVm } from "../../src/vm/running-vm.ts";
import { checkout, dock0 } from "./support/dock0.ts";
import { bootHost, buildHost } from "./support/host.ts";

let folder: string;
let release: string;
let vm: RunningVm;
let options: string[];

/** Always the same key, so that the root, which holds its public half, is built once and for all. */
const signingKey = createPrivateKey({
	key: Buffer.concat([
		Buffer.from("302e020100300506032b657004220420", "hex"), // PKCS#8 of Ed25519, RFC 8410
		Buffer.alloc(32, "test key"),
	]),
	format: "der",
	type: "pkcs8",
}).export({ type: "pkcs8", format: "pem" });

/** The layer of a host, one of a fleet. */
async function layer(name: string, host: object = {}): Promise<string> {
	const file = join(folder, `${name}.yaml`);
	const text = {
		extends: checkout("test/hosts/fleet.yaml"),
		name: name.replace(/-.*/, ""),
		release: { sign: { key: "./sign.key" } },
		vm: { ports: ["0:22"] },
		host: {
			domain: "example.org",
			timezone: "Europe/Berlin",
			users: {
				admin: { sudo: true, groups: ["adm"], sshKeys: [{ file: "./id.pub" }] },
				guest: { uid: 1500, sshKeys: [{ file: "./id.pub" }] },
			},
			sysctl: { "vm.swappiness": 10 },
			modules: ["dummy"],
			swap: { zram: "25%" },
			network: {
				interfaces: {
					eth0: { dhcp: true },
					br0: { bridge: [], addresses: ["192.0.2.1/24", "2001:db8::1/64"] },
					v7: {
						vlan: { id: 7, parent: "eth0" },
						addresses: ["198.51.100.1/24"],
					},
				},
			},
			files: { "/etc/secret": { text: "for-root-only", mode: "0600" } },
			push: { confirmSeconds: 240, options },
			...host,
		},
	};
	await writeFile(file, JSON.stringify(text));
	return file;
}

function ssh(line: string, user = "admin"): Promise<RunResult> {
	return run(
		"ssh",
		[...options, "-p", String(vm.ports[0]?.host), `${user}@127.0.0.1`, line],
		{
			okExitCodes: Array.from({ length: 256 }, (_, code) => code),
		},
	);
}

async function get(line: string): Promise<string> {
	const { exitCode, stdout, stderr } = await ssh(line);
	if (exitCode !== 0)
		throw new Error(`'${line}' ended with ${exitCode}: ${stderr}`);
	return stdout.trim();
}

function command(
	name: "push" | "status" | "rollback",
	file: string,
): Promise<RunResult> {
	return dock0([
		...[name, file, "--to", "admin@127.0.0.1"],
		...["--port", String(vm.ports[0]?.host)],
		...(name === "push" ? ["--output", folder] : []),
	]);
}

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-e2e-push-"));
	await run("ssh-keygen", [
		"-q",
		"-t",
		"ed25519",
		"-N",
		"",
		"-f",
		join(folder, "id"),
	]);
	await writeFile(join(folder, "sign.key"), signingKey, { mode: 0o600 });
	options = [
		...[
			"-i",
			join(folder, "id"),
			"-o",
			"StrictHostKeyChecking=no",
			"-o",
			"ConnectTimeout=60",
		],
		...[
			"-o",
			"UserKnownHostsFile=/dev/null",
			"-o",
			"LogLevel=ERROR",
			"-o",
			"BatchMode=yes",
		],
	];
	const file = await layer("web1");
	release = await buildHost([file], folder);
	vm = await bootHost([file], folder, { name: "e2e-push" });
	await vm.waitReady({ timeoutSeconds: 500 });
});

afterAll(async () => {
	await vm?.kill();
	await rm(folder, { recursive: true, force: true });
});

describe("a host with its bundle", () => {
	it("is what its config says", async () => {
		const answers = await get(
			[
				"hostname -f; date +%Z; id -Gn; sudo id -u; cat /proc/sys/vm/swappiness; lsmod | grep -c ^dummy",
				"grep -c ^/dev/zram /proc/swaps; ip -br addr show br0 | tr -s ' '; ip -br addr show v7 | tr -s ' '",
				"systemctl --failed --no-legend --plain; getent passwd guest; stat -c %a /etc/secret; ls /etc/ssh/ssh_host_* 2>/dev/null",
				'sudo awk -F: \'$1 == "root" || $1 == "admin" { print $1, substr($2, 1, 1) }\' /etc/shadow',
			].join("\n"),
		);
		expect(answers.split("\n")).toEqual([
			"web1.example.org",
			expect.stringMatching(/^CES?T$/),
			"admin adm",
			"0",
			"10",
			"1",
			"1",
			expect.stringMatching(/^br0 \S+ 192\.0\.2\.1\/24 2001:db8::1\/64/),
			expect.stringMatching(/^v7@eth0 \S+ 198\.51\.100\.1\/24/),
			"guest:x:1500:1500::/home/guest:/bin/bash",
			"600",
			expect.stringMatching(/^root [*!]$/),
			"admin !",
		]);
	});

	it("keeps secrets from others, and root from logging in", async () => {
		const guest = await ssh(
			"id -u; cat /etc/secret; cat /etc/dock0/users; sudo -n true",
			"guest",
		);
		expect(guest.stdout).toBe("1500\n");
		expect(guest.stderr).toMatch(
			/secret: Permission denied[\s\S]*users: Permission denied[\s\S]*sudo:/,
		);
		expect((await ssh("true", "root")).exitCode).toBe(255);
		const bundle = join(`${release}.bundle`, "bundle.squashfs");
		expect((await stat(bundle)).mode & 0o777).toBe(0o600);
		const manifest = await readFile(join(release, "manifest.json"), "utf8");
		expect(manifest).not.toContain("for-root-only");
	});

	it("shares its root with other hosts, and differs by its bundle only", async () => {
		for (const name of ["web2", "web3"]) {
			const file = await layer(name);
			const { stdout } = await dock0(["plan", file, "--json"]);
			const steps = JSON.parse(stdout) as { name: string; state: string }[];
			expect(
				steps.filter(
					({ name, state }) => name.startsWith("rootfs/") && state !== "cached",
				),
			).toEqual([]);
			const other = await buildHost([file], folder);
			expect((await stat(join(other, "root.squashfs"))).ino).toBe(
				(await stat(join(release, "root.squashfs"))).ino,
			);
		}
	});
});

describe("a pushed bundle", () => {
	const good = { sysctl: { "vm.swappiness": 20 } };

	it("is shown, applied and confirmed, and takes some kilobytes", async () => {
		const { stdout, stderr, exitCode } = await command(
			"push",
			await layer("web1-good", good),
		);
		expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
		expect(stdout).toContain("> vm.swappiness = 20");
		expect(stdout).toMatch(/signed by key [0-9a-f]{16}/);
		expect(stdout).toContain("confirmed");
		expect(Number(/: (\d+) bytes in/.exec(stdout)?.[1])).toBeLessThan(100_000);
		expect(
			await get("cat /proc/sys/vm/swappiness; cat /etc/secret; :"),
		).toMatch(/^20/);
	});

	it("changes nothing when it is the same", async () => {
		const { stdout } = await command("push", join(folder, "web1-good.yaml"));
		expect(stdout).toContain("nothing changes");
	});

	it("is refused when nobody trusted has signed it", async () => {
		const file = await layer("web1-unsigned", {
			sysctl: { "vm.swappiness": 66 },
		});
		const text = JSON.parse(await readFile(file, "utf8")) as {
			release?: object;
		};
		delete text.release;
		await writeFile(file, JSON.stringify(text));
		const { stderr, exitCode } = await command("push", file);
		expect(exitCode).toBe(1);
		expect(stderr).toMatch(/wrong signature[\s\S]*HOST_REFUSED/);
		expect(await get("cat /proc/sys/vm/swappiness")).toBe("20");
	});

	it("is undone by the host alone when it cuts the host off", async () => {
		const { stderr, exitCode } = await command(
			"push",
			await layer("web1-cut", {
				...good,
				ssh: { from: ["203.0.113.0/24"] },
				network: { interfaces: { eth0: { addresses: ["203.0.113.5/24"] } } },
				push: {
					confirmSeconds: 60,
					options: options.map((word) => word.replace("=60", "=10")),
				},
			}),
		);
		expect(exitCode).toBe(1);
		expect(stderr).toMatch(/HOST_LOST|HOST_REFUSED/);
		await vm.console.waitFor(/is in force again/, { timeoutSeconds: 300 });
		expect(
			await get("ip -br addr show eth0; cat /proc/sys/vm/swappiness"),
		).toMatch(/10\.0\.2\.15[\s\S]*\n20$/);
	});

	it("can be taken back", async () => {
		const rolled = await command("rollback", join(folder, "web1-good.yaml"));
		expect(rolled).toMatchObject({ exitCode: 0 });
		expect(await get("cat /proc/sys/vm/swappiness")).toBe("10");
		const { stdout } = await command("status", join(folder, "web1-good.yaml"));
		expect(stdout).toMatch(/^hostname +web1$/m);
		expect(stdout).toMatch(/^failed +$/m);
	});
});
