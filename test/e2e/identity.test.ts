import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { run } from "../../src/system/process.ts";
import type { RunningVm } from "../../src/vm/running-vm.ts";
import type { VmSettings } from "../../src/vm/schema.ts";
import { checkout } from "./support/dock0.ts";
import { bootHost, buildHost } from "./support/host.ts";
import { sshAnswer } from "./support/ssh.ts";
import { hostBusybox } from "./support/tiny-root.ts";

let folder: string;
let layer: string;
let vm: RunningVm | undefined;
const at = (name: string): string => join(folder, name);

// One root without a bundle: all that tells its machines apart comes from outside.
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-e2e-identity-"));
	await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", at("id")]);
	layer = at("nobody.yaml");
	await writeFile(
		layer,
		JSON.stringify({
			extends: checkout("test/hosts/fleet.yaml"),
			vm: { ports: ["0:22"] },
		}),
	);
	await buildHost([layer], folder);
});
afterEach(async () => {
	await vm?.kill();
	vm = undefined;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function boot(options: {
	state?: boolean;
	vm: Partial<VmSettings>;
}): Promise<void> {
	vm = await bootHost([layer], folder, {
		name: "e2e-identity",
		...(options.state ? { stateFile: at("state.img") } : {}),
		vm: options.vm,
	});
	await vm.waitReady({ timeoutSeconds: 500 });
}

/** Asks by the key that the host was told of. */
async function ask(line: string): Promise<string[]> {
	const port = vm?.ports[0]?.host;
	return (await sshAnswer({ key: at("id"), port, line })).split("\n");
}

const questions = [
	"hostname -f; id -u; sudo -n id -u; cat /run/dock0/identity/instance-id",
	"systemctl --failed --no-legend --plain",
	"cat /var/lib/dock0/ssh/ssh_host_ed25519_key.pub",
].join("; ");

let firstKey: string | undefined;

it("is told who it is by QEMU's fw_cfg and, above that, by the kernel's command line", async () => {
	await boot({
		state: true,
		vm: {
			append: ["dock0.hostname=web7.example.org"],
			qemuArgs: [
				...["-fw_cfg", "name=opt/io.dock0/hostname,string=other"],
				...["-fw_cfg", "name=opt/io.dock0/instance-id,string=i-1"],
				...["-fw_cfg", `name=opt/io.dock0/ssh-keys,file=${at("id.pub")}`],
			],
		},
	});
	const answers = await ask(questions);
	firstKey = answers.pop();
	expect(answers).toEqual(["web7.example.org", "1000", "0", "i-1"]);
	expect(firstKey).toMatch(/^ssh-ed25519 /);
});

it("is told by a NoCloud seed, and becomes another host when its disk was copied", async () => {
	await mkdir(at("seed"));
	const files = {
		"meta-data": "instance-id: iid-8\nlocal-hostname: old\n",
		"user-data": `#cloud-config\nhostname: web8\nssh_authorized_keys:\n  - ${await readFile(at("id.pub"), "utf8")}`,
		"network-config":
			"version: 2\nethernets:\n  eth0:\n    addresses: [10.0.2.15/24]\n    routes:\n      - to: default\n        via: 10.0.2.2\n",
	};
	for (const [name, text] of Object.entries(files))
		await writeFile(at(`seed/${name}`), text);
	await run("xorriso", [
		...["-as", "mkisofs", "-quiet", "-rational-rock", "-volid", "cidata"],
		...["-output", at("seed.iso"), at("seed")],
	]);
	await boot({
		state: true,
		vm: {
			qemuArgs: [
				...["-fw_cfg", "name=opt/io.dock0/instance-id,string=i-2"],
				...[
					"-drive",
					`if=virtio,format=raw,readonly=on,file=${at("seed.iso")}`,
				],
			],
		},
	});
	const answers = await ask(
		`${questions}; networkctl status eth0 | grep 'Network File'; ip route show default`,
	);
	expect(answers).toEqual([
		...["web8", "1000", "0", "i-2"],
		expect.stringMatching(/^ssh-ed25519 /),
		expect.stringMatching(/20-dock0-identity-eth0\.network$/),
		expect.stringMatching(/^default via 10\.0\.2\.2 dev eth0 proto static/),
	]);
	expect(answers[4]).not.toBe(firstKey);
});

it("is told by the metadata service of a Linode", async () => {
	const token =
		"e80eb80986f17fcd3df8fcb6ea944774cae47b26ed6d68df63a15b294b7a6e3f";
	// The answers of the provider's documentation.
	const server = createServer(async (request, response) => {
		const { method, url, headers } = request;
		if (method === "PUT" && url === "/v1/token") return response.end(token);
		if (headers["metadata-token"] !== token) {
			response.statusCode = 401;
			return response.end();
		}
		const key = (await readFile(at("id.pub"), "utf8")).trim();
		if (url === "/v1/instance")
			response.end(
				JSON.stringify({
					id: 532754976,
					host_uuid: "123abc456def789ghi",
					label: "web9",
					region: "us-iad",
					type: "g6-standard-1",
					tags: [],
					specs: {
						vcpus: 1,
						memory: 2048,
						disk: 51200,
						transfer: 2000,
						gpus: 0,
					},
					backups: { enabled: false, status: null },
				}),
			);
		else if (url === "/v1/ssh-keys")
			response.end(JSON.stringify({ users: { root: [key] } }));
		else response.end("");
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	try {
		const { port } = server.address() as AddressInfo;
		await boot({
			vm: {
				qemuArgs: [
					...["-smbios", "type=1,manufacturer=Linode"],
					"-netdev",
					`user,id=metadata,net=169.254.0.0/16,guestfwd=tcp:169.254.169.254:80-cmd:${hostBusybox} nc 127.0.0.1 ${port}`,
					...["-device", "virtio-net-pci,netdev=metadata"],
				],
			},
		});
		expect((await ask(questions)).slice(0, -1)).toEqual([
			...["web9", "1000", "0", "532754976"],
		]);
	} finally {
		server.close();
		server.closeAllConnections();
	}
});
