import { describe, expect, it } from "vitest";
import * as z from "zod";
import { vmSchema } from "./schema.ts";

describe("vmSchema", () => {
	it("has a default for all", () => {
		expect(vmSchema.parse({})).toEqual({
			memory: 2048,
			cpus: 2,
			accel: "auto",
			ports: [],
			append: [],
			firmware: "bios",
			display: "none",
			qemuArgs: [],
		});
	});

	it("fills in a port object", () => {
		expect(vmSchema.parse({ ports: [{ host: 0, guest: 80 }] }).ports).toEqual([
			{ host: 0, guest: 80, protocol: "tcp", address: "127.0.0.1" },
		]);
	});

	it.each([
		[{ memory: 16 }],
		[{ cpus: 0 }],
		[{ ports: ["80"] }],
		[{ ports: [{ host: 1, guest: 0 }] }],
		[{ state: "8 GB" }],
		[{ state: "0G" }],
		[{ append: ["two words"] }],
		[{ memroy: 512 }],
	])("refuses %j", (bad) => {
		expect(vmSchema.safeParse(bad).success).toBe(false);
	});

	it("describes every key, in JSON Schema too", () => {
		const schema = z.toJSONSchema(vmSchema, { io: "input" });
		for (const [key, property] of Object.entries(schema.properties ?? {}))
			expect(property, key).toHaveProperty("description");
	});
});
