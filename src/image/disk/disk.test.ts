import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bootSector, placedCore } from "./bios-boot.ts";
import { decodeEnvBlock, encodeEnvBlock } from "./env-block.ts";
import { grubConfig } from "./grub-config.ts";
import { deriveGuid } from "./guid.ts";
import { planDisk, planSlot, sfdiskScript } from "./layout.ts";
import { diskSchema } from "./schema.ts";
import {
	decodeSlotHeader,
	emptyHeader,
	encodeSlotHeader,
	type SlotHeader,
} from "./slot-header.ts";
import { tarHeader } from "./tar.ts";

const mib = 1024 ** 2;
const small = { root: 10 * mib, kernel: 5 * mib, initramfs: mib };

describe("deriveGuid", () => {
	it("depends on host and purpose only, and is a valid GUID", () => {
		expect(deriveGuid("web1", "disk")).toBe(deriveGuid("web1", "disk"));
		fc.assert(
			fc.property(fc.string(), fc.string(), (host, purpose) => {
				expect(deriveGuid(host, purpose)).toMatch(
					/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
				);
				expect(deriveGuid(host, purpose)).not.toBe(
					deriveGuid(`${host}x`, purpose),
				);
			}),
		);
	});
});

describe("environment block", () => {
	const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,12}$/);
	const value = fc.string({ maxLength: 20, unit: "grapheme-ascii" });
	it("comes back as it was", () => {
		fc.assert(
			fc.property(
				fc.dictionary(name, value, { maxKeys: 7, noNullPrototype: true }),
				(variables) => {
					const block = encodeEnvBlock(variables);
					expect(block).toHaveLength(1024);
					expect(decodeEnvBlock(block)).toEqual(variables);
				},
			),
		);
	});

	it("has GRUB's form", () => {
		const text = Buffer.from(encodeEnvBlock({ a: "1", b: "x\\y" })).toString();
		expect(text).toBe(
			"# GRUB Environment Block\na=1\nb=x\\\\y\n".padEnd(1024, "#"),
		);
	});

	it("refuses what one sector does not hold, and other bytes", () => {
		expect(() => encodeEnvBlock({ a: "x".repeat(490) })).toThrow(/one sector/);
		expect(() => decodeEnvBlock(new Uint8Array(1024))).toThrow();
	});

	it("holds all variables of a disk at their longest", () => {
		encodeEnvBlock({
			dock0_good: "d",
			dock0_try: "d",
			dock0_tries: "9",
			dock0_failed: "d",
			dock0_bundle: "b",
			dock0_bundle_hash: "f".repeat(64),
			dock0_bundle_size: "9".repeat(15),
		});
	});
});

describe("slot header", () => {
	const text = fc.stringMatching(/^[ -!#-&(-[\]-~]{0,200}$/);
	const blocks = fc.tuple(fc.nat(), fc.nat());
	const header: fc.Arbitrary<SlotHeader> = fc.record({
		version: text,
		release: fc.stringMatching(/^[0-9a-f]{64}$/),
		name: text,
		kernel: blocks,
		initrd: blocks,
		cmdline: text,
	});
	it("comes back as it was", () => {
		fc.assert(
			fc.property(header, fc.integer({ min: 1, max: 4 }), (given, slot) => {
				const block = encodeSlotHeader(slot, given);
				expect(block).toHaveLength(4096);
				expect(decodeSlotHeader(block)).toEqual(given);
			}),
		);
	});

	const plain: SlotHeader = {
		version: "1.2.0",
		release: "ab",
		name: "web1",
		kernel: [8, 2],
		initrd: [16, 1],
		cmdline: "quiet",
	};

	it("is empty without its last line, wherever it is cut", () => {
		const block = Buffer.from(encodeSlotHeader(1, plain));
		const length = block.toString().trimEnd().length;
		expect(decodeSlotHeader(emptyHeader())).toBeUndefined();
		expect(decodeSlotHeader(new Uint8Array(4096))).toBeUndefined();
		for (let cut = 0; cut < length; cut += 1) {
			const torn = Buffer.from(emptyHeader());
			block.copy(torn, 0, 0, cut);
			expect(decodeSlotHeader(torn)).toBeUndefined();
		}
	});

	it.each(["a='b'", 'a="b"', "a\\b", "a\nb"])("refuses %j", (cmdline) => {
		expect(() => encodeSlotHeader(1, { ...plain, cmdline })).toThrow(
			/kernel\.cmdline/,
		);
	});

	it("refuses what does not fit", () => {
		const cmdline = "x".repeat(4000);
		expect(() => encodeSlotHeader(1, { ...plain, cmdline })).toThrow(/4096/);
	});
});

describe("planDisk", () => {
	it("aligns all parts, side by side, in the order of the contract", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 2, max: 4 }),
				fc.integer({ min: 1, max: 2_000 * mib }),
				(slots, root) => {
					const layout = planDisk("h", diskSchema.parse({ slots }), {
						...small,
						root,
					});
					let end = mib;
					for (const [index, one] of layout.partitions.entries()) {
						expect(one.number).toBe(index + 1);
						expect(one.start).toBe(end);
						expect(one.bytes % mib).toBe(0);
						end += one.bytes;
					}
					expect(layout.bytes).toBe(end + mib);
					expect(layout.partitions.map(({ name }) => name)).toEqual([
						...["dock0-bios", "dock0-esp", "dock0-boot"],
						...["dock0-bundle-a", "dock0-bundle-b"],
						...["a", "b", "c", "d"]
							.slice(0, slots)
							.map((letter) => `dock0-slot-${letter}`),
						"dock0-state",
					]);
					const needed = planSlot({ ...small, root }).bytes;
					for (const slot of layout.slots)
						expect(slot.bytes).toBeGreaterThanOrEqual(needed * 1.5);
				},
			),
		);
	});

	it("gives the state what disk.size leaves", () => {
		const layout = planDisk("h", diskSchema.parse({ size: "4G" }), small);
		expect(layout.bytes).toBe(4 * 1024 * mib);
		expect(layout.state.bytes).toBeGreaterThan(3 * 1024 * mib);
	});

	it.each([
		[{ slotSize: "15M" }, "DISK_SLOT_TOO_SMALL"],
		[{ size: "256M" }, "DISK_TOO_SMALL"],
		[{ size: "1G", stateSize: "1G" }, "DISK_TOO_SMALL"],
	])("refuses %j", (settings, code) => {
		expect(() => planDisk("h", diskSchema.parse(settings), small)).toThrow(
			expect.objectContaining({ code }),
		);
	});

	it("refuses a bundle that is larger than its partition", () => {
		const content = { ...small, bundle: 2 * mib };
		expect(() =>
			planDisk("h", diskSchema.parse({ bundleSize: "1M" }), content),
		).toThrow(expect.objectContaining({ code: "DISK_BUNDLE_TOO_SMALL" }));
	});

	it("becomes a script for sfdisk", () => {
		const script = sfdiskScript(planDisk("h", diskSchema.parse({}), small));
		expect(script).toContain(
			`label: gpt\nlabel-id: ${deriveGuid("h", "disk")}\n`,
		);
		expect(script).toContain(
			`start=2048, size=2048, type=21686148-6449-6e6f-744e-656564454649, uuid=${deriveGuid("h", "dock0-bios")}, name="dock0-bios"\n`,
		);
	});
});

describe("BIOS boot", () => {
	it("places boot.img around the partition entries", () => {
		const mbr = new Uint8Array(512).fill(7);
		const sector = bootSector(new Uint8Array(512).fill(1), mbr, 2048);
		expect([...sector.slice(0x5c, 0x64)]).toEqual([0, 8, 0, 0, 0, 0, 0, 0]);
		expect([...sector.slice(0x64, 0x68)]).toEqual([0xff, 1, 0x90, 0x90]);
		expect(sector[0x1b7]).toBe(1);
		expect(sector[0x1b8]).toBe(7);
		expect(sector[0x1fd]).toBe(7);
		expect(sector[0x1fe]).toBe(1);
	});

	it("tells core.img where its rest is", () => {
		const core = placedCore(new Uint8Array(1025).fill(1), 2048, mib);
		expect(core).toHaveLength(1536);
		expect([...core.slice(0x1f4, 0x200)]).toEqual([
			...[1, 8, 0, 0, 0, 0, 0, 0],
			...[2, 0, 0x20, 0x08],
		]);
		expect(() => placedCore(new Uint8Array(mib + 1), 2048, mib)).toThrow();
	});
});

describe("tarHeader", () => {
	it("has a checksum that counts its own field as spaces", () => {
		const header = Buffer.from(tarHeader("grubenv", 1024));
		const stored = Number.parseInt(header.toString("latin1", 148, 154), 8);
		header.fill(" ", 148, 156);
		expect(header.reduce((sum, byte) => sum + byte, 0)).toBe(stored);
		expect(header.toString("latin1", 124, 135)).toBe("00000002000");
	});
});

describe("grubConfig", () => {
	const settings = {
		slots: 3,
		menuSeconds: 5,
		serial: { unit: 1, speed: 9600 as const },
	};
	it("has an entry for each slot, at its partition and header", () => {
		const text = grubConfig(settings);
		for (const [letter, partition, header] of [
			["a", 6, 128],
			["b", 7, 256],
			["c", 8, 384],
		] as const) {
			expect(text).toContain(
				`if [ "$1" = "${letter}" ]; then\n\t\tset slot="($disk,gpt${partition})"\n\t\tset header=${header}\n`,
			);
			expect(text).toContain(`--id ${letter} { dock0_start_any ${letter}; }`);
		}
		expect(text).not.toContain("--id d");
		expect(text).toContain('probe --set=state --part-uuid "($disk,gpt9)"');
		expect(text).toContain("set timeout=5\n");
	});

	it("counts down before it tries", () => {
		const text = grubConfig(settings);
		expect(text.indexOf('set dock0_tries="$next"')).toBeLessThan(
			text.indexOf('if dock0_save; then set trial="$dock0_try"; fi'),
		);
		expect(text).toContain('[ "$dock0_tries" = "1" ]; then\n\t\tset next=0\n');
	});

	it("speaks on the serial port that is wanted, or on none", () => {
		expect(grubConfig(settings)).toContain("serial --unit=1 --speed=9600");
		expect(grubConfig({ ...settings, serial: false })).not.toContain("serial");
	});
});
