import {
	chmod,
	mkdir,
	mkdtemp,
	readFile,
	rm,
	symlink,
	writeFile,
} from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { packageFile } from "../system/package-files.ts";
import { run } from "../system/process.ts";
import { outsideFiles, outsideSchema } from "./outside.ts";

const program = packageFile("profiles/base/usr/lib/dock0/identity");
const key = (name: string): string =>
	`ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKc7C5ptyj0eUVvsHMGAWFzPAYcbTgQLNWRVcSJOjtVq ${name}`;

const coreTools =
	"awk base64 cat cmp cp curl cut dash grep head mkdir mv rm sed sleep tr".split(
		" ",
	);

// Debian's own shell and awk, and busybox's, which a smaller host has.
describe.each(["dash", "busybox"])(
	"a host that asks who it is, in %s",
	(shell) => {
		let folder: string;
		let server: Server | undefined;
		const at = (path: string): string => join(folder, path);
		const read = (path: string): Promise<string> =>
			readFile(at(`root/${path}`), "utf8");

		beforeEach(async () => {
			folder = await mkdtemp(join(tmpdir(), "dock0-identity-"));
			for (const path of ["bin", "lib"]) await mkdir(at(path));
			await symlink(program, at("lib/identity"));
			await put("proc/cmdline", "quiet\n");
			await put("proc/sys/kernel/hostname", "localhost\n");
			await put("etc/group", "root:x:0:\ndocker:x:100:\n");
			await put("etc/sudoers.d/README", "");
			await writeFile(at("lib/users"), "");
			await writeFile(at("bin/networkctl"), "#!/bin/sh\n");
			await chmod(at("bin/networkctl"), 0o755);
			if (shell === "busybox")
				for (const applet of ["awk", "sed", "grep", "base64", "head", "tr"])
					await symlink("/bin/busybox", at(`bin/${applet}`));
			// And one without busybox asks by curl.
			else
				for (const name of coreTools)
					await symlink(`/usr/bin/${name}`, at(`bin/${name}`));
		});
		afterEach(async () => {
			server?.close();
			server = undefined;
			await rm(folder, { recursive: true, force: true });
		});

		async function put(path: string, text: string): Promise<void> {
			await mkdir(dirname(at(`root/${path}`)), { recursive: true });
			await writeFile(at(`root/${path}`), text);
		}

		/** Runs the program as its units do; returns what it says. */
		async function identity(
			stage: "local" | "network" | "apply",
			sources: readonly string[],
		): Promise<string> {
			const settings = outsideSchema.parse({ sources, waitSeconds: 0 });
			for (const [path, text] of Object.entries(outsideFiles(settings)))
				await writeFile(at(path.replace("usr/lib/dock0", "lib")), text);
			const address = server?.address() as AddressInfo | undefined;
			const path =
				shell === "busybox" ? `${at("bin")}:/usr/bin:/bin` : at("bin");
			const { stderr } = await run("env", [
				`PATH=${path}`,
				`DOCK0_LIB=${at("lib")}`,
				`DOCK0_ROOT=${at("root")}`,
				`DOCK0_METADATA=127.0.0.1:${address?.port ?? 1}`,
				...(shell === "busybox" ? ["/bin/busybox", "sh"] : ["/usr/bin/dash"]),
				join(program, "main"),
				stage,
			]);
			return stderr;
		}

		it("listens to the kernel's command line", async () => {
			await put(
				"proc/cmdline",
				`quiet dock0.hostname=Web1.example.org dock0.instance=i-1 dock0.ssh_key=${key("one").replaceAll(" ", ",")} dock0.ssh_key=none,such\n`,
			);
			expect(await identity("local", ["cmdline"])).toMatch(
				/^dock0-identity: no public key: none such\n$/,
			);
			expect(await read("etc/hostname")).toBe("web1\n");
			expect(await read("proc/sys/kernel/hostname")).toBe("web1\n");
			expect(await read("etc/hosts")).toMatch(
				/^127.0.0.1 localhost\n[\s\S]*\n127.0.1.1 web1.example.org web1\n$/,
			);
			expect(await read("run/dock0/identity/instance-id")).toBe("i-1\n");
			expect(await read("run/dock0/authorized_keys.d/admin")).toBe(
				`${key("one")}\n`,
			);
			expect(await read("etc/dock0/users")).toBe(
				"admin:1000::/home/admin:/bin/bash:docker:!*\n",
			);
			expect(await read("etc/sudoers.d/dock0")).toBe(
				"admin ALL=(ALL:ALL) NOPASSWD: ALL\n",
			);
		});

		it("lets the later source win, adds keys up, and asks nobody who is not named", async () => {
			await put("proc/cmdline", "dock0.hostname=from-cmdline\n");
			const files = "sys/firmware/qemu_fw_cfg/by_name/opt/io.dock0";
			await put(`${files}/hostname/raw`, "from-fwcfg");
			await put(
				`${files}/ssh-keys/raw`,
				`# mine\n${key("two")}\n${key("two")}`,
			);
			const seed = "var/lib/cloud/seed/nocloud";
			await put(
				`${seed}/meta-data`,
				`instance-id: i-2\nlocal-hostname: from-seed\npublic-keys:\n- ${key("three")}\n`,
			);
			await put(`${seed}/user-data`, "");
			await identity("local", ["nocloud", "fwcfg", "cmdline"]);
			expect(await read("etc/hostname")).toBe("from-cmdline\n");
			expect(await read("run/dock0/authorized_keys.d/admin")).toBe(
				`${key("three")}\n${key("two")}\n`,
			);
			await identity("local", ["fwcfg", "nocloud"]);
			expect(await read("etc/hostname")).toBe("from-seed\n");
			await identity("local", ["fwcfg"]);
			expect(await read("etc/hostname")).toBe("from-fwcfg\n");
		});

		it("leaves a bundle its users and the name that it has chosen", async () => {
			await put("proc/cmdline", "dock0.hostname=other\n");
			await put("etc/hostname", "web1\n");
			await put(
				"etc/hosts",
				"127.0.0.1 localhost\n127.0.1.1 web1.example.org web1\n",
			);
			await put("etc/dock0/users", "ann:1000::/home/ann:/bin/sh::!*\n");
			await put("etc/dock0/hostname", "web1\n");
			await identity("local", ["cmdline"]);
			expect(await read("etc/hostname")).toBe("web1\n");
			expect(await read("etc/dock0/users")).toMatch(/^ann:/);
			await rm(at("root/etc/dock0/hostname"));
			await identity("apply", ["cmdline"]);
			expect(await read("etc/hostname")).toBe("other\n");
			expect(await read("etc/hosts")).toBe(
				"127.0.0.1 localhost\n127.0.1.1 other.example.org other\n",
			);
		});

		it("reads a NoCloud seed, keeps it when it is taken away, and forgets all in a copied disk", async () => {
			const seed = "var/lib/cloud/seed/nocloud";
			await put(`${seed}/meta-data`, "instance-id: i-1\nlocal-hostname: old\n");
			await put(
				`${seed}/user-data`,
				`#cloud-config\nhostname: web2 # new\nssh_authorized_keys: ["${key("four")}"]\nwrite_files:\n  - path: /x\n    content: |\n      hostname: not-this\n`,
			);
			await put(
				`${seed}/network-config`,
				"network:\n  version: 2\n  ethernets:\n    eth0: {addresses: [192.0.2.9/24], gateway4: 192.0.2.1}\n",
			);
			await put("var/lib/dock0/ssh/ssh_host_ed25519_key", "secret");
			expect(await identity("local", ["nocloud"])).toBe("");
			expect(await read("etc/hostname")).toBe("web2\n");
			expect(
				await read("run/systemd/network/20-dock0-identity-eth0.network"),
			).toBe(
				"[Match]\nName=eth0\n\n[Network]\nDHCP=no\n\n[Address]\nAddress=192.0.2.9/24\n\n[Route]\nGateway=192.0.2.1\nGatewayOnLink=yes\n",
			);
			// What is told at each boot is not part of the disk.
			const boot = async (): Promise<void> => {
				await rm(at("root/run"), { recursive: true });
				await rm(at("root/etc/hostname"));
			};
			await boot();
			await rm(at(`root/${seed}`), { recursive: true });
			expect(await identity("local", ["nocloud"])).toContain("nothing heard");
			expect(await read("etc/hostname")).toBe("web2\n");
			expect(await read("var/lib/dock0/ssh/ssh_host_ed25519_key")).toBe(
				"secret",
			);
			await boot();
			await put(
				`${seed}/meta-data`,
				"instance-id: i-2\nlocal-hostname: web3\n",
			);
			await put(`${seed}/user-data`, "#!/bin/sh\n");
			expect(await identity("local", ["nocloud"])).toMatch(
				/no #cloud-config\n.*instance i-2 now, no longer i-1\n$/,
			);
			expect(await read("etc/hostname")).toBe("web3\n");
			expect(await read("run/dock0/authorized_keys.d/admin")).toBe("");
			await expect(
				read("var/lib/dock0/ssh/ssh_host_ed25519_key"),
			).rejects.toThrow();
			await expect(
				read("run/systemd/network/20-dock0-identity-eth0.network"),
			).rejects.toThrow();
		});

		it("takes of a document that it cannot read nothing, and says why", async () => {
			const seed = "var/lib/cloud/seed/nocloud";
			await put(`${seed}/meta-data`, "instance-id: i-1\nlocal-hostname: -x-\n");
			await put(`${seed}/user-data`, "#cloud-config\nhostname: &anchor web1\n");
			await put(
				`${seed}/network-config`,
				"version: 2\nbonds: {b0: {interfaces: [a]}}\n",
			);
			expect((await identity("local", ["nocloud"])).split("\n")).toEqual([
				"dock0-identity: no name for a host: -x-",
				'dock0-identity: user-data is left out: line 2: "&anchor web1" is not understood',
				"dock0-identity: network-config is left out: network-config: bonds.b0.interfaces.0 is not supported, only ethernets",
				"",
			]);
		});

		it("asks the metadata service with a token, on a Linode only", async () => {
			const asked: string[] = [];
			const answers: Record<string, string> = {
				"/v1/token": "e80eb809",
				"/v1/instance":
					'{"id":532754976,"host_uuid":"123abc","label":"My_linode.1","region":"us-iad","type":"g6-standard-1","tags":[],"specs":{"vcpus":1},"backups":{"enabled":false,"status":null}}',
				"/v1/ssh-keys": JSON.stringify({
					users: { root: [key("root's"), key("two")], ann: [key("ann")] },
				}),
				"/v1/user-data": Buffer.from(
					`#cloud-config\nssh_authorized_keys:\n  - ${key("data")}\n`,
				).toString("base64"),
			};
			server = createServer((request, response) => {
				const { method, url = "", headers } = request;
				asked.push(`${method} ${url}`);
				const allowed =
					url === "/v1/token"
						? method === "PUT" && headers["metadata-token-expiry-seconds"]
						: headers["metadata-token"] === "e80eb809";
				// As the documentation says, this one has no JSON form.
				const wrong =
					url === "/v1/user-data" && headers.accept !== "text/plain";
				response.statusCode = !allowed ? 401 : wrong ? 406 : 200;
				response.end(response.statusCode === 200 ? answers[url] : "no");
			});
			await new Promise<void>((resolve) =>
				server?.listen(0, "127.0.0.1", resolve),
			);
			await put("sys/class/dmi/id/sys_vendor", "QEMU\n");
			expect(await identity("network", ["metadata"])).toContain(
				"nothing heard",
			);
			expect(asked).toEqual([]);
			await put("sys/class/dmi/id/sys_vendor", "Linode\n");
			expect(await identity("network", ["metadata"])).toBe("");
			expect(asked).toEqual([
				"PUT /v1/token",
				"GET /v1/instance",
				"GET /v1/ssh-keys",
				"GET /v1/user-data",
			]);
			expect(await read("etc/hostname")).toBe("my-linode\n");
			expect(await read("run/dock0/identity/instance-id")).toBe("532754976\n");
			expect(await read("run/dock0/authorized_keys.d/admin")).toBe(
				`${["root's", "two", "ann", "data"].map(key).join("\n")}\n`,
			);
			// A service that does not answer any more takes nothing away.
			server.close();
			server.closeAllConnections();
			server = undefined;
			expect(await identity("network", ["metadata"])).toContain(
				"nothing heard",
			);
			expect(await read("run/dock0/identity/instance-id")).toBe("532754976\n");
		});
	},
);

const awk = async (...documents: string[]): Promise<string[]> => {
	const folder = await mkdtemp(join(tmpdir(), "dock0-yaml-"));
	try {
		const file = join(folder, "document");
		const told: string[] = [];
		for (const document of documents) {
			await writeFile(file, document);
			for (const command of [["mawk"], ["/bin/busybox", "awk"]]) {
				const { stdout, stderr } = await run(
					command[0] ?? "",
					[...command.slice(1), "-f", join(program, "yaml.awk"), file],
					{ okExitCodes: [0, 1] },
				);
				told.push(stdout + stderr);
			}
		}
		return told;
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
};

describe("the reader of documents", () => {
	it("flattens maps, lists, brackets, quotes and comments, in both awks alike", async () => {
		const document = [
			"a: plain # comment",
			'\'b c\': "x # y \\" \\u003d"',
			"list:",
			"- one's",
			"- k: v",
			"  more: [1, {x: ::/0, y: 'it''s'}, \"a,b\"]",
			"- - deep",
			"over: {lines: [a,",
			"   b]}",
			"text: >-",
			"  not: this",
			"",
			"  nor: that",
			"empty:",
			"none: null",
			"time: 12:34",
			"",
		].join("\r\n");
		const flat = [
			"a\tplain",
			'b c\tx # y " =',
			"list.0\tone's",
			"list.1.k\tv",
			"list.1.more.0\t1",
			"list.1.more.1.x\t::/0",
			"list.1.more.1.y\tit's",
			"list.1.more.2\ta,b",
			"list.2.0\tdeep",
			"over.lines.0\ta",
			"over.lines.1\tb",
			"time\t12:34",
			"",
		].join("\n");
		expect(await awk(document)).toEqual([flat, flat]);
	});

	it("refuses what it does not understand", async () => {
		const told = await awk(
			"a: *b\n",
			"a: !tag x\n",
			"a: 1\n  b: 2\n",
			"a: [1, 2\n",
			'a: "x\n',
			"just words\n",
			"a:\n\tb: 1\n",
			"a: {b\n}\n",
			'a: "\\u00e4"\n',
		);
		for (const one of told) expect(one).toMatch(/line \d+: |not closed/);
	});
});
