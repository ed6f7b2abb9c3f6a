import { defineBackend } from "../backend.ts";
import { extractDebian } from "./extract.ts";
import { describeDebian, fetchDebian, unpackDebian } from "./fetch.ts";
import { installDebian } from "./install.ts";
import { unsignedSources } from "./sources.ts";

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
				sources: unsignedSources(debian),
			},
			paths: { keyring: debian.keyring },
			tools: ["mmdebstrap"],
		};
	},
	lockedInputs: ({ debian }, locked) => ({
		values: {
			suite: debian.suite,
			variant: debian.variant,
			aptOptions: debian.aptOptions,
			// apt in the root is told of its mirrors.
			sources: locked.some(({ name }) => name === "apt")
				? unsignedSources(debian)
				: undefined,
		},
		tools: ["mmdebstrap"],
	}),
	install: installDebian,
	extract: extractDebian,
	fetch: fetchDebian,
	unpack: unpackDebian,
	describe: describeDebian,
});
