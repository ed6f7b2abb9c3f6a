import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sha256File } from "../../src/system/files.ts";
import type { RunResult } from "../../src/system/process.ts";
import { run } from "../../src/system/process.ts";
import { dock0 } from "./support/dock0.ts";
import { type StockServer, stockServer } from "./support/stock-server.ts";
import { diskSettings } from "./support/tiny-disk.ts";
import { tinyServer, tinyServerParts } from "./support/tiny-server.ts";

const address = "127.0.6.17";
const sshPort = 22_022;

let folder: string;
let server: StockServer | undefined;

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-deploy-ssh-"));
});
afterAll(async () => {
	await server?.stop();
	await rm(folder, { recursive: true, force: true });
});

async function newServer(): Promise<StockServer> {
	server = await stockServer({
		address,
		ports: [
			{ host: sshPort, guest: 22 },
			{ host: 80, guest: 80 },
		],
		disk: "3G",
		otherDisk: "64M",
		memory: 1024,
		// What its owner switches the firmware to after the stock system; a host's disk starts by both.
		efi: (boot) => boot > 0,
	});
	await until("the old system");
	return server;
}

async function answer(): Promise<string> {
	const response = await fetch(`http://${address}/`, {
		signal: AbortSignal.timeout(20_000),
	});
	return (await response.text()).trim();
}

/** Waits until the server answers with these words. */
async function until(words: string): Promise<void> {
	for (let count = 0; ; count++) {
		const said = await answer().catch((error: unknown) => String(error));
		if (said.includes(words)) return;
		if (count > 900)
			throw new Error(`${said}\n${server?.consoles.join("\n--- next boot\n")}`);
		await new Promise((resolve) => setTimeout(resolve, 1000));
	}
}

/** A layer that leads to the server. */
async function writeLayer(
	stock: StockServer,
	name: string,
	ssh: object,
	deploy: object = {},
): Promise<string> {
	const file = join(folder, `${name}.yaml`);
	await writeFile(
		file,
		JSON.stringify({
			name: "web1",
			extends: "dock0/debian",
			deploy: {
				provider: "ssh",
				ssh: { port: sshPort, options: stock.sshOptions, ...ssh },
				timeouts: { health: 400 },
				health: [{ http: 80 }],
				...deploy,
			},
		}),
	);
	return file;
}

const deploy = (layers: string[], ...more: string[]): Promise<RunResult> =>
	dock0(["deploy", ...layers, ...more]);

function fine(result: RunResult): RunResult {
	if (result.exitCode !== 0)
		throw new Error(
			`it ended with ${result.exitCode}:\n${result.stderr}\n${server?.consoles.join("\n--- next boot\n")}`,
		);
	return result;
}

/** What root is told on the server. */
async function remotely(stock: StockServer, line: string): Promise<string> {
	const { stdout } = await run("ssh", [
		...stock.sshOptions,
		...["-p", String(sshPort), `root@${address}`, line],
	]);
	return stdout.trim();
}

describe("a stock server that is reached by nothing but ssh", () => {
	it("is left alone until somebody confirms, becomes the host by sudo, and keeps its state when it is deployed again", async () => {
		const stock = await newServer();
		const other = await sha256File(stock.otherDisk);
		const parts = await tinyServerParts(join(folder, "parts"));
		const image = (word: string, settings = parts.settings) =>
			tinyServer(
				join(folder, word),
				{ ...parts, settings },
				{ word, oneDisk: true, sshKey: stock.publicKey },
			);
		const one = await image("one");
		const admin = { to: `admin@${address}` };
		const layer = await writeLayer(stock, "tiny", {
			...admin,
			disk: "/dev/vda",
		});

		const nameless = await writeLayer(stock, "nameless", admin);
		const unnamed = await deploy([nameless], "--image", one, "--dry-run");
		expect(unnamed.exitCode).toBe(2);
		expect(unnamed.stderr).toMatch(
			/has 2 disks[\s\S]*DEPLOY_DISK_UNNAMED[\s\S]*\/dev\/vda \(3072 MiB, vda 3072 MiB mounted at \/\); \/dev\/vdb \(64 MiB, seems empty\)/,
		);
		const dry = fine(await deploy([layer], "--image", one, "--dry-run"));
		expect(dry.stdout).toMatch(
			/POINT OF NO RETURN: overwrite \/dev\/vda,[\s\S]*leave \/dev\/vdb alone[\s\S]*gone for good:\n +! all of \/dev\/vda \(3072 MiB\)/,
		);
		const unconfirmed = await deploy([layer], "--image", one);
		expect(unconfirmed.stderr).toContain("NOT_CONFIRMED");
		// nothing of ours is there, and no kernel is loaded
		expect(
			await remotely(
				stock,
				"ls -d /var/tmp/dock0*; cat /sys/kernel/kexec_loaded",
			),
		).toBe("0");
		expect(await answer()).toBe("the old system");

		const first = fine(await deploy([layer], "--image", one, "--yes"));
		expect(first.stderr).toContain("the disk is written and checked");
		expect(await answer()).toBe("one 1");
		expect(stock.consoles.at(-1)).toContain("tiny server one");

		// The state has grown to the disk's end at the first boot.
		expect(
			await remotely(
				stock,
				"ls -d /sys/firmware/efi; echo precious > /var/lib/app/file; sync; cat /sys/class/block/vda8/size",
			),
		).toBe(`/sys/firmware/efi\n${(3072 - 105 - 1) * 2048}`);
		const again = await writeLayer(stock, "again", {
			to: `root@${address}`,
			disk: "/dev/vda",
		});
		const moved = await deploy(
			[again],
			...["--image", await image("moved", diskSettings({ slotSize: "40M" }))],
			"--yes",
		);
		expect(moved.exitCode).toBe(2);
		expect(moved.stderr).toMatch(
			/DEPLOY_DATA_MOVED[\s\S]*deploy\.data\.redeploy: replace/,
		);
		const replacing = await writeLayer(
			stock,
			"replacing",
			{ to: `root@${address}`, disk: "/dev/vda" },
			{ data: { redeploy: "replace" } },
		);
		const two = await image("two");
		const loss = fine(await deploy([replacing], "--image", two, "--dry-run"));
		expect(loss.stdout).toContain("with the host's state on vda8");
		expect(await answer()).toBe("one 1");

		const second = fine(await deploy([again], "--image", two, "--yes"));
		expect(second.stderr).toMatch(
			/up to vda8, which is kept[\s\S]*but for vda8, which is kept/,
		);
		expect(await answer()).toBe("two 2");
		expect(await remotely(stock, "cat /var/lib/app/file")).toBe("precious");
		// The new table had the old extent already, so that nothing was left to grow.
		expect(await remotely(stock, "grep grown /run/dock0/boot-info; true")).toBe(
			"",
		);
		expect(await sha256File(stock.otherDisk)).toBe(other);
	}, 1_800_000);
});
