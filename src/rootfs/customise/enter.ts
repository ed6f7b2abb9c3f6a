import type { Command } from "../schema.ts";

/** What programs inside the root see of the environment; this machine's stays outside. */
export const chrootEnvironment = {
	PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	HOME: "/root",
	LANG: "C.UTF-8",
	TERM: "dumb",
	DEBIAN_FRONTEND: "noninteractive",
} as const;

/** Shell text becomes the words that run it; a list of words stays. A failing line ends the text. */
export function commandWords(command: Command | readonly string[]): string[] {
	return typeof command === "string"
		? ["/bin/sh", "-ec", command]
		: [...command];
}

/**
 * POSIX sh that lets programs inside the root `$1` look up names as this machine does, and takes that
 * back. A file of the root's own stays in place, covered.
 */
export const resolverScript = `
cover_resolver() {
	file=$1/etc/resolv.conf
	[ -r /etc/resolv.conf ] && [ -d "$1/etc" ] || return 0
	if [ -L "$file" ]; then
		# systemd-resolved links into /run, which is a tmpfs of ours now.
		case $(readlink "$file") in
			/run/*|../run/*) target=$1/run/$(readlink "$file" | sed 's|^[./]*run/||') ;;
			*) return 0 ;;
		esac
		mkdir -p "\${target%/*}"
		cp /etc/resolv.conf "$target"
		return 0
	fi
	if [ ! -e "$file" ]; then
		: > "$file"
		: > "$1/run/dock0-made-resolv.conf"
	fi
	mount --bind /etc/resolv.conf "$file"
}
uncover_resolver() {
	file=$1/etc/resolv.conf
	[ ! -L "$file" ] || return 0
	umount --lazy "$file" 2>/dev/null || return 0
	[ ! -e "$1/run/dock0-made-resolv.conf" ] || [ -s "$file" ] || rm -f "$file"
}
`;
