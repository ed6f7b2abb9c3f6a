const units = { M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 } as const;

/** What a size in the config looks like; the units are powers of 1024. */
export const sizePattern = /^([1-9]\d{0,5})([MGT])$/;

/** Partitions begin and end at multiples of this many bytes. */
export const mebibyte = units.M;

/** Bytes of a size such as `8G`, which matches `sizePattern`. */
export function parseSize(text: string): number {
	const match = sizePattern.exec(text);
	if (!match) throw new Error(`'${text}' is no size`);
	return Number(match[1]) * units[match[2] as keyof typeof units];
}

/** `bytes` up to the next multiple of `step`. */
export function roundUp(bytes: number, step: number): number {
	return Math.ceil(bytes / step) * step;
}
