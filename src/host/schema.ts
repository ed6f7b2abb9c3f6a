import * as z from "zod";
import { addressFamily, prefixFamily } from "./addresses.ts";
import { containersSchema } from "./schema-containers.ts";
import { cidr, portSchema, sourcePath } from "./schema-parts.ts";

/** What the host's services are written for. */
export const initSchema = z.enum(["systemd", "s6"]);

export type Init = z.output<typeof initSchema>;

const address = z
	.string()
	.refine((text) => addressFamily(text) !== 0, "an IPv4 or IPv6 address");

const addressWithLength = z
	.string()
	.refine(
		(text) => prefixFamily(text) !== 0,
		"an address with its prefix length, e.g. 192.0.2.10/24 or 2001:db8::10/64",
	);

const domainName = z
	.string()
	.max(253)
	.regex(
		/^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$/,
		"a domain name such as example.org",
	);

const userName = z
	.string()
	.regex(
		/^[a-z_][a-z0-9_-]{0,30}$/,
		"a user name has small letters, digits, _ and -, and at most 31 of them",
	)
	.refine((name) => name !== "root", "root is there already");

const sshKeySchema = z.union([
	z
		.string()
		.regex(
			/^(ssh-|ecdsa-|sk-)[\w@.-]+ [A-Za-z0-9+/]+=*( [^\r\n]*)?$/,
			"a public key on one line, as in id_ed25519.pub",
		),
	z.strictObject({
		file: sourcePath.describe("file with public keys, one a line"),
	}),
	z.strictObject({
		url: z
			.url({ protocol: /^https?$/ })
			.describe(
				"fetched at the first build and kept until `dock0 config --refresh`",
			),
	}),
]);

const userSchema = z.strictObject({
	uid: z
		.int()
		.min(1000)
		.max(59_999)
		.optional()
		.describe(
			"number of the user and its group; default the next free one from 1000 in the order of writing",
		),
	fullName: z
		.string()
		.regex(/^[^:\r\n]*$/, "no colons and no line breaks")
		.default("")
		.describe("name of the person"),
	groups: z
		.array(z.string().regex(/^[a-z_][a-z0-9_-]*$/, "a group's name"))
		.default([])
		.describe("further groups that the root has, e.g. docker"),
	shell: z
		.string()
		.regex(/^\/[^:\s]+$/, "an absolute path")
		.default("/bin/bash")
		.describe("login shell"),
	home: z
		.string()
		.regex(/^\/[^:\s]+$/, "an absolute path")
		.optional()
		.describe(
			"home folder, default /home/NAME; it survives reboots only when state.paths says so",
		),
	sshKeys: z
		.array(sshKeySchema)
		.default([])
		.describe("public keys that may log in: text, {file} or {url}"),
	sudo: z
		.boolean()
		.default(false)
		.describe(
			"may become root by sudo, without a password since there is none",
		),
	passwordHash: z
		.string()
		.regex(/^\$[^:\s]+$/, "a crypt(5) hash, e.g. from `openssl passwd -6`")
		.optional()
		.describe(
			"for the serial console; ssh takes keys only. Default: none fits",
		),
});

const sshSchema = z.strictObject({
	port: z.int().min(1).max(65_535).default(22).describe("TCP port of sshd"),
	listen: z
		.array(address)
		.default([])
		.describe("addresses to listen on; default all"),
	from: z
		.array(cidr)
		.default([])
		.describe("networks that may reach it; default all"),
});

const interfaceName = z
	.string()
	.regex(
		/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,14}$/,
		"a name of at most 15 characters",
	);

const interfaceSchema = z.strictObject({
	mac: z
		.string()
		.regex(/^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/, "e.g. 52:54:00:12:34:56")
		.optional()
		.describe(
			"finds the interface by its address; the key is then its new name",
		),
	dhcp: z
		.union([z.boolean(), z.enum(["v4", "v6"])])
		.default(false)
		.describe("ask for an address: both families, one, or none"),
	acceptRouterAdvertisements: z
		.boolean()
		.optional()
		.describe(
			"IPv6 addresses and routes from routers; default: on without a static IPv6 gateway",
		),
	addresses: z
		.array(addressWithLength)
		.default([])
		.describe("static addresses with prefix length, of both families"),
	gateways: z
		.array(address)
		.default([])
		.describe(
			"default routes, one for each family; they may lie outside of the prefix",
		),
	dns: z.array(address).default([]).describe("name servers of this link"),
	mtu: z.int().min(576).max(65_535).optional().describe("bytes"),
	required: z
		.boolean()
		.default(true)
		.describe("whether the network counts as online only with it"),
	vlan: z
		.strictObject({
			id: z.int().min(1).max(4094).describe("VLAN number"),
			parent: interfaceName.describe("the interface that carries it"),
		})
		.optional()
		.describe("makes this a VLAN on another interface"),
	bridge: z
		.array(interfaceName)
		.optional()
		.describe("makes this a bridge of these interfaces"),
});

const networkSchema = z.strictObject({
	interfaces: z
		.record(interfaceName, interfaceSchema)
		.default({})
		.describe("by name; without any, every wired interface asks by DHCP"),
	unlisted: z
		.enum(["dhcp", "ignore"])
		.default("dhcp")
		.describe("what happens to wired interfaces that are not listed"),
	dns: z.array(address).default([]).describe("name servers for everything"),
	search: z
		.array(domainName)
		.default([])
		.describe("domains to try for short names; default `host.domain`"),
	hosts: z
		.record(address, z.array(domainName))
		.default({})
		.describe("further lines of /etc/hosts: address to names"),
});

const firewallSchema = z.strictObject({
	enabled: z
		.boolean()
		.default(true)
		.describe(
			"drop what comes in unless it is declared; without it only the containers' addresses are translated",
		),
	rules: z
		.array(
			z.string().regex(/^[^\r\n{}]*(\{[^\r\n{}]*\})?[^\r\n{}]*$/, "one rule"),
		)
		.default([])
		.describe(
			"further nftables rules of the input chain, e.g. `ip protocol vrrp accept`",
		),
});

const swapSchema = z.strictObject({
	zram: z
		.string()
		.regex(
			/^([1-9]\d?%|100%|[1-9]\d*[MG])$/,
			'a size such as "512M" or a share of memory such as "50%"',
		)
		.optional()
		.describe("compressed memory used as swap"),
	file: z
		.strictObject({
			path: z
				.string()
				.regex(/^\/[^\s"'\\]+$/, "an absolute path without spaces")
				.describe("on the state volume, e.g. /var/lib/dock0/swap"),
			size: z
				.string()
				.regex(/^[1-9]\d*[MG]$/, 'a size such as "1G"')
				.describe("its size"),
		})
		.optional()
		.describe("a swap file, made when it is missing"),
});

const fileSchema = z
	.strictObject({
		text: z.string().optional().describe("its content"),
		from: sourcePath.optional().describe("a file of this machine"),
		mode: z
			.string()
			.regex(/^[0-7]{3,4}$/, "three or four octal digits")
			.default("0644")
			.describe("permission bits"),
		uid: z.int().min(0).default(0).describe("owner, by number"),
		gid: z.int().min(0).default(0).describe("group, by number"),
	})
	.refine(
		({ text, from }) => (text === undefined) !== (from === undefined),
		"either text or from",
	);

const pushSchema = z.strictObject({
	to: z
		.string()
		.regex(
			/^[^-\s][^\s]*$/,
			"a destination for ssh, e.g. admin@web1.example.org",
		)
		.optional()
		.describe(
			"where `dock0 push` finds the host; default `host.hostname` with `host.domain`",
		),
	port: z
		.int()
		.min(1)
		.max(65_535)
		.optional()
		.describe("default `host.ssh.port`"),
	options: z
		.array(z.string())
		.default([])
		.describe("further arguments for ssh, e.g. [-i, ./key]"),
	confirmSeconds: z
		.int()
		.min(5)
		.max(3600)
		.default(60)
		.describe(
			"a pushed bundle is undone when the host could not be reached again within this time",
		),
});

const sysctlValue = z.union([
	z.int(),
	z.string().regex(/^[^\r\n]+$/, "one line"),
]);

/** What makes this host another than its neighbours; becomes its bundle. */
export const hostSchema = z.strictObject({
	hostname: z
		.string()
		.regex(
			/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
			"small letters, digits and hyphens, at most 63",
		)
		.optional()
		.describe("default: the name of the release"),
	domain: domainName
		.optional()
		.describe("makes the full name, and is searched for short names"),
	timezone: z
		.string()
		.regex(/^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*$/, "e.g. Europe/Berlin")
		.default("UTC")
		.describe("a name below /usr/share/zoneinfo"),
	locale: z
		.string()
		.regex(/^[A-Za-z0-9_.@-]+$/, "e.g. C.UTF-8")
		.default("C.UTF-8")
		.describe("a locale that the root has"),
	users: z
		.record(userName, userSchema)
		.default({})
		.describe("people who log in; root does not"),
	ssh: sshSchema.prefault({}).describe("the ssh server"),
	network: networkSchema.prefault({}).describe("interfaces, addresses, names"),
	firewall: firewallSchema.prefault({}).describe("what may come in"),
	expose: z
		.array(portSchema)
		.default([])
		.describe(
			'ports of the host, or published by Docker, that may be reached: 443, "53/udp", or {port, protocol, from}',
		),
	ntp: z
		.array(z.union([address, domainName]))
		.default([])
		.describe("time servers; default those of the distribution"),
	sysctl: z
		.record(
			z.string().regex(/^[\w.*/-]+$/, "e.g. net.core.somaxconn"),
			sysctlValue,
		)
		.default({})
		.describe("kernel settings, e.g. {vm.swappiness: 10}"),
	modules: z
		.array(z.string().regex(/^[\w-]+$/, "a module's name"))
		.default([])
		.describe("kernel modules to load"),
	swap: swapSchema
		.prefault({})
		.describe("where memory goes that is not needed now"),
	serialGetty: z
		.array(z.string().regex(/^tty[A-Za-z]+\d+$/, "e.g. ttyS0"))
		.optional()
		.describe(
			"serial lines with a login prompt; default: the one of the kernel's console; [] for none",
		),
	...containersSchema,
	files: z
		.record(
			z
				.string()
				.regex(/^\/[^\0]+$/, "an absolute path")
				.refine((path) => !path.split("/").includes(".."), "no .. in it"),
			fileSchema,
		)
		.default({})
		.describe("further files of this host, by path"),
	push: pushSchema
		.prefault({})
		.describe("how `dock0 push`, `status` and `rollback` reach the host"),
});

export type HostSettings = z.output<typeof hostSchema>;
export type UserSettings = HostSettings["users"][string];
export type InterfaceSettings = HostSettings["network"]["interfaces"][string];
export type SshKey = UserSettings["sshKeys"][number];
