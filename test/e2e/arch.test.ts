import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { RunningVm } from "../../src/vm/running-vm.ts";
import {
	buildArchRepository,
	dockerHostPackages,
} from "../arch-repository/build.ts";
import { checkout } from "./support/dock0.ts";
import {
	expectDocker,
	expectOwnFiles,
	expectReadOnlyRoot,
} from "./support/facts.ts";
import { guestShell } from "./support/guest.ts";
import { bootHost, buildHost } from "./support/host.ts";
import { recordTimeline } from "./support/timeline.ts";

/** The first line that a TCP server says by itself; asks again until it does. */
async function firstLine(port: number): Promise<string> {
	const attempt = (): Promise<string> =>
		new Promise((resolve) => {
			let text = "";
			const socket = connect(port, "127.0.0.1");
			socket.setEncoding("utf8").on("data", (chunk: string) => {
				text += chunk;
				if (text.includes("\n")) socket.destroy();
			});
			socket.on("error", () => undefined);
			socket.on("close", () => resolve(text.split("\r\n")[0] ?? ""));
		});
	const deadline = Date.now() + 60_000;
	let line = "";
	while (line === "" && Date.now() < deadline) {
		line = await attempt();
		// QEMU accepts before the guest does, so that asking without a pause would be a busy loop.
		if (line === "") await pause(200);
	}
	return line;
}

let folder: string;
let vm: RunningVm | undefined;

// After a failed check it would still run, and hold the name.
afterEach(() => vm?.kill());

/** Puts the test repository in the place of the mirrors that the profile names; they cannot be reached. */
let mirrors: string;

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-e2e-arch-"));
	const { repository, name, publicKey } = await buildArchRepository({
		out: join(folder, "repository"),
		packages: dockerHostPackages,
		log: () => undefined,
	});
	mirrors = join(folder, "mirrors.json");
	await writeFile(
		mirrors,
		JSON.stringify({
			rootfs: {
				arch: {
					sigLevel: "Required",
					repositories: [{ name, servers: [`file://${repository}`] }],
					keyring: { files: [publicKey] },
				},
			},
		}),
	);
});

afterAll(async () => {
	await rm(folder, { recursive: true, force: true });
});

describe("an Arch host", () => {
	it("boots with Docker, runs a container, and shows what was put into it", async () => {
		const layers = [checkout("test/hosts/arch.yaml"), mirrors];
		await buildHost(layers, folder);
		vm = await bootHost(layers, folder, { name: "e2e-arch" });
		const guest = await guestShell(vm, 240);
		await vm.waitReady({ timeoutSeconds: 240 });
		await expectOwnFiles(guest, "arch");
		await expectReadOnlyRoot(guest);
		await recordTimeline(vm, guest);
		await expectDocker(guest);
		expect(await guest.get("systemctl --failed --no-legend --plain")).toBe("");
		expect(await vm.shutdown()).toBe("powered-off");
	});
});

describe("an Arch image that has nothing to do with Docker", () => {
	it("boots the ssh bastion of the examples, which answers and has no Docker", async () => {
		const layers = [checkout("examples/arch-bastion/dock0.yaml"), mirrors];
		await buildHost(layers, folder);
		vm = await bootHost(layers, folder, { name: "e2e-bastion" });
		await vm.waitReady({ timeoutSeconds: 240 });
		const [port] = vm.ports;
		expect(await firstLine(port?.host ?? 0)).toMatch(/^SSH-2\.0-/);
		expect(await vm.shutdown()).toBe("powered-off");
	});
});
