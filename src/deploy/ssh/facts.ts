import { stepFailure } from "../../system/errors.ts";

/** A partition of a server's disk; numbers are sectors of 512 bytes. */
export interface Part {
	name: string;
	start: number;
	sectors: number;
	/** Of a GPT. */
	label: string;
	/** Where it is mounted, itself or what lies on it; "/" goes first. */
	mount?: string;
}

export interface Disk {
	name: string;
	/** By which the installer knows it again (identity.sh). */
	identity: string;
	sectors: number;
	/** Bytes of the blocks by which it is addressed. */
	block: number;
	/** Whether its first MiB holds anything. */
	used: boolean;
	parts: Part[];
	mount?: string;
}

/** What profiles/ssh/look.sh tells of a server. */
export interface Facts {
	arch: string;
	kernel: string;
	host: string;
	/** A new one at each boot: random(4). */
	boot: string;
	/** KiB: of the machine, what could be had of it now, and what fits into /var/tmp. */
	memory: number;
	available: number;
	room: number;
	/** `undefined`: the kernel cannot; "1": switched off until the next boot. */
	kexec: string | undefined;
	/** "none", or why the kernel starts nothing that is not signed. */
	lockdown: string;
	/** Its sshd's own port. */
	port: number;
	consoles: string[];
	network: {
		/** MAC address of the card with the default route, or empty. */
		link: string;
		addresses: string[];
		routers: string[];
		dynamic: boolean;
	};
	/** What the config's disk leads to; empty when it names none. */
	target: string;
	/** Whether it is a dock0 host that was started from a slot of its disk. */
	isHost: boolean;
	disks: Disk[];
}

/** @throws ExpectedError SSH_STRANGE_ANSWER when essential lines are missing. */
export function parseFacts(text: string): Facts {
	const values = new Map<string, string[]>();
	for (const line of text.split("\n")) {
		const at = line.indexOf("=");
		if (at < 0) continue;
		const key = line.slice(0, at);
		values.set(key, [...(values.get(key) ?? []), line.slice(at + 1).trim()]);
	}
	const all = (key: string): string[] => values.get(key) ?? [];
	const one = (key: string): string => all(key)[0] ?? "";
	if (one("boot") === "" || one("memory") === "" || one("arch") === "")
		throw stepFailure({
			code: "SSH_STRANGE_ANSWER",
			message: "the server told nothing that makes sense about itself",
			hint: `is it Linux, with a plain shell for root? It said: ${text.slice(0, 200)}`,
		});
	const mounts = new Map<string, string>();
	for (const line of all("mount")) {
		const [device = "", folder = ""] = line.split(" ");
		if (mounts.get(device) !== "/") mounts.set(device, folder);
	}
	const blocks = new Map(
		all("block").map((line) => {
			const [name = "", bytes] = line.split(" ");
			return [name, Number(bytes)];
		}),
	);
	const mounted = (name: string): { mount?: string } => {
		const mount = mounts.get(name);
		return mount === undefined ? {} : { mount };
	};
	const parts = all("part").map((line) => {
		const [disk = "", name = "", start, sectors, ...label] = line.split(" ");
		return {
			disk,
			part: {
				name,
				start: Number(start),
				sectors: Number(sectors),
				label: label.join(" "),
				...mounted(name),
			},
		};
	});
	return {
		arch: one("arch"),
		kernel: one("kernel"),
		host: one("host"),
		boot: one("boot"),
		memory: Number(one("memory")),
		available: Number(one("available")),
		room: Number(one("room")),
		kexec: values.has("kexec") ? one("kexec") : undefined,
		lockdown: one("lockdown") || "none",
		port: Number(one("port")) || 22,
		consoles: all("console"),
		network: {
			link: one("link"),
			addresses: [...new Set(all("address"))],
			routers: [...new Set(all("router"))],
			dynamic: values.has("dynamic"),
		},
		target: one("target"),
		isHost: values.has("slot"),
		disks: all("disk").map((line) => {
			const [name = "", identity = ""] = line.split(" ");
			return {
				name,
				identity,
				sectors: Number(identity.split("/")[0]),
				block: blocks.get(name) ?? 512,
				used: all("used").includes(name),
				parts: parts
					.filter(({ disk }) => disk === name)
					.map(({ part }) => part)
					.sort((a, b) => a.start - b.start),
				...mounted(name),
			};
		}),
	};
}
