import { type BundleFile, textFile, wantedBy } from "./bundle-file.ts";
import type { HostSettings, Init } from "./schema.ts";

/** Time servers, kernel settings and modules, swap, serial logins. */
export function systemFiles(settings: HostSettings, init: Init): BundleFile[] {
	const { ntp, sysctl, modules, serialGetty } = settings;
	const values = Object.entries(sysctl);
	return [
		...(ntp.length > 0 ? [timeFile(ntp, init)] : []),
		...(values.length > 0
			? [
					textFile(
						"/etc/sysctl.d/90-dock0.conf",
						values.map(([key, value]) => `${key} = ${value}`),
					),
				]
			: []),
		...(modules.length > 0
			? [textFile("/etc/modules-load.d/dock0.conf", modules)]
			: []),
		...swapFiles(settings.swap),
		...(serialGetty ? gettyFiles(serialGetty, init) : []),
	];
}

function timeFile(servers: readonly string[], init: Init): BundleFile {
	// ntpd.conf(5) of openntpd: a name that stands for several servers gives them all.
	if (init === "s6")
		return textFile(
			"/etc/openntpd/ntpd.conf",
			servers.map((server) => `servers ${server}`),
		);
	return textFile("/etc/systemd/timesyncd.conf.d/dock0.conf", [
		"[Time]",
		`NTP=${servers.join(" ")}`,
	]);
}

function swapFiles({ zram, file }: HostSettings["swap"]): BundleFile[] {
	if (!zram && !file) return [];
	return [
		textFile("/etc/dock0/swap", [
			...(zram ? [`zram ${zram}`] : []),
			...(file ? [`file ${file.size} ${file.path}`] : []),
		]),
	];
}

/** systemd-getty-generator(8) starts one on the kernel's console, unless that unit is masked. */
function gettyFiles(lines: readonly string[], init: Init): BundleFile[] {
	if (init === "s6") return [textFile("/etc/dock0/serial-getty", lines)];
	return [
		...(lines.includes("ttyS0")
			? []
			: [
					{
						path: "/etc/systemd/system/serial-getty@ttyS0.service",
						link: "/dev/null",
					},
				]),
		...lines.map((line) =>
			wantedBy("getty.target", `serial-getty@${line}.service`),
		),
	];
}
