import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { run } from "../../src/system/process.ts";
import type { RunningVm } from "../../src/vm/running-vm.ts";
import { checkout } from "./support/dock0.ts";
import { bootHost, buildHost } from "./support/host.ts";
import { writeImage } from "./support/image.ts";
import {
	type Registry,
	registryUser,
	startRegistry,
} from "./support/registry.ts";
import { sshAnswer } from "./support/ssh.ts";

// QEMU's name for the machine that it runs on.
const outside = "10.0.2.2";
let folder: string;
let registry: Registry;
let vm: RunningVm;
const at = (name: string): string => join(folder, name);

// examples/web1, with a compose project and a container that come from a registry.
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-e2e-docker-"));
	registry = await startRegistry(folder);
	await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", at("id")]);
	for (const name of ["pulled", "composed"]) {
		await writeImage(at(`${name}.tar`), `${name}:1`, `${name}\n`);
		await run("skopeo", [
			...["copy", "--dest-tls-verify=false", "--dest-creds"],
			`${registryUser.username}:${registryUser.password}`,
			`docker-archive:${at(`${name}.tar`)}`,
			`docker://${registry.host}/team/${name}:1`,
		]);
	}
	const name = `${outside}:${registry.port}`;
	await writeFile(
		at("compose.yaml"),
		`services:
  front:
    image: ${name}/team/composed:1
    command: ["/bin/httpd", "-f", "-p", "8080", "-h", "/www"]
    ports: ["\${PORT}:8080"]
    depends_on: [back]
  back:
    image: web:1
    pull_policy: never
`,
	);
	await writeFile(
		at("more.yaml"),
		JSON.stringify({
			extends: "dock0/compose",
			host: {
				"expose+": [8082],
				docker: {
					registries: { [name]: registryUser },
					settings: { "insecure-registries": [name] },
				},
				users: { admin: { "sshKeys+": [{ file: "./id.pub" }] } },
				containers: {
					pulled: {
						image: `${name}/team/pulled:1`,
						ports: [{ external: 8081, internal: 8080 }],
					},
				},
				compose: { shop: { file: "./compose.yaml", env: "PORT=8082\n" } },
			},
			vm: { "ports+": ["0:8081", "0:8082"] },
		}),
	);
	const layers = [checkout("examples/web1/dock0.yaml"), at("more.yaml")];
	await buildHost(layers, folder);
	vm = await bootHost(layers, folder, {
		name: "e2e-docker",
		stateFile: at("state.img"),
	});
	await vm.waitReady({ timeoutSeconds: 500 });
});

afterAll(async () => {
	await vm?.kill();
	await registry?.stop();
	await rm(folder, { recursive: true, force: true });
});

const portOf = (guest: number): number | undefined =>
	vm.ports.find((port) => port.guest === guest)?.host;

const ssh = (line: string) =>
	sshAnswer({ key: at("id"), port: portOf(22), line });

/** What a port of the host answers, once it does. */
async function page(guest: number): Promise<string> {
	const deadline = Date.now() + 240_000;
	for (;;) {
		const answer = await fetch(`http://127.0.0.1:${portOf(guest)}/`).catch(
			() => undefined,
		);
		if (answer?.ok) return (await answer.text()).trim();
		if (Date.now() > deadline)
			throw new Error(
				`port ${guest} does not answer: ${await ssh("systemctl --failed --no-legend; sudo docker ps -a; sudo journalctl -n 40 -o cat -u 'dock0-c*'").catch(String)}`,
			);
		// One try after the other: each takes as long as the connection does.
		await new Promise((resolve) => setTimeout(resolve, 200));
	}
}

it("serves the page of examples/web1, from the image in its root", async () => {
	expect(await page(80)).toBe("Hello from web1");
	expect(await ssh("hostname -f; date +%Z")).toMatch(
		/^web1\.example\.org\nCES?T$/,
	);
});

it("pulls the image of a container from a registry, with its credentials", async () => {
	expect(await page(8081)).toBe("pulled");
	// Somebody without them gets nothing.
	expect(
		await ssh(
			`sudo docker --config /nothing pull ${outside}:${registry.port}/team/pulled:2 2>&1 || :`,
		),
	).toMatch(/no basic auth credentials|unauthorized|denied/);
});

it("hands compose projects to Docker's plugin, with their .env and the credentials", async () => {
	expect(await page(8082)).toBe("composed");
	expect(
		await ssh(
			"sudo docker ps --filter label=com.docker.compose.project=shop --format '{{.Names}}' | sort; systemctl is-active dock0-compose-shop.service; systemctl --failed --no-legend --plain",
		),
	).toBe("shop-back-1\nshop-front-1\nactive");
	expect(
		await ssh(
			"sudo systemctl stop dock0-compose-shop.service; sudo docker ps -a --filter label=com.docker.compose.project=shop --quiet",
		),
	).toBe("");
});
