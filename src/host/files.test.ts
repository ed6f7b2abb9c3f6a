import { describe, expect, it } from "vitest";
import { ExpectedError } from "../system/errors.ts";
import type { BundleFile } from "./bundle-file.ts";
import { bundleFiles } from "./files.ts";
import type { Init } from "./schema.ts";
import type { HostSources } from "./sources.ts";
import { hostSettings } from "./test-settings.ts";

const nothing: HostSources = {
	keys: {},
	containers: {},
	compose: {},
	images: [],
	files: {},
};

function filesOf(
	written: unknown,
	sources: Partial<HostSources> = {},
	init: Init = "systemd",
): Map<string, BundleFile> {
	const files = bundleFiles(
		hostSettings(written),
		{ ...nothing, ...sources },
		{ name: "web1", init },
	);
	return new Map(files.map((file) => [file.path, file]));
}

function text(files: Map<string, BundleFile>, path: string): string {
	const file = files.get(path);
	if (!file || !("content" in file)) throw new Error(`no file ${path}`);
	return String(file.content);
}

function problemsOf(written: unknown): string[] {
	try {
		filesOf(written);
	} catch (error) {
		if (error instanceof ExpectedError)
			return error.problems.map(({ message }) => message);
		throw error;
	}
	return [];
}

describe("who the host is", () => {
	it("takes the release's name, and knows itself by its full name", () => {
		const files = filesOf({ domain: "example.org", timezone: "Europe/Berlin" });
		expect(text(files, "/etc/hostname")).toBe("web1\n");
		expect(text(files, "/etc/hosts")).toContain(
			"127.0.1.1 web1.example.org web1\n",
		);
		expect(files.get("/etc/localtime")).toMatchObject({
			link: "../usr/share/zoneinfo/Europe/Berlin",
		});
	});

	it("lets a file of one's own take the place of a made one", () => {
		const files = filesOf({
			files: { "/etc/hosts": { text: "mine\n", mode: "0600" } },
		});
		expect(files.get("/etc/hosts")).toMatchObject({
			content: "mine\n",
			mode: 0o600,
		});
	});
});

describe("users", () => {
	it("get the free numbers in order, no password, and their keys", () => {
		const files = filesOf(
			{
				users: {
					ann: { sudo: true, groups: ["docker", "adm"] },
					bob: { uid: 1000, passwordHash: "$6$salt$hash" },
					cyd: {},
				},
			},
			{ keys: { ann: ["ssh-ed25519 AAAA one", "ssh-ed25519 AAAA two"] } },
		);
		expect(text(files, "/etc/dock0/users")).toBe(
			[
				"ann:1001::/home/ann:/bin/bash:docker,adm:!*",
				"bob:1000::/home/bob:/bin/bash::$6$salt$hash",
				"cyd:1002::/home/cyd:/bin/bash::!*",
				"",
			].join("\n"),
		);
		expect(files.get("/etc/dock0/users")).toMatchObject({ mode: 0o600 });
		expect(
			text(files, "/etc/ssh/authorized_keys.d/ann").split("\n"),
		).toHaveLength(3);
		expect(files.has("/etc/ssh/authorized_keys.d/bob")).toBe(false);
		expect(files.get("/etc/sudoers.d/dock0")).toMatchObject({
			content: "ann ALL=(ALL:ALL) NOPASSWD: ALL\n",
			mode: 0o440,
		});
	});

	it("cannot share a number, nor be root", () => {
		expect(
			problemsOf({ users: { ann: { uid: 1500 }, bob: { uid: 1500 } } }),
		).toEqual(["host.users: ann and bob have the same uid 1500"]);
		expect(() => hostSettings({ users: { root: {} } })).toThrow(
			/root is there/,
		);
		expect(() => hostSettings({ users: { "a:b": {} } })).toThrow();
	});
});

describe("the network", () => {
	const unit = (name: string, interfaces: unknown): string =>
		text(
			filesOf({ network: { interfaces } }),
			`/etc/systemd/network/10-dock0-${name}`,
		);

	it("has static addresses of both families with gateways that need no route", () => {
		const written = unit("eth0.network", {
			eth0: {
				addresses: ["192.0.2.10/24", "2001:db8::10/64"],
				gateways: ["192.0.2.1", "fe80::1"],
				dns: ["192.0.2.53"],
			},
		});
		expect(written).toContain("[Address]\nAddress=192.0.2.10/24\n");
		expect(written).toContain("[Address]\nAddress=2001:db8::10/64\n");
		expect(written).toContain(
			"[Route]\nGateway=192.0.2.1\nGatewayOnLink=yes\n",
		);
		expect(written).toContain("[Route]\nGateway=fe80::1\n");
		expect(written).toContain("DHCP=no\nIPv6AcceptRA=no\nDNS=192.0.2.53\n");
	});

	it("finds an interface by its address and names it", () => {
		const files = filesOf({
			network: {
				interfaces: { lan: { mac: "52:54:00:00:00:01", dhcp: "v4" } },
			},
		});
		expect(text(files, "/etc/systemd/network/10-dock0-lan.link")).toBe(
			"[Match]\nPermanentMACAddress=52:54:00:00:00:01\n\n[Link]\nName=lan\n",
		);
		expect(text(files, "/etc/systemd/network/10-dock0-lan.network")).toMatch(
			/^\[Match\]\nPermanentMACAddress=52:54:00:00:00:01\n[\s\S]*DHCP=ipv4\n/,
		);
	});

	it("makes VLANs and bridges, and ties their members to them", () => {
		const interfaces = {
			eth0: {},
			eth1: {},
			v7: { vlan: { id: 7, parent: "eth0" } },
			br0: { bridge: ["eth1"], addresses: ["10.0.0.1/24"] },
		};
		expect(unit("v7.netdev", interfaces)).toContain(
			"Kind=vlan\n\n[VLAN]\nId=7\n",
		);
		expect(unit("eth0.network", interfaces)).toContain("VLAN=v7\n");
		expect(unit("br0.netdev", interfaces)).toContain("Kind=bridge\n");
		expect(unit("eth1.network", interfaces)).toContain("Bridge=br0\n");
		expect(
			problemsOf({
				network: { interfaces: { v7: { vlan: { id: 7, parent: "eth0" } } } },
			}),
		).toEqual(["host.network.interfaces.v7: its parent eth0 is not listed"]);
	});
});

describe("the rest of the system", () => {
	it("writes what was asked for and nothing else", () => {
		const paths = [...filesOf({}).keys()];
		for (const part of ["sysctl", "modules-load", "timesyncd", "swap", "getty"])
			expect(paths.filter((path) => path.includes(part))).toEqual([]);
		const files = filesOf({
			ntp: ["time.example.org"],
			sysctl: { "vm.swappiness": 10 },
			modules: ["dummy"],
			swap: { zram: "50%", file: { path: "/var/lib/dock0/swap", size: "1G" } },
			serialGetty: [],
		});
		expect(text(files, "/etc/systemd/timesyncd.conf.d/dock0.conf")).toContain(
			"NTP=time.example.org",
		);
		expect(text(files, "/etc/sysctl.d/90-dock0.conf")).toBe(
			"vm.swappiness = 10\n",
		);
		expect(text(files, "/etc/modules-load.d/dock0.conf")).toBe("dummy\n");
		expect(text(files, "/etc/dock0/swap")).toBe(
			"zram 50%\nfile 1G /var/lib/dock0/swap\n",
		);
		expect(
			files.get("/etc/systemd/system/serial-getty@ttyS0.service"),
		).toMatchObject({ link: "/dev/null" });
	});
});

describe("the firewall", () => {
	const rules = (written: unknown): string[] =>
		text(filesOf(written), "/etc/dock0/firewall.nft")
			.split("\n")
			.map((line) => line.trim());

	it("opens ssh and what is declared, with its sources by family", () => {
		const lines = rules({
			ssh: { port: 2222, from: ["10.0.0.0/8"] },
			expose: [
				443,
				"53/udp",
				{ port: 9100, from: ["192.0.2.0/24", "fd00::/8"] },
			],
		});
		expect(
			lines.filter((line) => line.includes("dport") && line.includes("accept")),
		).toEqual([
			"ip6 saddr fe80::/10 udp dport 546 accept",
			"ip saddr { 10.0.0.0/8 } tcp dport 2222 accept",
			"tcp dport 443 accept",
			"udp dport 53 accept",
			"ip saddr { 192.0.2.0/24 } tcp dport 9100 accept",
			"ip6 saddr { fd00::/8 } tcp dport 9100 accept",
		]);
		expect(lines.filter((line) => line.includes("policy drop"))).toHaveLength(
			2,
		);
	});

	it("lets a container's port through by what was asked for, not by what it became", () => {
		const lines = rules({
			containers: {
				web: { image: "web", ports: [{ external: 80, internal: 8080 }] },
			},
		});
		expect(lines).toContain(
			"ct status dnat meta l4proto 6 ct original proto-dst 80 accept",
		);
		expect(lines.join()).not.toContain("8080");
	});

	it("does not hide containers of a routed prefix", () => {
		const docker = { network6: "2001:db8:1::/48", masquerade6: false };
		expect(
			rules({ docker }).filter((line) => /ip6.*masquerade/.test(line)),
		).toEqual([
			"ip6 saddr 2001:db8:1::/48 ip6 daddr 2001:db8:1::/48 ct status dnat masquerade",
		]);
	});

	it("leaves the table out when it is off, and takes an older one away", () => {
		const lines = rules({ firewall: { enabled: false } });
		expect(lines.slice(0, 2)).toEqual([
			"table inet dock0",
			"delete table inet dock0",
		]);
		expect(lines.join("\n")).not.toContain("policy drop");
	});
});

describe("containers", () => {
	const written = {
		containers: {
			web: {
				image: "web:1",
				command: ["--greet", "it's $HOME"],
				ports: [{ external: 80 }],
				secrets: { token: "hush", key: { value: "hush", uid: 33 } },
				depends: ["db-1"],
				health: { command: "true" },
			},
			"db-1": { image: "db" },
		},
	};

	it("keep what is secret from everybody but root, and out of what names it", () => {
		const files = filesOf(written);
		const base = "/etc/dock0/containers/web";
		expect(files.get(base)).toMatchObject({ mode: 0o700 });
		expect(files.get(`${base}/secrets/token`)).toMatchObject({
			mode: 0o400,
			uid: 0,
			content: "hush",
		});
		expect(files.get(`${base}/secrets/key`)).toMatchObject({ uid: 33 });
		for (const [path, file] of files)
			if (!path.includes("/secrets/") && "content" in file)
				expect(String(file.content)).not.toContain("hush");
	});

	it("start after what they depend on", () => {
		const unit = text(
			filesOf(written),
			"/etc/systemd/system/dock0-container-web.service",
		);
		expect(unit).toMatch(/^After=.* dock0-container-db\\x2d1\.service$/m);
	});

	it("count as changed when anything of theirs does, and not otherwise", () => {
		const config = (change: object): string | undefined =>
			/^config=(.*)$/m.exec(
				text(
					filesOf({
						containers: {
							...written.containers,
							web: { ...written.containers.web, ...change },
						},
					}),
					"/etc/dock0/containers/web/run",
				),
			)?.[1];
		expect(config({})).toMatch(/^[0-9a-f]{64}$/);
		expect(config({})).toBe(config({}));
		for (const change of [
			{ secrets: { token: "other" } },
			{ env: { A: "1" } },
			{ image: "web:2" },
			{ ports: [] },
		])
			expect(config(change)).not.toBe(config({}));
	});

	it("cannot want one port twice, ssh's, or each other in a circle", () => {
		const web = (more: object) => ({ image: "web", ...more });
		expect(
			problemsOf({
				containers: {
					a: web({ ports: [{ external: 80 }], depends: ["b"] }),
					b: web({
						ports: [{ external: 80 }, { external: 22 }],
						depends: ["a"],
					}),
					c: web({ depends: ["nobody"] }),
				},
			}),
		).toEqual([
			"host.containers: a and b both want port 80/tcp",
			"host.containers.b takes port 22, at which ssh listens",
			"host.containers.c.depends names nobody, which is no container",
			"host.containers depend on each other in a circle: a → b → a",
		]);
	});
});

describe("under s6", () => {
	it("makes the same settings into service folders and lines for the network", () => {
		const files = filesOf(
			{
				domain: "example.org",
				ntp: ["192.0.2.1"],
				serialGetty: [],
				network: {
					dns: ["192.0.2.53"],
					interfaces: {
						lan: { mac: "52:54:00:AA:BB:CC", dhcp: "v4", mtu: 9000 },
						br0: { bridge: ["lan"], addresses: ["192.0.2.10/24"] },
						"br0.7": {
							vlan: { id: 7, parent: "br0" },
							gateways: ["fe80::1"],
						},
					},
				},
				containers: {
					db: { image: "db:1", stopSeconds: 20, restart: "on-failure" },
					web: { image: "web:1", depends: ["db"] },
				},
			},
			{ compose: { app: { file: "services: {}\n" } } },
			"s6",
		);
		expect(
			[...files.keys()].filter((path) => path.includes("systemd")),
		).toEqual([]);
		expect(text(files, "/etc/dock0/network").split("\n")).toEqual([
			"unlisted=dhcp",
			"'rename' '52:54:00:aa:bb:cc' 'lan'",
			"'bridge' 'br0' 'lan'",
			"'vlan' 'br0.7' 'br0' '7'",
			"'interface' 'lan' '9000' 'no'",
			"'ask' 'lan' 'v4'",
			"'interface' 'br0' '' 'yes'",
			"'address' 'br0' '192.0.2.10/24'",
			"'interface' 'br0.7' '' 'no'",
			"'gateway' 'br0.7' 'fe80::1'",
			"",
		]);
		expect(text(files, "/etc/resolv.conf.head")).toBe(
			"search example.org\nnameserver 192.0.2.53\n",
		);
		expect(text(files, "/etc/openntpd/ntpd.conf")).toBe("servers 192.0.2.1\n");
		expect(text(files, "/etc/dock0/serial-getty")).toBe("");
		const db = "/etc/s6/services/dock0-container-db";
		expect(text(files, `${db}/run`)).toContain(
			"exec /usr/lib/dock0/container run 'db'\n",
		);
		expect(text(files, `${db}/timeout-kill`)).toBe("50000\n");
		expect(text(files, `${db}/finish`)).toContain("exit 125");
		expect(text(files, "/etc/s6/services/dock0-container-web/run")).toContain(
			"await 300 'dock0-container-db'\n",
		);
		expect(text(files, "/etc/s6/services/dock0-compose-app/finish")).toContain(
			"down",
		);
	});

	it("refuses files of the host's own that only systemd reads", () => {
		expect(() =>
			filesOf(
				{ files: { "/etc/systemd/system/x.service": { text: "" } } },
				{},
				"s6",
			),
		).toThrow(
			"host.files./etc/systemd/system/x.service: /etc/systemd/system/x.service is for systemd",
		);
	});
});
