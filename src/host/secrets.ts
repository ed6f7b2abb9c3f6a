import type { HostSettings } from "./schema.ts";

/** Values that are secret by their place, even when a layer holds them as plain text. */
export function secretsOf(host: HostSettings | undefined): string[] {
	if (!host) return [];
	const inContainers = Object.values(host.containers).flatMap(({ secrets }) =>
		Object.values(secrets).map((secret) =>
			typeof secret === "string" ? secret : secret.value,
		),
	);
	const passwords = Object.values(host.docker.registries).map(
		({ password }) => password,
	);
	const hashes = Object.values(host.users).flatMap(({ passwordHash }) =>
		passwordHash === undefined ? [] : [passwordHash],
	);
	return [...inContainers, ...passwords, ...hashes];
}
