import * as z from "zod";
import { ExpectedError } from "../system/errors.ts";
import { parsePort } from "./ports.ts";

const portNumber = z.int().min(0).max(65535);

/** The short form of a port forward; what is wrong with it is said by `parsePort`. */
const portText = z.string().superRefine((text, context) => {
	try {
		parsePort(text);
	} catch (error) {
		if (!(error instanceof ExpectedError)) throw error;
		context.addIssue({ code: "custom", message: error.message });
	}
});

const portObject = z.strictObject({
	host: portNumber.describe(
		"port on this machine; 0 chooses a free one, which is printed",
	),
	guest: portNumber.min(1).describe("port inside the guest"),
	protocol: z.enum(["tcp", "udp"]).default("tcp").describe("tcp or udp"),
	address: z
		.ipv4()
		.default("127.0.0.1")
		.describe(
			"IPv4 address of this machine to listen on; 0.0.0.0 opens the port to the network",
		),
});

/** How `dock0 boot` starts the host in QEMU. */
export const vmSchema = z.strictObject({
	memory: z
		.int()
		.min(64)
		.max(1_048_576)
		.default(2048)
		.describe("memory of the guest in MiB"),
	cpus: z
		.int()
		.min(1)
		.max(255)
		.default(2)
		.describe("number of virtual processors"),
	accel: z
		.enum(["auto", "kvm", "tcg"])
		.default("auto")
		.describe(
			"auto tries whether KVM really works and else emulates (tcg); kvm and tcg skip the trial",
		),
	ports: z
		.array(z.union([portText, portObject]))
		.default([])
		.describe(
			'forwarded ports: "8080:80", "127.0.0.1:8080:80/tcp", "5353:53/udp", or an object; only this machine can reach them unless an address is given',
		),
	state: z
		.string()
		.regex(/^[1-9]\d*[MGT]$/, 'a size such as "512M" or "8G"')
		.optional()
		.describe(
			"size of an ext4 disk for data that survives reboots, made at the first boot; without it nothing does",
		),
	append: z
		.array(z.string().regex(/^\S+$/, "one kernel parameter without spaces"))
		.default([])
		.describe("further kernel parameters, for this VM only"),
	firmware: z
		.enum(["bios", "efi"])
		.default("bios")
		.describe("bios (SeaBIOS) or efi (OVMF, Debian package ovmf)"),
	display: z
		.enum(["none"])
		.default("none")
		.describe("none: the guest has a serial console only"),
	qemuArgs: z
		.array(z.string())
		.default([])
		.describe("further arguments for qemu-system-x86_64, added last"),
});

export type VmSettings = z.output<typeof vmSchema>;
