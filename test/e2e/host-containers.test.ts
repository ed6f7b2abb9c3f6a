import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run, start } from "../../src/system/process.ts";
import { checkout } from "./support/dock0.ts";
import { buildHost } from "./support/host.ts";
import { writeImage } from "./support/image.ts";
import {
	type NativeHost,
	nativeAddresses,
	nativeHost,
} from "./support/native-host.ts";

let folder: string;
let host: NativeHost;

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-e2e-containers-"));
	for (const version of ["1", "2"])
		await writeImage(
			join(folder, `web${version}.tar`),
			`web:${version}`,
			`version ${version}\n`,
		);
	const layer = join(folder, "web1.yaml");
	await writeFile(
		layer,
		JSON.stringify({
			extends: checkout("test/hosts/fleet-docker.yaml"),
			host: {
				expose: [8081],
				images: ["./web1.tar", "./web2.tar"],
				containers: {
					web: {
						image: "web:1",
						ports: [{ external: 80, internal: 8080 }],
						networks: ["front"],
						env: { QUOTED: "it's 100% $HOME" },
						secrets: { token: "only-for-the-container" },
						startSeconds: 20,
						drainSeconds: 2,
					},
				},
			},
		}),
	);
	const release = await buildHost([layer], folder);
	host = await nativeHost(
		join(release, "root.squashfs"),
		join(`${release}.bundle`, "bundle.squashfs"),
	);
	await host.shell("/usr/lib/dock0/load-images");
});

afterAll(async () => {
	await host?.stop();
	await rm(folder, { recursive: true, force: true });
});

/** Changes the container's settings as a pushed bundle does, and replaces it; the exit code. */
async function change(...edits: string[]): Promise<number> {
	const run = "/etc/dock0/containers/web/run";
	const { exitCode } = await host.shell(
		`cp ${run} /tmp/run; ${edits.map((edit) => `sed -i "${edit}" ${run}`).join("; ")}; /usr/lib/dock0/container replace web || { code=$?; cp /tmp/run ${run}; exit $code; }`,
	);
	return exitCode;
}

/** Ports that answer a neighbour, of the first 10000. */
async function openPorts(...address: string[]): Promise<number[]> {
	const [command = "", ...words] = host.neighbour;
	const { stdout } = await run(command, [
		...words,
		// -T5 for ports that never answer; those that do get time on a busy machine.
		...["nmap", "-Pn", "-n", "-T5", "-p1-10000", "--max-retries", "3"],
		...["--max-rtt-timeout", "3s", ...address],
	]);
	return [...stdout.matchAll(/^(\d+)\/tcp +open/gm)].map(([, port]) =>
		Number(port),
	);
}

/** Asks for the page without a pause, a new connection each time, until it is stopped. */
function load() {
	const child = start(host.neighbour[0] ?? "", [
		...host.neighbour.slice(1),
		process.execPath,
		checkout("test/e2e/support/load.mjs"),
		...Object.values(nativeAddresses),
	]);
	const told = (async () => {
		let text = "";
		for await (const chunk of child.stdout) text += String(chunk);
		return JSON.parse(text) as {
			ok: Record<string, number>;
			failed: string[];
		};
	})();
	return {
		async stop() {
			child.stdin.end();
			return told;
		},
	};
}

describe("containers of a host", () => {
	it("come up from images of the bundle, and their ports answer by IPv4 and IPv6", async () => {
		const { exitCode, stderr } = await host.shell(
			"/usr/lib/dock0/container replace web",
		);
		expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
		const { stdout } = await host.shell(
			"cat /proc/$(docker inspect --format '{{.State.Pid}}' UP_web)/root/run/secrets/token; docker inspect --format '{{json .Config.Env}}' UP_web; stat -c %a /etc/dock0/containers/web/secrets/token",
		);
		expect(stdout).toContain("only-for-the-container");
		expect(stdout).toContain("it's 100% $HOME");
		expect(stdout).toMatch(/\n400\n$/);
	});

	it("are replaced, and a new one that is not healthy given up, without one failed request", async () => {
		// What Docker deletes with a container's address must not be in use again; see `forget` in container.
		const known = await host.shell(
			"cat /proc/sys/net/netfilter/nf_conntrack_tcp_timeout_time_wait",
		);
		expect(known.stdout).toBe("3\n");
		const requests = load();
		expect(await change("s/web:1/web:2/", "s/^config=.*/config=two/")).toBe(0);
		expect(await change("s/web:2/web:1/", "s/^config=.*/config=three/")).toBe(
			0,
		);
		// It runs, but does not listen to its port.
		expect(
			await change(
				"s/^config=.*/config=deaf/",
				"s/^start_seconds=.*/start_seconds=3/",
				"/^set/s/$/ \\/bin\\/sleep 100/",
			),
		).not.toBe(0);
		// It cannot even be started.
		expect(
			await change(
				"s/^config=.*/config=broken/",
				"/^set/s/$/ \\/bin\\/nothing/",
			),
		).not.toBe(0);
		const { ok, failed } = await requests.stop();
		expect(failed).toEqual([]);
		expect(ok["version 1"]).toBeGreaterThan(10);
		expect(ok["version 2"]).toBeGreaterThan(10);
		const { stdout } = await host.shell("docker ps -a --format '{{.Names}}'");
		expect(stdout).toBe("UP_web\n");
	});

	it("are all that a neighbour finds beside what is declared, also after Docker's own publishing", async () => {
		await host.shell(
			"docker run -d -p 8081:8080 web:1 && docker run -d -p 8082:8080 web:1",
		);
		expect(await openPorts(nativeAddresses.v4)).toEqual([80, 8081]);
		expect(await openPorts("-6", nativeAddresses.v6)).toEqual([80, 8081]);
	});
});
