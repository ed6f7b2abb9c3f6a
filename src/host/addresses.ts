import { isIP } from "node:net";

/** 4 or 6, or 0 when `text` is no IP address. */
export function addressFamily(text: string): 0 | 4 | 6 {
	// A zone (fe80::1%eth0) means nothing on another machine.
	return text.includes("%") ? 0 : (isIP(text) as 0 | 4 | 6);
}

/** Family of ADDRESS/LENGTH, or 0 when it is none; leading zeros are refused, since they read as octal elsewhere. */
export function prefixFamily(text: string): 0 | 4 | 6 {
	const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text);
	const family = addressFamily(match?.[1] ?? "");
	const length = Number(match?.[2]);
	return family && length <= (family === 4 ? 32 : 128) ? family : 0;
}

/** Splits addresses or prefixes by family. */
export function byFamily(addresses: readonly string[]): {
	v4: string[];
	v6: string[];
} {
	const family = (text: string): number =>
		addressFamily(text.replace(/\/.*/, ""));
	return {
		v4: addresses.filter((one) => family(one) === 4),
		v6: addresses.filter((one) => family(one) === 6),
	};
}
