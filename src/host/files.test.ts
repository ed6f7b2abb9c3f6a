import { describe, expect, it } from "vitest";
import { ExpectedError } from "../system/errors.ts";
import type { BundleFile } from "./bundle-file.ts";
import { bundleFiles } from "./files.ts";
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
): Map<string, BundleFile> {
	const files = bundleFiles(
		hostSettings(written),
		{ ...nothing, ...sources },
		"web1",
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
