import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { RunResult } from "../../src/system/process.ts";
import type { FakeLinode } from "../linode/account.ts";
import { openBed, type TestBed } from "../linode/bed.ts";
import { type QemuDriver, qemuDriver } from "../linode/qemu-driver.ts";
import { fastClock } from "../linode/virtual-clock.ts";
import { dock0 } from "./support/dock0.ts";
import { tinyServer, tinyServerParts } from "./support/tiny-server.ts";
import { testGuest } from "./vm-guest.ts";

let folder: string;
let driver: QemuDriver;
let bed: TestBed;
let linode: FakeLinode;
const address = "127.0.5.17";
const images: Record<"one" | "two" | "silent", string> = {
	one: "",
	two: "",
	silent: "",
};

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-deploy-e2e-"));
	const stock = join(folder, "stock");
	await mkdir(stock);
	const guest = await testGuest(stock);
	driver = await qemuDriver({
		folder: join(folder, "disks"),
		stock: {
			kernel: guest.kernel,
			initrd: guest.initramfs,
			cmdline: "console=ttyS0",
		},
		ports: [80],
		memory: 384,
	});
	bed = await openBed({ clock: fastClock(20), driver });
	linode = await bed.addStockLinode({
		label: "web1",
		address,
		diskTotal: 3000,
	});
	const parts = await tinyServerParts(join(folder, "parts"));
	for (const word of ["one", "two", "silent"] as const)
		images[word] = await tinyServer(join(folder, word), parts, {
			word,
			serves: word !== "silent",
		});
	await writeFile(
		join(folder, "dock0.yaml"),
		`extends: [dock0/debian, dock0/linode]
name: web1
deploy:
  data: { size: 64M }
  timeouts: { health: 400 }
  health:
    - http: 80
`,
	);
	await writeFile(
		join(folder, "impatient.yaml"),
		"deploy: { timeouts: { health: 90 } }\n",
	);
});
afterAll(async () => {
	await bed.close();
	await rm(folder, { recursive: true, force: true });
});

const deploy = (image: string, ...more: string[]): Promise<RunResult> =>
	dock0(["deploy", "-C", folder, "--image", image, ...more], {
		env: { LINODE_URL: bed.url, LINODE_TOKEN: bed.token },
	});

/** Fails with all that is known when the command did. */
function fine(result: RunResult): RunResult {
	if (result.exitCode !== 0)
		throw new Error(
			`it ended with ${result.exitCode}:\n${result.stderr}\n${driver.consoles.join("\n--- next boot\n")}`,
		);
	return result;
}

/** What the server answers now. */
async function answer(): Promise<string> {
	const response = await fetch(`http://${address}/`, {
		signal: AbortSignal.timeout(20_000),
	});
	return (await response.text()).trim();
}

async function untilAnswered(): Promise<string> {
	for (let count = 0; ; count++)
		try {
			return await answer();
		} catch (error) {
			if (count > 120) throw error;
			await new Promise((resolve) => setTimeout(resolve, 1000));
		}
}

it("turns a real stock server into the host, keeps its data, and goes back from a host that does not serve", async () => {
	expect(await untilAnswered()).toBe("hello from the guest");
	// It was started by the provider's GRUB, from the grub.cfg of its own disk.
	expect(driver.consoles[0]).toContain(
		"BOOT_IMAGE=/boot/vmlinuz root=/dev/sda",
	);

	const refused = await deploy(images.one);
	expect(refused.stderr).toContain("NOT_CONFIRMED");
	expect(refused.exitCode).toBe(2);
	const dry = await deploy(images.one, "--dry-run");
	expect(dry.stdout).toMatch(/shrink disk \d+ "Debian 12 Disk"/);
	expect(bed.applied).toEqual([]);
	expect(await answer()).toBe("hello from the guest");

	const first = fine(await deploy(images.one, "--yes"));
	expect(await answer()).toBe("one 1");
	expect(linode.watchdog_enabled).toBe(true);
	expect(bed.account.images).toEqual([]);

	const second = fine(await deploy(images.two, "--yes"));
	expect(await answer()).toBe("two 2");

	const disks = linode.disks.map(({ id }) => id);
	const third = await deploy(
		images.silent,
		"--yes",
		"dock0.yaml",
		"impatient.yaml",
	);
	expect(third.exitCode).toBe(1);
	expect(third.stderr).toContain("DEPLOY_ROLLED_BACK");
	// It ran, on the same data, and was given up.
	expect(driver.consoles.join("\n")).toContain("tiny server silent");
	expect(await untilAnswered()).toMatch(/^two [45]$/);
	expect(linode.watchdog_enabled).toBe(true);
	// The one of before the last made room for it.
	expect(disks).toEqual(
		expect.arrayContaining(linode.disks.map(({ id }) => id)),
	);

	for (const { stdout, stderr } of [first, second, third])
		expect(stdout + stderr).not.toContain(bed.token);
	const journal = await readFile(
		join(folder, ".dock0/deploy/web1.json"),
		"utf8",
	);
	expect(journal).not.toContain(bed.token);
});
