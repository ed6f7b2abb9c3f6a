import { describe, expect, it } from "vitest";
import { chooseAccelerator, decide } from "./accelerator.ts";
import { debugExitPort, probeExitCode, probeSector } from "./boot-sector.ts";
import { guestRuns } from "./probe.ts";

describe("probeSector", () => {
	it("is a boot sector that writes to the exit port", () => {
		const sector = probeSector();
		expect(sector).toHaveLength(512);
		expect([...sector.slice(510)]).toEqual([0x55, 0xaa]);
		const [mov, value, out, port, ...rest] = sector.slice(0, 8);
		expect([mov, out, port]).toEqual([0xb0, 0xe6, debugExitPort]);
		expect(((value ?? 0) << 1) | 1).toBe(probeExitCode);
		expect(rest).toEqual([0xfa, 0xf4, 0xeb, 0xfd]);
	});
});

describe("decide", () => {
	it.each([
		["auto", "opens", true, "kvm"],
		["auto", "opens", false, "tcg"],
		["auto", "absent", undefined, "tcg"],
		["auto", "denied", undefined, "tcg"],
		["kvm", "opens", undefined, "kvm"],
		["tcg", "opens", undefined, "tcg"],
		["tcg", "absent", undefined, "tcg"],
	] as const)(
		"%s with a device that is/%s, probe %s: %s",
		(wanted, device, works, expected) => {
			expect(decide(wanted, device, works).accelerator).toBe(expected);
		},
	);

	it("says why KVM is not used", () => {
		expect(decide("auto", "opens", false).reason).toMatch(/did not run/);
		expect(decide("auto", "denied", undefined).reason).toMatch(
			/may not be opened/,
		);
	});

	it.each(["absent", "denied"] as const)(
		"refuses to be forced to KVM when the device is %s",
		(device) => {
			expect(() => decide("kvm", device, undefined)).toThrow(/KVM is demanded/);
		},
	);
});

describe("guestRuns", () => {
	it("succeeds for an emulated guest, so the probe can succeed", async () => {
		expect(await guestRuns("tcg", 15)).toBe(true);
	});

	it("gives up on a guest that has not enough time", async () => {
		expect(await guestRuns("tcg", 0.001)).toBe(false);
	});
});

describe("chooseAccelerator", () => {
	it("obeys", async () => {
		expect((await chooseAccelerator("tcg")).accelerator).toBe("tcg");
	});
});
