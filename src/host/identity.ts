import { type BundleFile, textFile } from "./bundle-file.ts";
import type { HostSettings } from "./schema.ts";

/** Host name, hosts file, time zone and locale: hostname(5), hosts(5), localtime(5), locale.conf(5). */
export function identityFiles(
	settings: HostSettings,
	hostname: string,
): BundleFile[] {
	const { domain, timezone, locale, network } = settings;
	const names = domain ? `${hostname}.${domain} ${hostname}` : hostname;
	return [
		textFile("/etc/hostname", [hostname]),
		// Tells the running host that this name was chosen, and no other from outside counts.
		...(settings.hostname
			? [textFile("/etc/dock0/hostname", [settings.hostname])]
			: []),
		textFile("/etc/hosts", [
			"127.0.0.1 localhost",
			"::1 localhost ip6-localhost ip6-loopback",
			// Debian's way: a host name that resolves before the network is there.
			`127.0.1.1 ${names}`,
			...Object.entries(network.hosts).map(
				([address, all]) => `${address} ${all.join(" ")}`,
			),
		]),
		{ path: "/etc/localtime", link: `../usr/share/zoneinfo/${timezone}` },
		textFile("/etc/timezone", [timezone]),
		textFile("/etc/locale.conf", [`LANG=${locale}`]),
		// Read by pam_env on Debian.
		textFile("/etc/default/locale", [`LANG=${locale}`]),
	];
}
