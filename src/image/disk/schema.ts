import * as z from "zod";
import { outputFormats } from "./output-formats.ts";
import { sizePattern } from "./size.ts";

const size = z.string().regex(sizePattern, 'a size such as "512M" or "8G"');

/** The config key `disk`: what `dock0 disk` writes. */
export const diskSchema = z.strictObject({
	formats: z
		.array(z.enum(outputFormats))
		.min(1)
		.default(["raw"])
		.describe(
			"what to write: raw (NAME.img), qcow2, vhd (fixed, as clouds take it), gz (the raw one, compressed), iso (CD or USB stick, runs from memory), pxe (folder for booting over the network, likewise), oci (the root as a container image in one file), dir (the root as a folder; only root can keep its owners)",
		),
	slots: z
		.int()
		.min(2)
		.max(4)
		.default(2)
		.describe("places for releases, between which updates alternate"),
	slotSize: size
		.optional()
		.describe(
			"size of each slot; default: half as much again as the release needs, at least 128M, in steps of 64M",
		),
	bundleSize: size
		.default("64M")
		.describe("size of each of the two places for the host's own files"),
	stateSize: size
		.optional()
		.describe("size of the state partition; default 1G, or what `size` leaves"),
	size: size
		.optional()
		.describe("size of the whole disk; the state partition takes what is left"),
	menuSeconds: z
		.int()
		.min(0)
		.max(3600)
		.default(2)
		.describe("how long the boot menu waits for a key"),
	serial: z
		.union([
			z.literal(false),
			z.strictObject({
				unit: z
					.int()
					.min(0)
					.max(3)
					.default(0)
					.describe("which port: 0 is ttyS0"),
				speed: z
					.union([
						z.literal(9600),
						z.literal(19_200),
						z.literal(38_400),
						z.literal(57_600),
						z.literal(115_200),
					])
					.default(115_200)
					.describe("bits per second"),
			}),
		])
		.prefault({})
		.describe(
			"serial port on which the boot menu appears beside the screen when started by BIOS, or false (EFI firmware redirects its console itself)",
		),
	secureBoot: z
		.strictObject({
			key: z
				.string()
				.meta({ path: true })
				.describe("private key file (PEM), used by sbsign"),
			certificate: z
				.string()
				.meta({ path: true })
				.describe("certificate file (PEM) that the firmware knows"),
		})
		.optional()
		.describe("signs the EFI boot loader for Secure Boot"),
});

export type DiskSettings = z.output<typeof diskSchema>;
