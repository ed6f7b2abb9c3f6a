import { sha256 } from "../system/files.ts";
import { type BundleFile, textFile } from "./bundle-file.ts";
import type { ContainerNetworks } from "./firewall.ts";
import type { DockerSettings } from "./schema-containers.ts";

/**
 * The addresses of containers.
 * @param hash hexadecimal digits that tell this host from others, for its ULA prefix (RFC 4193, 3.2).
 */
export function containerNetworks(
	docker: DockerSettings,
	hash: string,
): ContainerNetworks {
	const ula = `fd${hash.slice(0, 2)}:${hash.slice(2, 6)}:${hash.slice(6, 10)}::/48`;
	return {
		v4: docker.network4,
		v6: docker.network6 ?? ula,
		masquerade6: docker.masquerade6,
	};
}

/** The first 64-bit subnet of an IPv6 network, for Docker's own bridge. */
export function firstSubnet(network: string): string {
	return `${network.split("/")[0]}/64`;
}

/**
 * The IPv6 subnet of a Docker network, by its name: Docker before version 27 finds none by itself.
 * Never the first, which is the bridge's.
 */
export function subnetOf(network: string, within: string): string {
	const [address = "", length] = within.split("/");
	const count = 2n ** BigInt(64 - Number(length)) - 1n;
	const number = 1n + (BigInt(`0x${sha256(network).slice(0, 16)}`) % count);
	const upper = (groupsOf(address) >> 64n) + number;
	const groups = [48n, 32n, 16n, 0n].map((shift) =>
		((upper >> shift) & 0xffffn).toString(16),
	);
	return `${groups.join(":")}::/64`;
}

/** An IPv6 address as a number. */
function groupsOf(address: string): bigint {
	const [head = "", tail] = address.split("::");
	const groups = (text: string | undefined): string[] =>
		text ? text.split(":") : [];
	const first = groups(head);
	const last = groups(tail);
	const middle = Array<string>(8 - first.length - last.length).fill("0");
	return [...first, ...middle, ...last].reduce(
		(sum, group) => (sum << 16n) | BigInt(`0x${group}`),
		0n,
	);
}

/**
 * /etc/docker/daemon.json (dockerd(8)) and the registries' credentials. Docker makes no firewall
 * rules, and its containers go on running while it is restarted.
 */
export function dockerFiles(
	docker: DockerSettings,
	networks: ContainerNetworks,
): BundleFile[] {
	const daemon = {
		iptables: false,
		ip6tables: false,
		ipv6: true,
		"fixed-cidr-v6": firstSubnet(networks.v6),
		"default-address-pools": [
			{ base: networks.v4, size: 24 },
			{ base: networks.v6, size: 64 },
		],
		"live-restore": true,
		"log-driver": "json-file",
		"log-opts": { "max-size": docker.logSize, "max-file": "3" },
		...docker.settings,
	};
	const auths = Object.fromEntries(
		Object.entries(docker.registries).map(
			([registry, { username, password }]) => [
				registry,
				{ auth: Buffer.from(`${username}:${password}`).toString("base64") },
			],
		),
	);
	return [
		textFile("/etc/docker/daemon.json", [
			JSON.stringify(daemon, undefined, "\t"),
		]),
		{ path: "/etc/dock0/docker", folder: true, mode: 0o700 },
		textFile(
			"/etc/dock0/docker/config.json",
			[JSON.stringify({ auths }, undefined, "\t")],
			0o600,
		),
	];
}
