// `dock0 push` of a one-line change against what a mere `ssh HOST true` takes: seconds, and bytes on the wire.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageFile } from "../src/system/package-files.ts";
import { run } from "../src/system/process.ts";
import { dock0 } from "../test/e2e/support/dock0.ts";
import { bootHost, buildHost } from "../test/e2e/support/host.ts";
import { sshAnswer } from "../test/e2e/support/ssh.ts";

/** What a command took. */
interface Cost {
	seconds: number;
	bytes: number;
}

const rounds = Number(process.argv[2] ?? 5);
const folder = await mkdtemp(join(tmpdir(), "dock0-bench-"));
const key = join(folder, "id");

/** A host whose file differs by one line each time. */
async function layer(line: number): Promise<string> {
	const file = join(folder, "web1.yaml");
	await writeFile(
		file,
		JSON.stringify({
			extends: packageFile("test/hosts/fleet.yaml"),
			vm: { ports: ["0:22"] },
			host: {
				users: { admin: { sudo: true, sshKeys: [{ file: "./id.pub" }] } },
				sysctl: { "vm.swappiness": line },
				push: {
					options: [
						...["-i", key, "-o", "StrictHostKeyChecking=no"],
						...["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"],
					],
				},
			},
		}),
	);
	return file;
}

/** A port of this machine that leads to another, and counts what goes through in both directions. */
async function countingPort(target: number) {
	const count = { bytes: 0 };
	const server = createServer((near) => {
		const far = connect(target, "127.0.0.1");
		for (const [from, to] of [
			[near, far],
			[far, near],
		] as const) {
			from.on("data", (chunk) => {
				count.bytes += chunk.length;
			});
			from.on("error", () => to.destroy());
			from.pipe(to);
		}
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as AddressInfo;
	return { port, count, close: () => server.close() };
}

let stop = async (): Promise<void> => undefined;
try {
	await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
	await buildHost([await layer(10)], folder);
	const vm = await bootHost([await layer(10)], folder, { name: "bench-push" });
	stop = () => vm.kill();
	await vm.waitReady({ timeoutSeconds: 600 });
	const port = vm.ports[0]?.host ?? 0;
	await sshAnswer({ key, port, line: "true" });
	const counted = await countingPort(port);
	stop = async () => {
		counted.close();
		await vm.kill();
	};
	const measure = async (what: () => Promise<unknown>): Promise<Cost> => {
		const before = counted.count.bytes;
		const began = performance.now();
		await what();
		return {
			seconds: (performance.now() - began) / 1000,
			bytes: counted.count.bytes - before,
		};
	};
	const push = async (line: number): Promise<void> => {
		const { exitCode, stdout, stderr } = await dock0([
			...["push", await layer(line), "--output", folder],
			...["--to", "admin@127.0.0.1", "--port", String(counted.port)],
		]);
		if (exitCode !== 0 || !stdout.includes("confirmed"))
			throw new Error(`the push ended with ${exitCode}: ${stdout}${stderr}`);
	};
	const connects: Cost[] = [];
	const pushes: Cost[] = [];
	// Alternating, so that whatever else the machine does meets both alike.
	for (let round = 0; round < rounds; round++) {
		connects.push(
			await measure(() => sshAnswer({ key, port: counted.port, line: "true" })),
		);
		pushes.push(await measure(() => push(20 + round)));
	}
	const [alone, pushed] = [median(connects), median(pushes)];
	show("ssh HOST true", alone);
	show("dock0 push, one line changed", pushed);
	show("the push beyond one connection", {
		seconds: pushed.seconds - alone.seconds,
		bytes: pushed.bytes - alone.bytes,
	});
} finally {
	await stop();
	await rm(folder, { recursive: true, force: true });
}

function show(name: string, { seconds, bytes }: Cost): void {
	console.log(
		`${name.padEnd(32)} ${seconds.toFixed(1).padStart(5)} s, ${(bytes / 1e3).toFixed(1).padStart(6)} kB (medians of ${rounds})`,
	);
}

function median(costs: readonly Cost[]): Cost {
	const middle = (of: (cost: Cost) => number): number =>
		costs.map(of).sort((a, b) => a - b)[Math.floor(costs.length / 2)] ??
		Number.NaN;
	return {
		seconds: middle(({ seconds }) => seconds),
		bytes: middle(({ bytes }) => bytes),
	};
}
