import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningVm } from "../../src/vm/running-vm.ts";
import { checkout, dock0 } from "./support/dock0.ts";
import { expectDocker } from "./support/facts.ts";
import { type GuestShell, guestShell } from "./support/guest.ts";
import { bootHost, buildHost } from "./support/host.ts";
import { recordTimeline } from "./support/timeline.ts";

const layers = [checkout("test/hosts/source-kernel.yaml")];
let output: string;
let vm: RunningVm;
let guest: GuestShell;

beforeAll(async () => {
	output = await mkdtemp(join(tmpdir(), "dock0-e2e-kernel-"));
	await buildHost(layers, output);
	vm = await bootHost(layers, output, { name: "e2e-source-kernel" });
	guest = await guestShell(vm, 240);
	await vm.waitReady({ timeoutSeconds: 240 });
}, 3_600_000);

afterAll(async () => {
	await vm?.kill();
	await rm(output, { recursive: true, force: true });
});

describe("a Debian host on a compiled kernel", () => {
	it("runs a container, without one module", async () => {
		expect(await guest.get("uname -r")).toMatch(/^6\.12\.\d+-dock0$/);
		expect(await guest.get("cat /proc/modules 2>/dev/null | wc -l")).toBe("0");
		await recordTimeline(vm, guest);
		await expectDocker(guest);
		expect(await guest.get("systemctl --failed --no-legend --plain")).toBe("");
	});

	it("publishes a container's port to the outside", async () => {
		await guest.get(
			"docker run --detach --name web --publish 8081:80 e2e /bin/busybox sh -c 'mkdir /w; echo published >/w/index.html; exec /bin/busybox httpd -f -p 80 -h /w'",
			120,
		);
		await guest.get(
			"until wget -qO- http://127.0.0.1:8081/ 2>/dev/null || busybox wget -qO- http://127.0.0.1:8081/; do :; done",
			60,
		);
		const [port] = vm.ports;
		const answer = await fetch(`http://127.0.0.1:${port?.host}/`);
		expect((await answer.text()).trim()).toBe("published");
	});

	it("gives containers IPv6", async () => {
		await guest.get(
			"docker network create --ipv6 --subnet fd00:d0c:0::/64 six",
			120,
		);
		const addresses = await guest.get(
			"docker run --rm --network six e2e /bin/busybox sh -c '/bin/busybox ip -6 addr show dev eth0; /bin/busybox ping -6 -c 1 -w 20 fd00:d0c::1'",
			120,
		);
		expect(addresses).toContain("inet6 fd00:d0c::");
		expect(addresses).toContain("1 packets received");
	});

	it("connects containers over an overlay network", async () => {
		await guest.get("docker swarm init --advertise-addr 127.0.0.1", 120);
		await guest.get(
			"docker network create --driver overlay --attachable --opt encrypted over",
			120,
		);
		await guest.get(
			"docker run --detach --name left --network over e2e /bin/busybox sleep 3600",
			120,
		);
		expect(
			await guest.get(
				"docker run --rm --network over e2e /bin/busybox ping -c 1 -w 30 left",
				120,
			),
		).toContain("1 packets received");
	});

	it("enforces limits of memory and processes", async () => {
		const hungry = await guest.ask(
			"docker run --rm --memory 16m --memory-swap 16m e2e /bin/busybox sh -c 'exec /bin/busybox tail /dev/zero'",
			120,
		);
		expect(hungry.exitCode).toBe(137);
		const crowded = await guest.ask(
			"docker run --rm --pids-limit 4 e2e /bin/busybox sh -c 'for i in 1 2 3 4 5 6 7 8; do /bin/busybox sleep 20 & done; wait'",
			120,
		);
		expect(crowded.output).toMatch(/fork|Resource temporarily unavailable/);
	});

	it("is fit by the judgement of Docker's own script", async () => {
		const { stdout: folder } = await dock0([
			"kernel",
			"build",
			...layers,
			...["-o", output, "--quiet"],
		]);
		expect(folder.trim()).toBe(join(output, "e2e-source-kernel.kernel"));
		expect(await readdir(folder.trim())).toEqual(
			expect.arrayContaining(["config", "modules", "vmlinuz"]),
		);
		const { exitCode, stdout } = await dock0([
			"kernel",
			"check",
			join(folder.trim(), "config"),
		]);
		expect(stdout).toContain("all that Docker generally needs is there");
		expect(exitCode).toBe(0);
	});
});

describe("a changed fragment", () => {
	it("rebuilds the kernel and what holds it, and leaves packages and busybox alone", async () => {
		const { stdout } = await dock0([
			"plan",
			...layers,
			checkout("test/hosts/other-kernel.yaml"),
			"--json",
		]);
		const steps = JSON.parse(stdout) as { name: string; state: string }[];
		const names = (state: string): string[] =>
			steps.filter((step) => step.state === state).map(({ name }) => name);
		expect(names("runs")).toEqual(
			expect.arrayContaining([
				"kernel/config",
				"kernel/compile",
				"initramfs/build",
			]),
		);
		expect(names("runs")).not.toContain("rootfs/packages");
		expect(names("runs")).not.toContain("kernel/tree");
		expect(names("runs")).not.toContain("kernel/busybox");
	});
});
