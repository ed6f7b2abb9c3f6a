import { randomBytes } from "node:crypto";
import { link, mkdir, open, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ExpectedError } from "../system/errors.ts";
import { run } from "../system/process.ts";

/** The label by which the guest finds its state disk: `dock0.state=LABEL=dock0-state`. */
export const stateLabel = "dock0-state";

/** What the guest's own initramfs makes of an empty disk; the config's `state`. */
interface StateVolume {
	filesystem: string;
	label: string;
	encryption: string;
}

/** Whether the disk has to be empty at the first boot, since only the guest can make such a volume. */
export function guestMakesIt(state: StateVolume): boolean {
	return (
		state.filesystem !== "ext4" ||
		state.label !== stateLabel ||
		state.encryption !== "none"
	);
}

/** Bytes of a size such as `8G`; the units are powers of 1024. @throws ExpectedError (exit code 2). */
export function parseDiskSize(text: string): number {
	const match = /^([1-9]\d*)([MGT])$/.exec(text);
	const exponent = { M: 2, G: 3, T: 4 }[match?.[2] ?? ""];
	if (!match || exponent === undefined)
		throw new ExpectedError({
			code: "VM_SIZE_INVALID",
			message: `'${text}' is not a disk size`,
			hint: "write a whole number and M, G or T, e.g. 8G",
		});
	return Number(match[1]) * 1024 ** exponent;
}

/**
 * Makes a sparse disk image at `path`, with an ext4 file system unless it is to be `empty`. What is there
 * already is never touched. Needs no root. Answers whether it made one.
 * @throws ExpectedError when mkfs.ext4 fails or is missing.
 */
export async function ensureStateDisk(
	path: string,
	size: string,
	options: { signal?: AbortSignal; empty?: boolean } = {},
): Promise<{ created: boolean }> {
	const bytes = parseDiskSize(size);
	if (await stat(path).catch(() => undefined)) return { created: false };
	await mkdir(dirname(path), { recursive: true });
	const temporary = `${path}.tmp-${randomBytes(4).toString("hex")}`;
	try {
		const file = await open(temporary, "wx", 0o600);
		await file.truncate(bytes);
		await file.close();
		if (!options.empty)
			await run(
				"mkfs.ext4",
				[
					...["-q", "-F", "-L", stateLabel],
					// No blocks kept back for root: the disk is for data alone.
					...["-m", "0"],
					// mke2fs(8): else an ordinary user would own the root folder. Lazy tables keep the file sparse.
					...["-E", "root_owner=0:0,lazy_itable_init=1,lazy_journal_init=1"],
					temporary,
				],
				{ signal: options.signal },
			);
		// A link fails where a rename would overwrite a disk that another process has made meanwhile.
		await link(temporary, path);
		return { created: true };
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "EEXIST")
			return { created: false };
		throw error;
	} finally {
		await rm(temporary, { force: true });
	}
}
