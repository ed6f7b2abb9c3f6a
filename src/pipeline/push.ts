import type { SshTarget } from "../deploy/ssh-target.ts";
import { ExpectedError } from "../system/errors.ts";
import { hostOf } from "./bundle.ts";
import type { Project } from "./project.ts";

/**
 * Where a project's host is reached.
 * @param to in place of `host.push.to`.
 * @throws ExpectedError (exit code 2) when neither says where.
 */
export function targetOf(
	project: Project,
	overrides: { to?: string | undefined; port?: number | undefined } = {},
): SshTarget {
	const { push, domain, hostname, ssh } = hostOf(project);
	const administrator = administratorOf(project);
	const name = domain && `${hostname ?? project.name}.${domain}`;
	const own = administrator && name && `${administrator}@${name}`;
	const destination = overrides.to ?? push.to ?? own;
	if (!destination || destination.startsWith("-"))
		throw new ExpectedError({
			code: "HOST_NOWHERE",
			message: "nothing says where the host is reached",
			hint: "set host.push.to to what ssh takes, e.g. admin@web1.example.org, or give --to",
		});
	return {
		destination,
		port: overrides.port ?? push.port ?? ssh.port,
		options: push.options,
	};
}

/** The first user of a project's host who may become root; undefined when there is none. */
export function administratorOf(project: Project): string | undefined {
	const { users = {} } = project.config.value.host ?? {};
	return Object.entries(users).find(([, { sudo }]) => sudo)?.[0];
}
