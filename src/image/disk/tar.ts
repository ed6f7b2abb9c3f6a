const block = 512;

/**
 * The header block of a file in a ustar archive (POSIX pax, "ustar Interchange Format"): mode 0644,
 * owner and time 0.
 * @param bytes the file's size.
 */
export function tarHeader(name: string, bytes: number): Uint8Array {
	const header = Buffer.alloc(block);
	const put = (offset: number, text: string): void => {
		header.write(text, offset, "latin1");
	};
	const octal = (value: number, digits: number): string =>
		`${value.toString(8).padStart(digits, "0")}\0`;
	put(0, name);
	put(100, octal(0o644, 7));
	put(108, octal(0, 7));
	put(116, octal(0, 7));
	put(124, octal(bytes, 11));
	put(136, octal(0, 11));
	// The sum counts its own field as spaces.
	put(148, "        ");
	put(156, "0");
	put(257, "ustar\u000000");
	const sum = header.reduce((total, byte) => total + byte, 0);
	put(148, `${octal(sum, 6)} `);
	return header;
}

/** An archive of one file. */
export function tarOf(name: string, content: Uint8Array): Uint8Array {
	const padding = (block - (content.length % block)) % block;
	return Buffer.concat([
		tarHeader(name, content.length),
		content,
		Buffer.alloc(padding + 2 * block),
	]);
}
