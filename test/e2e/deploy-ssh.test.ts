import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunResult } from "../../src/system/process.ts";
import { run } from "../../src/system/process.ts";
import { dock0 } from "./support/dock0.ts";
import { type StockServer, stockServer } from "./support/stock-server.ts";
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
		memory: 1024,
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
	more: object,
	deploy: object = {},
): Promise<string> {
	const file = join(folder, `${name}.yaml`);
	await writeFile(
		file,
		JSON.stringify({
			name: "web1",
			...more,
			deploy: {
				provider: "ssh",
				ssh: {
					to: `root@${address}`,
					port: sshPort,
					options: stock.sshOptions,
					disk: "/dev/vda",
				},
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

/** What the old system has of ours, and whether a kernel is loaded. */
async function traces(stock: StockServer): Promise<string> {
	const { stdout } = await run("ssh", [
		...stock.sshOptions,
		...["-p", String(sshPort), `root@${address}`],
		"ls -d /var/tmp/dock0*; cat /sys/kernel/kexec_loaded",
	]);
	return stdout.trim();
}

describe("a stock server that is reached by nothing but ssh", () => {
	it("is left alone until somebody confirms, and then becomes the host", async () => {
		const stock = await newServer();
		const parts = await tinyServerParts(join(folder, "parts"));
		const one = await tinyServer(join(folder, "one"), parts, {
			word: "one",
			oneDisk: true,
		});
		const layer = await writeLayer(stock, "tiny", { extends: "dock0/debian" });

		const nameless = await writeLayer(stock, "nameless", {
			extends: "dock0/debian",
		});
		await writeFile(
			nameless,
			(await readFile(nameless, "utf8")).replace(',"disk":"/dev/vda"', ""),
		);
		const unnamed = await deploy([nameless], "--image", one, "--dry-run");
		expect(unnamed.stderr).toMatch(
			/DEPLOY_DISK_UNNAMED[\s\S]*\/dev\/vda \(3072 MiB, vda 3072 MiB mounted at \/\)/,
		);
		const dry = fine(await deploy([layer], "--image", one, "--dry-run"));
		expect(dry.stdout).toMatch(
			/POINT OF NO RETURN: overwrite \/dev\/vda,[\s\S]*gone for good:\n +! all of \/dev\/vda \(3072 MiB\)/,
		);
		const unconfirmed = await deploy([layer], "--image", one);
		expect(unconfirmed.stderr).toContain("NOT_CONFIRMED");
		expect(await traces(stock)).toBe("0");
		expect(await answer()).toBe("the old system");

		const first = fine(await deploy([layer], "--image", one, "--yes"));
		expect(first.stderr).toContain("the disk is written and checked");
		expect(await answer()).toBe("one 1");
		expect(stock.consoles.at(-1)).toContain("tiny server one");
	}, 1_800_000);
});
