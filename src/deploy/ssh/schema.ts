import * as z from "zod";

/** Which server a host is, when there is nothing but ssh. */
export const sshSchema = z.strictObject({
	to: z
		.string()
		.regex(
			/^[^-\s][^\s]*$/,
			"a destination for ssh, e.g. root@web1.example.org",
		)
		.optional()
		.describe(
			"where the server's present system is reached as root, or with sudo",
		),
	port: z
		.int()
		.min(1)
		.max(65_535)
		.optional()
		.describe("port of its ssh; default: what ssh's own config says, else 22"),
	options: z
		.array(z.string())
		.default([])
		.describe("further arguments for ssh, e.g. [-i, ./key]"),
	address: z
		.string()
		.min(1)
		.optional()
		.describe(
			"where the health checks ask, and the installer is looked for; default: the address that ssh uses",
		),
	disk: z
		.string()
		.regex(/^\/dev\/\S+$/, "a device, such as /dev/vda or /dev/disk/by-id/…")
		.optional()
		.describe(
			"the whole disk that is overwritten, as the server's present system calls it; need not be named when it is the only one and that system runs from it",
		),
});
