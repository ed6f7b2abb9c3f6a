import * as z from "zod";
import { prefixFamily } from "./addresses.ts";

/** A path that is relative to the layer it was written in. */
export const sourcePath = z.string().min(1).meta({ path: true });

export const cidr = z
	.string()
	.refine(
		(text) => prefixFamily(text) !== 0,
		"a network such as 10.0.0.0/8 or 2001:db8::/32",
	);

export const portNumber = z.int().min(1).max(65_535);

export const protocolSchema = z.enum(["tcp", "udp"]);

/** `443`, `"53/udp"` or an object. */
export const portSchema = z.union([
	portNumber,
	z
		.string()
		.regex(/^[1-9]\d{0,4}\/(tcp|udp)$/, 'e.g. "443/tcp" or "53/udp"')
		.refine((text) => Number.parseInt(text, 10) <= 65_535, "at most 65535"),
	z.strictObject({
		port: portNumber.describe("port number"),
		protocol: protocolSchema.default("tcp").describe("tcp or udp"),
		from: z
			.array(cidr)
			.default([])
			.describe("networks that may reach it; default all"),
	}),
]);

/** A port in its full form. */
export interface Port {
	port: number;
	protocol: "tcp" | "udp";
	from: readonly string[];
}

/** The full form of what `portSchema` takes. */
export function portOf(written: z.output<typeof portSchema>): Port {
	if (typeof written === "object") return written;
	const [port, protocol] = String(written).split("/");
	return {
		port: Number(port),
		protocol: protocol === "udp" ? "udp" : "tcp",
		from: [],
	};
}
