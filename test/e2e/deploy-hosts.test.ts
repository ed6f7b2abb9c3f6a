import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunResult } from "../../src/system/process.ts";
import type { FakeLinode } from "../linode/account.ts";
import { openBed, type TestBed } from "../linode/bed.ts";
import { type ModelDriver, modelDriver } from "../linode/model-driver.ts";
import { fastClock } from "../linode/virtual-clock.ts";
import { dock0 } from "./support/dock0.ts";

const hosts = ["web1", "web2", "web3"] as const;
const port = 18_080;

let folder: string;
let driver: ModelDriver;
let bed: TestBed;
let linodes: FakeLinode[];
let servers: Server[];

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-deploy-hosts-"));
	driver = modelDriver();
	bed = await openBed({ clock: fastClock(60), driver });
	linodes = [];
	servers = [];
	await mkdir(join(folder, "hosts"));
	for (const [index, label] of hosts.entries()) {
		const address = `127.0.7.${index + 1}`;
		const linode = await bed.addStockLinode({ label, address });
		linodes.push(linode);
		await writeFile(join(folder, "hosts", `${label}.yaml`), `name: ${label}\n`);
		// Answers as the guest that the model boots would.
		const server = createServer((_, response) => {
			const guest = driver.guest(linode.id);
			const fine = guest?.healthy && guest.system.startsWith("image");
			response.writeHead(fine ? 200 : 503).end();
		});
		await new Promise<void>((done) => server.listen(port, address, done));
		servers.push(server);
	}
	for (const word of ["good", "bad"])
		await writeFile(join(folder, `${word}.gz`), gzipSync(`${word} 1`));
	await layer({});
});
afterEach(async () => {
	for (const server of servers) server.close();
	await bed.close();
	await rm(folder, { recursive: true, force: true });
});

async function layer(deploy: object): Promise<void> {
	await writeFile(
		join(folder, "dock0.yaml"),
		JSON.stringify({
			extends: ["dock0/debian", "dock0/linode"],
			deploy: {
				data: { size: "1G" },
				health: [{ http: port }],
				timeouts: { health: 8 },
				...deploy,
			},
		}),
	);
}

const command = (name: string, ...args: string[]): Promise<RunResult> =>
	dock0([name, "-C", folder, ...args], {
		env: {
			LINODE_URL: bed.url,
			LINODE_TOKEN: bed.token,
			PATH: `${join(folder, "bin")}${delimiter}${process.env.PATH}`,
		},
	});

const systems = (): (string | undefined)[] =>
	linodes.map(({ id }) => driver.guest(id)?.system);

const stock = "stock linode/debian12";

describe("several hosts by the command line", () => {
	it("shows all of them, asks once, and deploys one image to each", async () => {
		const dry = await command(
			"deploy",
			...["--all", "--dry-run", "--image", join(folder, "good.gz")],
		);
		expect(dry.stdout.match(/^web\d: Linode \d+ "web\d"/gm)).toHaveLength(3);
		const asked = await command(
			"deploy",
			...["--all", "--image", join(folder, "good.gz")],
		);
		expect(asked.stderr).toContain("NOT_CONFIRMED");
		expect(bed.applied).toEqual([]);

		const done = await command(
			"deploy",
			...["--all", "--yes", "--image", join(folder, "good.gz")],
		);
		expect(done.stderr + done.stdout).toContain("web3: healthy");
		expect(done.exitCode).toBe(0);
		expect(systems()).toEqual(Array(3).fill("image good 1"));
		expect(
			bed.applied.filter((one) => one === "POST /images/upload"),
		).toHaveLength(1);
		expect(bed.account.images).toEqual([]);
	});

	it.each([
		[1, ["web2", "web3"]],
		[2, ["web3"]],
	])(
		"begins no further one after a failure, %i at a time",
		async (concurrency, left) => {
			await layer({ concurrency });
			const failed = await command(
				"deploy",
				...["--all", "--yes", "--image", join(folder, "bad.gz")],
			);
			expect(failed.exitCode).toBe(1);
			expect(
				failed.stderr.match(/\[DEPLOY_ROLLED_BACK\]|DEPLOY_ROLLED_BACK/g),
			).toHaveLength(concurrency);
			expect(failed.stderr).toContain(
				`not begun after that failure: ${left.join(", ")}`,
			);
			expect(systems()).toEqual([stock, stock, stock]);
			for (const [index, label] of hosts.entries())
				expect(
					bed.applied.some((one) => one.includes(`${linodes[index]?.id}`)),
				).toBe(!left.includes(label));
			expect(bed.account.images).toEqual([]);
		},
	);

	it("deploys, enters and destroys the one that is named", async () => {
		const done = await command(
			"deploy",
			...["--host", "web2", "--yes", "--image", join(folder, "good.gz")],
		);
		expect(done.stdout).toBe("web2: healthy\n");
		expect(systems()).toEqual([stock, "image good 1", stock]);

		// Tells what it is called with; nobody else is at those addresses.
		await mkdir(join(folder, "bin"));
		await writeFile(
			join(folder, "bin/ssh"),
			'#!/bin/sh\necho "ssh $*"\nexit 1\n',
		);
		await chmod(join(folder, "bin/ssh"), 0o755);
		const entered = await command(
			"ssh",
			...["--host", "web2", "--login", "admin", "--run", "uptime"],
		);
		expect(entered.stdout).toBe("ssh admin@127.0.7.2 uptime\n");
		expect(entered.exitCode).toBe(1);
		const serial = await command("console", "--host", "web2");
		expect(serial.stdout).toMatch(/^ssh -t \S+@lish-eu-central\S* web2\n$/);
		expect(serial.exitCode).toBe(1);

		const asked = await command("destroy", "--host", "web2");
		expect(asked.stderr).toMatch(/gone for good:[\s\S]*NOT_CONFIRMED/);
		expect(bed.account.linodes).toHaveLength(3);
		const gone = await command("destroy", "--host", "web2", "--yes");
		expect(gone.stdout).toBe("destroyed\n");
		expect(bed.account.linodes.map(({ label }) => label)).toEqual([
			"web1",
			"web3",
		]);
		const again = await command("destroy", "--host", "web2", "--yes");
		expect(again.stderr).toContain("DEPLOY_NO_SERVER");
		const unknown = await command("ssh", "--host", "web9");
		expect(unknown.stderr).toContain("DEPLOY_NO_HOSTS");
	});
});
