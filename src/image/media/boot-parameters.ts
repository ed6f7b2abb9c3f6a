import { ExpectedError } from "../../system/errors.ts";

/** Names of the images in the memory archive. */
export const memoryNames = { bundle: "bundle.squashfs" } as const;

/**
 * The kernel parameters of a host that runs from memory, word by word.
 * @param rootFile name of the root image in the archive.
 * @throws ExpectedError (exit code 2) when a word holds what a boot loader would change.
 */
export function memoryParameters(
	cmdline: readonly string[],
	rootFile: string,
	hasBundle: boolean,
): string[] {
	for (const word of cmdline)
		if (/[^!#%&(-[\]-~]/.test(word) || /[$`"']/.test(word))
			throw new ExpectedError({
				code: "DISK_HEADER_TEXT",
				message: `boot loaders of CDs and networks cannot hand on the kernel parameter ${word}`,
				hint: "quotes, spaces, $ and backslashes cannot be used in kernel.cmdline",
			});
	return [
		...cmdline,
		`dock0.root=initrd:/${rootFile}`,
		...(hasBundle ? [`dock0.extra=initrd:/${memoryNames.bundle}`] : []),
	];
}
