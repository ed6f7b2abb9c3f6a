import { existsSync, realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineBackend } from "../backend.ts";
import { describeArch, extractArch, unpackArch } from "./extract.ts";
import { fetchArch } from "./fetch.ts";
import { installArch } from "./install.ts";
import type { ArchRepository } from "./schema.ts";

/** Arch and what follows its package format, by pacman(8). */
export const archBackend = defineBackend({
	name: "arch",
	inputs({ arch }) {
		return {
			values: {
				repositories: arch.repositories,
				sigLevel: arch.sigLevel,
				architecture: arch.architecture,
			},
			paths: {
				keyring: arch.keyring.files,
				databases: arch.repositories.flatMap((repository) =>
					localDatabases(repository, arch.architecture),
				),
			},
			tools: ["pacman"],
		};
	},
	lockedInputs: ({ arch }) => ({
		values: { architecture: arch.architecture },
		tools: ["pacman"],
	}),
	install: installArch,
	extract: extractArch,
	fetch: fetchArch,
	unpack: unpackArch,
	describe: describeArch,
});

/** A repository on this machine is rebuilt at will, so its index counts by content. */
function localDatabases(
	{ name, servers }: ArchRepository,
	architecture: string,
): string[] {
	return (
		servers
			.filter((server) => server.startsWith("file://"))
			.map((server) =>
				fileURLToPath(
					`${server.replaceAll("$repo", name).replaceAll("$arch", architecture)}/${name}.db`,
				),
			)
			.filter((file) => existsSync(file))
			// repo-add makes the .db a link to its archive, and a link counts only by its target's name.
			.map((file) => realpathSync(file))
	);
}
