import { expect, test } from "vitest";
import { initramfsSchema } from "./schema.ts";

test("an empty config gets the documented defaults", () => {
	const settings = initramfsSchema.parse({});
	expect(settings).toMatchObject({
		modules: [],
		onFailure: "reboot",
		rebootAfter: 30,
		waitSeconds: 30,
		compression: "zstd",
	});
	expect(settings.baseModules).toContain("squashfs");
});

test.each([
	[{ compression: "gzip", compressionLevel: 10 }, "gzip has levels 1 to 9"],
	[{ compression: "zstd", compressionLevel: 0 }, "zstd has levels 1 to 19"],
	[{ modules: ["a b"] }, "a module's name"],
	[{ modules: ["../x"] }, "a module's name"],
	[{ onFailure: "panic" }, "Invalid option"],
	[{ rebootAfter: -1 }, "Too small"],
	[{ unknown: 1 }, "Unrecognized key"],
])("%j is refused", (input, message) => {
	const result = initramfsSchema.safeParse(input);
	expect(result.success).toBe(false);
	expect(result.error?.issues[0]?.message).toContain(message);
});

test("levels that a compressor has are taken", () => {
	for (const [compression, compressionLevel] of [
		["zstd", 19],
		["gzip", 1],
		["xz", 0],
	])
		expect(
			initramfsSchema.safeParse({ compression, compressionLevel }).success,
		).toBe(true);
});
