import { ExpectedError, type ProblemDetails } from "../system/errors.ts";
import { sha256 } from "../system/files.ts";
import type { BundleFile } from "./bundle-file.ts";
import { composeFiles } from "./compose.ts";
import { containerFiles } from "./containers.ts";
import { containerNetworks, dockerFiles } from "./docker.ts";
import { firewallFiles } from "./firewall.ts";
import { identityFiles } from "./identity.ts";
import { initProblem } from "./init-files.ts";
import { networkFiles } from "./network.ts";
import { s6NetworkFiles } from "./network-s6.ts";
import type { HostSettings, Init } from "./schema.ts";
import type { HostSources } from "./sources.ts";
import { systemFiles } from "./system-files.ts";
import { numberUsers, sshFiles, userFiles } from "./users.ts";

/**
 * All files of a host's bundle, by path.
 * @param about.name of the release; the host's name unless the settings have one.
 * @param about.init what the root runs, for which services are written.
 * @throws ExpectedError (exit code 2) with everything that does not fit together.
 */
export function bundleFiles(
	settings: HostSettings,
	sources: HostSources,
	{ name, init }: { name: string; init: Init },
): BundleFile[] {
	const problems = [
		...contradictions(settings),
		...foreignFiles(settings, init),
	];
	if (problems.length > 0) throw new ExpectedError(problems);
	const hostname = settings.hostname ?? name;
	const networks = containerNetworks(
		settings.docker,
		sha256(`${hostname}.${settings.domain ?? ""}`),
	);
	const files = [
		...identityFiles(settings, hostname),
		...userFiles(settings.users, sources.keys),
		...sshFiles(settings),
		...(init === "s6" ? s6NetworkFiles : networkFiles)(
			settings.network,
			settings.domain,
		),
		...systemFiles(settings, init),
		...firewallFiles(settings, networks),
		...dockerFiles(settings.docker, networks),
		...Object.entries(settings.containers).flatMap(([container, value]) =>
			containerFiles(
				container,
				value,
				sources.containers[container] ?? {},
				networks.v6,
				init,
			),
		),
		...Object.entries(sources.compose).flatMap(([project, value]) =>
			composeFiles(project, value, init),
		),
		...sources.images.map(({ file }) => file),
		...ownFiles(settings.files, sources.files),
	];
	// A file of the user's own takes the place of a made one.
	return [...new Map(files.map((file) => [file.path, file])).values()].sort(
		(a, b) => (a.path < b.path ? -1 : 1),
	);
}

function ownFiles(
	files: HostSettings["files"],
	contents: HostSources["files"],
): BundleFile[] {
	return Object.entries(files).map(([path, { text, mode, uid, gid }]) => ({
		path,
		content: text ?? contents[path] ?? "",
		mode: Number.parseInt(mode, 8),
		uid,
		gid,
	}));
}

/** Files of the host's own that its init would never read. */
function foreignFiles({ files }: HostSettings, init: Init): ProblemDetails[] {
	return Object.keys(files).flatMap((path) => {
		const problem = initProblem(`host.files.${path}`, path, init);
		return problem ? [problem] : [];
	});
}

/** What each value alone does not show: two users of one number, one port for two containers. */
function contradictions(settings: HostSettings): ProblemDetails[] {
	const { users, containers, network } = settings;
	const problem = (message: string, hint?: string): ProblemDetails => ({
		code: "HOST_CONTRADICTION",
		message,
		...(hint ? { hint } : {}),
	});
	return [
		...twice(
			numberUsers(users).map(({ name, uid }) => [String(uid), name]),
		).map(([uid, names]) =>
			problem(`host.users: ${names.join(" and ")} have the same uid ${uid}`),
		),
		...twice(
			Object.entries(containers).flatMap(([name, { ports }]) =>
				ports.map(
					({ external, protocol }) =>
						[`${external}/${protocol}`, name] as const,
				),
			),
		).map(([port, names]) =>
			problem(`host.containers: ${names.join(" and ")} both want port ${port}`),
		),
		...Object.entries(containers)
			.flatMap(([name, { ports }]) => ports.map((port) => ({ name, ...port })))
			.filter(
				({ external, protocol }) =>
					protocol === "tcp" && external === settings.ssh.port,
			)
			.map(({ name, external }) =>
				problem(
					`host.containers.${name} takes port ${external}, at which ssh listens`,
					"give one of them another port; without ssh no dock0 push is possible",
				),
			),
		...Object.entries(containers).flatMap(([name, { depends }]) =>
			depends
				.filter((other) => !(other in containers))
				.map((other) =>
					problem(
						`host.containers.${name}.depends names ${other}, which is no container`,
					),
				),
		),
		...circles(containers).map((circle) =>
			problem(
				`host.containers depend on each other in a circle: ${circle.join(" → ")}`,
			),
		),
		...Object.entries(network.interfaces).flatMap(([name, { vlan }]) =>
			vlan && !(vlan.parent in network.interfaces)
				? [
						problem(
							`host.network.interfaces.${name}: its parent ${vlan.parent} is not listed`,
							`add ${vlan.parent}: {} to host.network.interfaces`,
						),
					]
				: [],
		),
		...Object.entries(network.interfaces).flatMap(([name, { bridge }]) =>
			(bridge ?? [])
				.filter((member) => !(member in network.interfaces))
				.map((member) =>
					problem(
						`host.network.interfaces.${name}: its member ${member} is not listed`,
						`add ${member}: {} to host.network.interfaces`,
					),
				),
		),
	];
}

/** The keys that stand with more than one value. */
function twice(
	pairs: readonly (readonly [string, string])[],
): [string, string[]][] {
	const values = new Map<string, string[]>();
	for (const [key, value] of pairs)
		values.set(key, [...(values.get(key) ?? []), value]);
	return [...values].filter(([, all]) => all.length > 1);
}

/** A path of dependencies that comes back to its start, if there is one. */
function circles(containers: HostSettings["containers"]): string[][] {
	const done = new Set<string>();
	const visit = (name: string, path: readonly string[]): string[][] => {
		const at = path.indexOf(name);
		if (at >= 0) return [[...path.slice(at), name]];
		if (done.has(name)) return [];
		const found = (containers[name]?.depends ?? []).flatMap((next) =>
			visit(next, [...path, name]),
		);
		done.add(name);
		return found;
	};
	return Object.keys(containers).flatMap((name) => visit(name, []));
}
