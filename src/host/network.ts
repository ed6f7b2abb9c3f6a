import { addressFamily, byFamily } from "./addresses.ts";
import { type BundleFile, textFile } from "./bundle-file.ts";
import type { HostSettings, InterfaceSettings } from "./schema.ts";

export type Network = HostSettings["network"];

/** systemd.network(5), systemd.netdev(5), systemd.link(5) and resolved.conf(5). */
export function networkFiles(
	network: Network,
	domain: string | undefined,
): BundleFile[] {
	const search = searchOf(network, domain);
	return [
		...Object.entries(network.interfaces).flatMap(([name, settings]) =>
			interfaceFiles(name, settings, network.interfaces),
		),
		...(network.unlisted === "ignore"
			? [
					{
						path: "/etc/systemd/network/80-dock0-dhcp.network",
						link: "/dev/null",
					},
				]
			: []),
		...(network.dns.length > 0 || search.length > 0
			? [
					textFile("/etc/systemd/resolved.conf.d/dock0.conf", [
						"[Resolve]",
						...(network.dns.length > 0 ? [`DNS=${network.dns.join(" ")}`] : []),
						...(search.length > 0 ? [`Domains=${search.join(" ")}`] : []),
					]),
				]
			: []),
	];
}

/** The domains to try for short names. */
export function searchOf(
	network: Network,
	domain: string | undefined,
): readonly string[] {
	if (network.search.length > 0) return network.search;
	return domain ? [domain] : [];
}

/** Whether routers may give an interface addresses: not by default when it has an IPv6 gateway of its own. */
export function acceptsAdvertisements(settings: InterfaceSettings): boolean {
	return (
		settings.acceptRouterAdvertisements ??
		byFamily(settings.gateways).v6.length === 0
	);
}

function interfaceFiles(
	name: string,
	settings: InterfaceSettings,
	all: Network["interfaces"],
): BundleFile[] {
	const files = [
		textFile(
			`/etc/systemd/network/10-dock0-${name}.network`,
			networkUnit(name, settings, all),
		),
	];
	if (settings.mac)
		files.push(
			textFile(`/etc/systemd/network/10-dock0-${name}.link`, [
				"[Match]",
				// Not a VLAN or bridge above it, which has the same address.
				`PermanentMACAddress=${settings.mac}`,
				"",
				"[Link]",
				`Name=${name}`,
			]),
		);
	if (settings.vlan)
		files.push(
			textFile(`/etc/systemd/network/10-dock0-${name}.netdev`, [
				"[NetDev]",
				`Name=${name}`,
				"Kind=vlan",
				"",
				"[VLAN]",
				`Id=${settings.vlan.id}`,
			]),
		);
	if (settings.bridge)
		files.push(
			textFile(`/etc/systemd/network/10-dock0-${name}.netdev`, [
				"[NetDev]",
				`Name=${name}`,
				"Kind=bridge",
			]),
		);
	return files;
}

function networkUnit(
	name: string,
	settings: InterfaceSettings,
	all: Network["interfaces"],
): string[] {
	const { addresses, gateways, dns, mtu } = settings;
	const vlans = Object.entries(all)
		.filter(([, { vlan }]) => vlan?.parent === name)
		.map(([vlan]) => `VLAN=${vlan}`);
	const bridges = Object.entries(all)
		.filter(([, { bridge }]) => bridge?.includes(name))
		.map(([bridge]) => `Bridge=${bridge}`);
	const isPort = bridges.length > 0;
	return [
		"[Match]",
		...(settings.mac
			? [`PermanentMACAddress=${settings.mac}`]
			: [`Name=${name}`]),
		"",
		"[Link]",
		...(mtu === undefined ? [] : [`MTUBytes=${mtu}`]),
		`RequiredForOnline=${settings.required && !isPort ? "yes" : "no"}`,
		"",
		"[Network]",
		...bridges,
		...vlans,
		`DHCP=${dhcp(settings.dhcp)}`,
		`IPv6AcceptRA=${acceptsAdvertisements(settings) && !isPort ? "yes" : "no"}`,
		...(isPort ? ["LinkLocalAddressing=no"] : []),
		// An empty bridge has no carrier, and its address is wanted all the same.
		...(settings.bridge ? ["ConfigureWithoutCarrier=yes"] : []),
		...dns.map((address) => `DNS=${address}`),
		...addresses.flatMap((address) => ["", "[Address]", `Address=${address}`]),
		...gateways.flatMap((gateway) => [
			"",
			"[Route]",
			`Gateway=${gateway}`,
			// Providers hand out gateways outside of the address's own prefix.
			...(isLinkLocal(gateway) ? [] : ["GatewayOnLink=yes"]),
		]),
		...(settings.dhcp ? ["", "[DHCPv4]", "UseHostname=no"] : []),
	];
}

function isLinkLocal(address: string): boolean {
	return addressFamily(address) === 6 && /^fe[89ab]/i.test(address);
}

function dhcp(wanted: InterfaceSettings["dhcp"]): string {
	if (wanted === "v4") return "ipv4";
	if (wanted === "v6") return "ipv6";
	return wanted ? "yes" : "no";
}
