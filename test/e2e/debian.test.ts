import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { RunningVm } from "../../src/vm/running-vm.ts";
import { checkout, dock0 } from "./support/dock0.ts";
import {
	expectDocker,
	expectOwnFiles,
	expectReadOnlyRoot,
} from "./support/facts.ts";
import { type GuestShell, guestShell } from "./support/guest.ts";
import { bootHost, buildHost } from "./support/host.ts";
import { recordTimeline } from "./support/timeline.ts";

const layers = [checkout("test/hosts/debian.yaml")];
let output: string;
let stateFile: string;

beforeAll(async () => {
	output = await mkdtemp(join(tmpdir(), "dock0-e2e-debian-"));
	stateFile = join(output, "state.img");
	await buildHost(layers, output);
});

afterAll(async () => {
	await rm(output, { recursive: true, force: true });
});

describe("a Debian host", () => {
	let vm: RunningVm;
	let guest: GuestShell;

	// After a failed check it would still run, and hold the name.
	afterEach(() => vm.kill());

	const boot = async (): Promise<void> => {
		vm = await bootHost(layers, output, { name: "e2e-debian", stateFile });
		guest = await guestShell(vm, 240);
		await vm.waitReady({ timeoutSeconds: 240 });
	};

	it("boots with Docker, runs a container, and shows what was put into it", async () => {
		await boot();
		await expectOwnFiles(guest, "debian");
		await expectReadOnlyRoot(guest);
		await recordTimeline(vm, guest);
		await expectDocker(guest);
		expect(await guest.get("getcap /usr/bin/ping")).toBe(
			"/usr/bin/ping cap_net_raw=ep",
		);
		expect(await guest.get("systemctl --failed --no-legend --plain")).toBe("");
		await guest.get("docker volume create kept");
		await guest.get(
			"cat /etc/machine-id >/var/lib/docker/machine-id-then; sync",
		);
		expect(await vm.shutdown()).toBe("powered-off");
	});

	it("after a reboot, has forgotten what was written to /etc and kept Docker's data", async () => {
		await boot();
		expect((await guest.ask("cat /etc/e2e-written")).exitCode).not.toBe(0);
		expect(await guest.get("docker volume ls --quiet")).toBe("kept");
		expect(
			await guest.get("docker run --rm e2e /bin/sh -c 'echo still here'", 120),
		).toBe("still here");
		expect(
			await guest.ask("cmp /etc/machine-id /var/lib/docker/machine-id-then"),
		).toEqual({ exitCode: 0, output: "" });
		expect(await vm.shutdown()).toBe("powered-off");
	});
});

describe("a build without changes", () => {
	// How long that takes is measured by bench/unchanged.ts.
	it("runs no step", async () => {
		const { exitCode, stderr } = await dock0([
			"build",
			...layers,
			"-o",
			output,
		]);
		expect(exitCode).toBe(0);
		expect(stderr).toMatch(/^cached/m);
		expect(stderr).not.toMatch(/^start/m);
	});

	it("is a plan of cached steps", async () => {
		const { stdout } = await dock0(["plan", ...layers, "--json"]);
		const states = (
			JSON.parse(stdout) as { name: string; state: string }[]
		).map(({ state }) => state);
		expect(new Set(states)).toEqual(new Set(["cached"]));
	});

	it("says which step would run after a change, and why", async () => {
		// A value that no earlier run can have left in the cache.
		const layer = join(output, "other-colour.yaml");
		await writeFile(layer, `vars: { colour: ${randomUUID()} }\n`);
		const { stdout } = await dock0(["plan", ...layers, layer, "--json"]);
		const steps = JSON.parse(stdout) as { name: string; state: string }[];
		const runs = steps
			.filter(({ state }) => state === "runs")
			.map(({ name }) => name);
		expect(runs).toEqual([
			"rootfs/customise",
			"image/squashfs",
			"release/manifest",
			"release/contents",
		]);
	});
});
