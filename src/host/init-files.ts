import type { ProblemDetails } from "../system/errors.ts";
import type { Init } from "./schema.ts";

/**
 * A problem when a file is for another init than the host's, which would never read it.
 * @param key of the config that brings the file.
 * @param path of the file in the host.
 */
export function initProblem(
	key: string,
	path: string,
	init: Init,
): ProblemDetails | undefined {
	const found: Init | undefined = /^\/(etc|(usr\/)?lib)\/systemd\//.test(path)
		? "systemd"
		: /^\/etc\/s6\//.test(path)
			? "s6"
			: undefined;
	if (found === undefined || found === init) return undefined;
	return {
		code: "INIT_FOREIGN_FILE",
		message: `${key}: ${path} is for ${found}, but this host's init is ${init}`,
		hint:
			init === "s6"
				? "put a folder with an executable `run` into /etc/s6/services (docs/init.md), or use a profile with systemd, such as dock0/debian"
				: "write a unit in /etc/systemd/system, or use a profile with s6, such as dock0/s6",
	};
}
