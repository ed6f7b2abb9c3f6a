import { shellWord } from "../system/shell-word.ts";
import { type BundleFile, textFile } from "./bundle-file.ts";
import { acceptsAdvertisements, type Network, searchOf } from "./network.ts";

/**
 * What the service `network` of profiles/s6 reads: lines of shell that call its functions, devices before
 * what lies on them, and the lines that dhcpcd keeps at the head of resolv.conf(5).
 */
export function s6NetworkFiles(
	network: Network,
	domain: string | undefined,
): BundleFile[] {
	const interfaces = Object.entries(network.interfaces);
	const line = (...words: readonly string[]): string =>
		words.map(shellWord).join(" ");
	const lines = [
		`unlisted=${network.unlisted}`,
		...interfaces.flatMap(([name, { mac }]) =>
			mac ? [line("rename", mac.toLowerCase(), name)] : [],
		),
		...interfaces.flatMap(([name, { bridge }]) =>
			bridge ? [line("bridge", name, ...bridge)] : [],
		),
		...interfaces.flatMap(([name, { vlan }]) =>
			vlan ? [line("vlan", name, vlan.parent, String(vlan.id))] : [],
		),
		...interfaces.flatMap(([name, settings]) => {
			const port = interfaces.some(([, { bridge }]) => bridge?.includes(name));
			return [
				line(
					"interface",
					name,
					settings.mtu === undefined ? "" : String(settings.mtu),
					acceptsAdvertisements(settings) && !port ? "yes" : "no",
				),
				...settings.addresses.map((address) => line("address", name, address)),
				...settings.gateways.map((gateway) => line("gateway", name, gateway)),
				...(settings.dhcp
					? [line("ask", name, settings.dhcp === true ? "" : settings.dhcp)]
					: []),
			];
		}),
	];
	const servers = [...network.dns, ...interfaces.flatMap(([, { dns }]) => dns)];
	const search = searchOf(network, domain);
	return [
		textFile("/etc/dock0/network", lines),
		...(servers.length > 0 || search.length > 0
			? [
					textFile("/etc/resolv.conf.head", [
						...(search.length > 0 ? [`search ${search.join(" ")}`] : []),
						...new Set(servers.map((server) => `nameserver ${server}`)),
					]),
				]
			: []),
	];
}
