import { defineBackend } from "../backend.ts";
import { extractDebian } from "./extract.ts";
import { installDebian } from "./install.ts";
import { wantedSources } from "./sources.ts";
import { formatSource } from "./sources-parse.ts";

/** Debian and what follows its archive format, by mmdebstrap(1) and apt. */
export const debianBackend = defineBackend({
	name: "debian",
	inputs({ debian }) {
		return {
			values: {
				suite: debian.suite,
				variant: debian.variant,
				aptOptions: debian.aptOptions,
				// A keyring of the config counts by its content, below.
				sources: wantedSources(debian).map(({ options, ...source }) =>
					formatSource({
						...source,
						options: Object.fromEntries(
							Object.entries(options).filter(([name]) => name !== "signed-by"),
						),
					}),
				),
			},
			paths: { keyring: debian.keyring },
			tools: ["mmdebstrap"],
		};
	},
	install: installDebian,
	extract: extractDebian,
});
