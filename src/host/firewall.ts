import { byFamily } from "./addresses.ts";
import { type BundleFile, textFile } from "./bundle-file.ts";
import type { HostSettings } from "./schema.ts";
import { type Port, portOf } from "./schema-parts.ts";

/** Addresses that containers get. */
export interface ContainerNetworks {
	v4: string;
	v6: string;
	/** Whether containers reach IPv6 by the host's address. */
	masquerade6: boolean;
}

/**
 * The ruleset, as /usr/lib/dock0/firewall loads it; nft(8). Docker itself makes no rules
 * (`iptables: false`), so nothing that it does can open or close a port, and a restart of it changes nothing.
 *
 * `inet dock0` filters. `inet dock0_ports` leads published ports to containers: the maps in it are
 * filled by /usr/lib/dock0/container, and are not touched when the rules are loaded again.
 */
export function firewallFiles(
	settings: HostSettings,
	networks: ContainerNetworks,
): BundleFile[] {
	return [
		textFile("/etc/dock0/firewall.nft", ruleset(settings, networks), 0o600),
	];
}

function ruleset(
	settings: HostSettings,
	{ v4, v6, masquerade6 }: ContainerNetworks,
): string[] {
	return [
		...filterTable(settings, v4, v6),
		"table inet dock0_ports {",
		"\tmap tcp4 { type inet_service : ipv4_addr . inet_service; }",
		"\tmap tcp6 { type inet_service : ipv6_addr . inet_service; }",
		"\tmap udp4 { type inet_service : ipv4_addr . inet_service; }",
		"\tmap udp6 { type inet_service : ipv6_addr . inet_service; }",
		"\tchain prerouting { type nat hook prerouting priority dstnat; policy accept; }",
		// -100 is dstnat, which older nft does not know by name here.
		"\tchain output { type nat hook output priority -100; policy accept; }",
		"\tchain postrouting { type nat hook postrouting priority srcnat; policy accept; }",
		"}",
		"flush chain inet dock0_ports prerouting",
		"flush chain inet dock0_ports output",
		"flush chain inet dock0_ports postrouting",
		"table inet dock0_ports {",
		"\tchain prerouting {",
		...publish(""),
		"\t}",
		"\tchain output {",
		...publish("ip daddr != 127.0.0.0/8 "),
		"\t}",
		"\tchain postrouting {",
		`\t\tip saddr ${v4} ip daddr != ${v4} masquerade`,
		`\t\tip saddr ${v4} ip daddr ${v4} ct status dnat masquerade`,
		...(masquerade6
			? [`\t\tip6 saddr ${v6} ip6 daddr != ${v6} masquerade`]
			: []),
		`\t\tip6 saddr ${v6} ip6 daddr ${v6} ct status dnat masquerade`,
		"\t}",
		"}",
	];
}

function publish(where: string): string[] {
	const rules = [];
	for (const protocol of ["tcp", "udp"]) {
		rules.push(
			`\t\t${where}fib daddr type local dnat ip to ${protocol} dport map @${protocol}4`,
		);
		const where6 = where ? "ip6 daddr != ::1 " : "";
		rules.push(
			`\t\t${where6}fib daddr type local dnat ip6 to ${protocol} dport map @${protocol}6`,
		);
	}
	return rules;
}

function filterTable(settings: HostSettings, v4: string, v6: string): string[] {
	// Declared first, so that deleting it works also when it is not there.
	const replace = ["table inet dock0", "delete table inet dock0"];
	if (!settings.firewall.enabled) return replace;
	const { ssh, expose, containers } = settings;
	const open: Port[] = [
		{ port: ssh.port, protocol: "tcp", from: ssh.from },
		...expose.map(portOf),
	];
	const published = Object.values(containers)
		.flatMap(({ ports }) => ports)
		.map(({ external, protocol, from }) => ({
			port: external,
			protocol,
			from,
		}));
	return [
		...replace,
		"table inet dock0 {",
		"\tchain input {",
		"\t\ttype filter hook input priority filter; policy drop;",
		"\t\tiif lo accept",
		"\t\tct state established,related accept",
		"\t\tct state invalid drop",
		// ICMP of both families by number: a small root has no /etc/protocols for the names.
		"\t\tmeta l4proto { 1, 58 } accept",
		// Answers of DHCPv6 come from a link-local address and match no connection (RFC 8415, 7.2).
		"\t\tip6 saddr fe80::/10 udp dport 546 accept",
		...open.flatMap((port) => accept(port, "dport")),
		...settings.firewall.rules.map((rule) => `\t\t${rule}`),
		"\t}",
		"\tchain forward {",
		"\t\ttype filter hook forward priority filter; policy drop;",
		"\t\tct state established,related accept",
		"\t\tct state invalid drop",
		// After the translation, what was asked for is only known to the connection.
		...published.flatMap((port) => accept(port, "ct original proto-dst")),
		`\t\tip saddr ${v4} ip daddr != ${v4} accept`,
		`\t\tip6 saddr ${v6} ip6 daddr != ${v6} accept`,
		"\t}",
		"}",
	];
}

/** IANA, protocol numbers. */
const protocolNumbers = { tcp: 6, udp: 17 } as const;

function accept(
	{ port, protocol, from }: Port,
	match: "dport" | "ct original proto-dst",
): string[] {
	const what =
		match === "dport"
			? `${protocol} dport ${port} accept`
			: `ct status dnat meta l4proto ${protocolNumbers[protocol]} ct original proto-dst ${port} accept`;
	if (from.length === 0) return [`\t\t${what}`];
	const { v4, v6 } = byFamily(from);
	return [
		...(v4.length > 0 ? [`\t\tip saddr { ${v4.join(", ")} } ${what}`] : []),
		...(v6.length > 0 ? [`\t\tip6 saddr { ${v6.join(", ")} } ${what}`] : []),
	];
}
