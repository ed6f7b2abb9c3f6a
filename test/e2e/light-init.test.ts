import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunResult, run } from "../../src/system/process.ts";
import type { RunningVm } from "../../src/vm/running-vm.ts";
import { checkout, dock0 } from "./support/dock0.ts";
import { type GuestShell, guestShell } from "./support/guest.ts";
import { bootHost, buildHost } from "./support/host.ts";
import { writeImage } from "./support/image.ts";

let folder: string;
let layer: string;
let state: string;
let vm: RunningVm;
let guest: GuestShell;

/** Starts the host in a fresh QEMU, with the state of the boot before. */
async function boot(): Promise<void> {
	vm = await bootHost([layer], folder, {
		name: "e2e-s6",
		stateFile: state,
	});
	guest = await guestShell(vm, 600);
	await vm.waitReady({ timeoutSeconds: 900 });
}

/** The page of the container, asked from outside by the published port, once it is there. */
async function page(published = 80): Promise<string> {
	const port = vm.ports.find(({ guest: inside }) => inside === published)?.host;
	const { stdout } = await run("curl", [
		...["-sS", "--fail", "--retry", "120", "--retry-delay", "2"],
		...["--retry-all-errors", "--max-time", "10", "--retry-max-time", "240"],
		`http://127.0.0.1:${port}/`,
	]);
	return stdout;
}

/** What a command says that is run by ssh as the administrator. */
async function ssh(command: string): Promise<string> {
	const port = vm.ports.find(({ guest: inside }) => inside === 22)?.host;
	const { stdout } = await run("timeout", [
		...["240", "ssh", "-i", join(folder, "key"), "-p", String(port)],
		...["-o", "StrictHostKeyChecking=accept-new"],
		...["-o", `UserKnownHostsFile=${join(folder, "known")}`],
		...["-o", "ConnectTimeout=60", "admin@127.0.0.1", command],
	]);
	return stdout.trim();
}

/** Writes a layer of the host, with these settings in place of the first ones. */
async function writeLayer(name: string, host: object = {}): Promise<string> {
	const file = join(folder, `${name}.yaml`);
	const settings = {
		extends: [checkout("test/hosts/s6.yaml"), "dock0/compose"],
		name: "light1",
		host: {
			domain: "example.org",
			users: {
				admin: {
					sudo: true,
					groups: ["docker"],
					shell: "/bin/sh",
					sshKeys: [{ file: "./key.pub" }],
				},
			},
			network: {
				interfaces: {
					eth0: {
						dhcp: "v4",
						addresses: ["192.0.2.10/24", "2001:db8::10/64"],
					},
					"eth0.7": {
						vlan: { id: 7, parent: "eth0" },
						addresses: ["198.51.100.1/24"],
					},
					br0: { bridge: [], addresses: ["192.0.2.129/25"] },
				},
			},
			sysctl: { "vm.swappiness": 7 },
			images: ["./web.tar"],
			containers: {
				web: { image: "web:1", ports: [{ external: 80, internal: 8080 }] },
			},
			expose: [8082],
			compose: { shop: { file: "./compose.yaml", env: "PORT=8082\n" } },
			push: {
				confirmSeconds: 60,
				options: [
					...["-i", join(folder, "key"), "-o", "ConnectTimeout=30"],
					...["-o", "StrictHostKeyChecking=accept-new", "-o", "LogLevel=ERROR"],
					...["-o", `UserKnownHostsFile=${join(folder, "known")}`],
				],
			},
			...host,
		},
		vm: { ports: ["8080:80", "8082:8082", "2222:22"] },
	};
	await writeFile(file, JSON.stringify(settings));
	return file;
}

function push(file: string): Promise<RunResult> {
	const port = vm.ports.find(({ guest: inside }) => inside === 22)?.host;
	return dock0([
		...["push", file, "--to", "admin@127.0.0.1", "--port", String(port)],
		// What the machine boots from stays what it is.
		...["--output", join(folder, "pushed")],
	]);
}

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-e2e-s6-"));
	state = join(folder, "state.img");
	await writeImage(join(folder, "web.tar"), "web:1", "from a container\n");
	const key = join(folder, "key");
	await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
	await writeFile(
		join(folder, "compose.yaml"),
		`services:
  front:
    image: web:1
    pull_policy: never
    ports: ["\${PORT}:8080"]
`,
	);
	layer = await writeLayer("light1");
	await buildHost([layer], folder);
	await boot();
});
afterAll(async () => {
	await vm?.kill();
	await rm(folder, { recursive: true, force: true });
});

describe("a Docker host under s6", () => {
	it("has no systemd", async () => {
		expect(await guest.get("cat /proc/1/comm")).toBe("s6-svscan");
		expect(
			await guest.get(
				"find / -xdev -name '*systemd*' ! -name 'libsystemd.so*' ! -path '/usr/share/*' ! -path '/var/lib/dpkg/*' ! -path '/run/*'",
			),
		).toBe("");
	});

	it("runs a supervised container, whose published port answers", async () => {
		expect(await page()).toBe("from a container\n");
		await guest.get(
			"s6-svwait -U -t 300000 /run/service/dock0-container-web",
			400,
		);
	});

	it("runs a compose project, which is stopped and started by its service", async () => {
		expect(await page(8082)).toBe("from a container\n");
		const running =
			"docker ps --filter label=com.docker.compose.project=shop --format '{{.Names}}'";
		expect(await guest.get(running)).toBe("shop-front-1");
		await guest.get(
			"s6-svc -wD -T 120000 -d /run/service/dock0-compose-shop",
			300,
		);
		expect(await guest.get(running)).toBe("");
		await guest.get("s6-svc -u /run/service/dock0-compose-shop");
		expect(await page(8082)).toBe("from a container\n");
	});

	it("has the network, names and kernel settings of its bundle", async () => {
		const addresses = await guest.get("ip -brief address");
		expect(addresses).toMatch(/^eth0 .*192\.0\.2\.10\/24.*2001:db8::10\/64/m);
		expect(addresses).toMatch(/^eth0 .*10\.0\.2\.15\/24/m);
		expect(addresses).toMatch(/^eth0\.7@eth0 .*198\.51\.100\.1\/24/m);
		expect(addresses).toMatch(/^br0 .*192\.0\.2\.129\/25/m);
		expect(await guest.get("cat /etc/resolv.conf")).toMatch(
			/search example\.org[\s\S]*nameserver 10\.0\.2\.3/,
		);
		expect(await guest.get("sysctl -n vm.swappiness")).toBe("7");
		expect(await guest.get("nft list table inet dock0")).toContain(
			"policy drop",
		);
	});

	it("lets its administrator in by ssh, who may become root and use Docker", async () => {
		expect(await ssh("hostname; sudo id -u; docker ps -q | wc -l")).toBe(
			"light1\n0\n2",
		);
	});

	it("takes a pushed bundle, and undoes by itself one that cuts it off", async () => {
		const good = { sysctl: { "vm.swappiness": 20 } };
		const pushed = await push(await writeLayer("good", good));
		expect(pushed, pushed.stderr).toMatchObject({ exitCode: 0 });
		expect(pushed.stdout).toContain("confirmed");
		expect(await guest.get("sysctl -n vm.swappiness")).toBe("20");
		expect(await page()).toBe("from a container\n");

		const { exitCode, stderr } = await push(
			await writeLayer("cut", {
				...good,
				ssh: { from: ["203.0.113.0/24"] },
				network: { interfaces: { eth0: { addresses: ["203.0.113.5/24"] } } },
			}),
		);
		expect(exitCode).toBe(1);
		expect(stderr).toMatch(/HOST_LOST|HOST_REFUSED/);
		await guest.get(
			"until ip -4 address show eth0 | grep -q 10.0.2.15 && [ ! -e /run/dock0/bundle/pending ]; do sleep 1; done",
			400,
		);
		expect(await ssh("cat /proc/sys/vm/swappiness")).toBe("20");
	});

	it("starts again what dies, and keeps what it said", async () => {
		const before = await guest.get("s6-svstat -o pid /run/service/sshd");
		await guest.get(
			`kill -KILL ${before}; until [ "$(s6-svstat -o up,pid /run/service/sshd)" != "true ${before}" ] && s6-svstat -o up /run/service/sshd | grep -q true; do sleep 0.2; done; s6-svwait -U -t 300000 /run/service/sshd`,
			400,
		);
		expect(await guest.get("s6-svstat -o pid /run/service/sshd")).not.toBe(
			before,
		);
		// sshd ends its lines as terminals like it, upon which this one would write over them.
		expect(await guest.get("tr -d '\\r' </run/log/sshd/current")).toContain(
			"Server listening",
		);
	});

	it("starts again a container that is killed", async () => {
		await guest.get(
			'old=$(docker inspect -f "{{.State.Pid}}" UP_web); kill -KILL $old; n=0; until [ "$(docker inspect -f "{{.State.Running}} {{.State.Pid}}" UP_web)" != "true $old" ] && [ "$(docker inspect -f "{{.State.Running}}" UP_web)" = true ]; do n=$((n + 1)); [ $n -lt 100 ]; sleep 1; done',
			300,
		);
		expect(await page()).toBe("from a container\n");
	});

	it("ends cleanly by its power button, and keeps its state over the next start", async () => {
		const hostKey = await guest.get(
			"echo kept >/var/lib/docker/kept; cat /var/lib/dock0/ssh/ssh_host_ed25519_key.pub",
		);
		expect(await vm.shutdown({ limitSeconds: 400 })).toBe("powered-off");
		const { stdout } = await run("dumpe2fs", ["-h", state]);
		expect(stdout).toMatch(/Filesystem state: +clean/);
		expect(stdout).not.toContain("needs_recovery");
		await boot();
		expect(await guest.get("cat /run/dock0/boot-info")).not.toContain(
			"state.recovered",
		);
		expect(await guest.get("cat /var/lib/docker/kept")).toBe("kept");
		expect(
			await guest.get("cat /var/lib/dock0/ssh/ssh_host_ed25519_key.pub"),
		).toBe(hostKey);
		expect(await page()).toBe("from a container\n");
		expect(await ssh("hostname")).toBe("light1");
	});
});
