/** What the boot loader remembers between boots (docs/disk.md, "The switch"). */
export const switchVariables = [
	"dock0_good",
	"dock0_try",
	"dock0_tries",
	"dock0_failed",
	"dock0_bundle",
	"dock0_bundle_hash",
	"dock0_bundle_size",
] as const;

export type SwitchVariables = Readonly<
	Partial<Record<(typeof switchVariables)[number], string>>
>;

/** GRUB's include/grub/lib/envblk.h. */
const signature = "# GRUB Environment Block\n";
const blockBytes = 1024;
/** One sector, so that a change is one write. */
const usableBytes = 512;

/**
 * GRUB's environment block: its first line, `name=value` lines, then `#` up to 1024 bytes. A backslash
 * and a line feed in a value have a backslash before them (grub-core/lib/envblk.c).
 * @throws Error when the variables do not fit into the first sector.
 */
export function encodeEnvBlock(
	variables: Readonly<Record<string, string>>,
): Uint8Array {
	const lines = Object.entries(variables).map(
		([name, value]) => `${name}=${value.replaceAll(/[\\\n]/g, "\\$&")}\n`,
	);
	const text = Buffer.from(signature + lines.join(""));
	if (text.length > usableBytes)
		throw new Error("the environment block's variables exceed one sector");
	const block = Buffer.alloc(blockBytes, "#");
	text.copy(block);
	return block;
}

/** The variables of an environment block. @throws Error when it is none. */
export function decodeEnvBlock(block: Uint8Array): Record<string, string> {
	const text = Buffer.from(block).toString();
	if (!text.startsWith(signature)) throw new Error("no environment block");
	const variables: Record<string, string> = {};
	const rest = text.slice(signature.length);
	for (const [, name, value] of rest.matchAll(
		/(?:^|(?<=\n))([^#=\n][^=\n]*)=((?:\\[\s\S]|[^\\\n])*)\n/g,
	))
		if (name !== undefined && value !== undefined)
			variables[name] = value.replaceAll(/\\([\s\S])/g, "$1");
	return variables;
}
