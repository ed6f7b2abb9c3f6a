import { ExpectedError } from "../../system/errors.ts";

/** What a slot's header says about the release in it (docs/disk.md, "Slots"). */
export interface SlotHeader {
	version: string;
	/** SHA-256 of its manifest.json, hex. */
	release: string;
	name: string;
	/** First sector in the slot and number of sectors, of 512 bytes. */
	kernel: readonly [first: number, count: number];
	initrd: readonly [first: number, count: number];
	cmdline: string;
}

export const headerBytes = 4096;

/** Where slot n's header lies in `dock0-boot`, in bytes; n counts from 1. */
export function headerOffset(slot: number): number {
	return 65_536 * slot;
}

/** A header that says that its slot is empty. */
export function emptyHeader(): Uint8Array {
	return Buffer.alloc(headerBytes, "\n");
}

/**
 * The header of slot `slot` (from 1): a script for GRUB, lines for a shell, line feeds up to 4096 bytes.
 * @throws ExpectedError (exit code 2) when a value holds what GRUB or a shell would change.
 */
export function encodeSlotHeader(slot: number, header: SlotHeader): Uint8Array {
	const values = {
		version: header.version,
		release: header.release,
		name: header.name,
		kernel: header.kernel.join("+"),
		initrd: header.initrd.join("+"),
		cmdline: header.cmdline,
		end: "ok",
	};
	const lines = Object.entries(values).map(([name, value]) => {
		// biome-ignore lint/suspicious/noControlCharactersInRegex: just these would break the header
		if (/['"\\\u0000-\u001f\u007f]/.test(value))
			throw new ExpectedError({
				code: "DISK_HEADER_TEXT",
				message: `a disk's slot header cannot hold quotes, backslashes or control characters, and ${name === "cmdline" ? "kernel.cmdline" : `the ${name}`} has one: ${value}`,
				hint: "GRUB would hand it on changed; put what needs quoting into a file of the root",
			});
		return `set dock0_${name}='${value}'\n`;
	});
	const text = Buffer.from(`# dock0 slot ${slot}\n${lines.join("")}`);
	if (text.length > headerBytes)
		throw new ExpectedError({
			code: "DISK_HEADER_TEXT",
			message: `the slot header would need ${text.length} of its ${headerBytes} bytes`,
			hint: "shorten kernel.cmdline",
		});
	const block = Buffer.from(emptyHeader());
	text.copy(block);
	return block;
}

/** What a header says; undefined when its slot is empty or was being filled. */
export function decodeSlotHeader(block: Uint8Array): SlotHeader | undefined {
	const lines = Buffer.from(block).toString().trimEnd().split("\n");
	if (lines.at(-1) !== "set dock0_end='ok'") return undefined;
	const value = (name: string): string => {
		const start = `set dock0_${name}='`;
		const line = lines.find((one) => one.startsWith(start)) ?? "";
		return line.slice(start.length, -1);
	};
	const blocks = (name: string): [number, number] => {
		const [first, count] = value(name).split("+").map(Number);
		return [first ?? 0, count ?? 0];
	};
	return {
		version: value("version"),
		release: value("release"),
		name: value("name"),
		kernel: blocks("kernel"),
		initrd: blocks("initrd"),
		cmdline: value("cmdline"),
	};
}
