import { type BundleFile, textFile } from "./bundle-file.ts";
import type { HostSettings, UserSettings } from "./schema.ts";

/** A user with everything decided. */
interface User extends UserSettings {
	name: string;
	uid: number;
}

/** Gives each user without a number the lowest free one from 1000, in the order of writing. */
export function numberUsers(users: HostSettings["users"]): User[] {
	const taken = new Set(
		Object.values(users).flatMap(({ uid }) => (uid === undefined ? [] : [uid])),
	);
	let next = 1000;
	return Object.entries(users).map(([name, user]) => {
		if (user.uid !== undefined) return { ...user, name, uid: user.uid };
		while (taken.has(next)) next += 1;
		taken.add(next);
		return { ...user, name, uid: next };
	});
}

/**
 * The users' list that /usr/lib/dock0/users merges into the root's passwd(5), group(5) and shadow(5) at
 * boot, their ssh keys and sudoers(5). A bundle cannot bring a passwd file: it would hide the root's.
 * @param keys public keys by user.
 */
export function userFiles(
	users: HostSettings["users"],
	keys: Readonly<Record<string, readonly string[]>>,
): BundleFile[] {
	const list = numberUsers(users);
	const administrators = list.filter(({ sudo }) => sudo);
	return [
		textFile(
			"/etc/dock0/users",
			list.map(({ name, uid, fullName, home, shell, groups, passwordHash }) =>
				[
					name,
					uid,
					fullName,
					home ?? `/home/${name}`,
					shell,
					groups.join(","),
					// "!*" is no hash of anything, and unlike "!" alone does not count as an account that sshd refuses.
					passwordHash ?? "!*",
				].join(":"),
			),
			0o600,
		),
		...list
			.filter(({ name }) => keys[name]?.length)
			.map(({ name }) =>
				textFile(`/etc/ssh/authorized_keys.d/${name}`, keys[name] ?? []),
			),
		...(administrators.length > 0
			? [
					{ path: "/etc/sudoers.d", folder: true, mode: 0o750 } as const,
					textFile(
						"/etc/sudoers.d/dock0",
						administrators.map(
							({ name }) => `${name} ALL=(ALL:ALL) NOPASSWD: ALL`,
						),
						0o440,
					),
				]
			: []),
	];
}

/** The server's settings; the first of a keyword counts, and 10- are the root's own: sshd_config(5). */
export function sshFiles({ ssh }: HostSettings): BundleFile[] {
	return [
		textFile("/etc/ssh/sshd_config.d/20-dock0-host.conf", [
			`Port ${ssh.port}`,
			...ssh.listen.map((address) => `ListenAddress ${address}`),
		]),
	];
}
