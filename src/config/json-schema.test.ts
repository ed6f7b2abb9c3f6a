import { describe, expect, it } from "vitest";
import { toJsonSchema } from "./json-schema.ts";
import { testSchema } from "./test-schema.ts";

interface Shape {
	description?: string;
	default?: unknown;
	required?: string[];
	properties?: Record<string, Shape>;
	anyOf?: Shape[];
	items?: Shape;
	additionalProperties?: boolean;
	$ref?: string;
	type?: string;
	enum?: string[];
}

const schema = toJsonSchema(testSchema) as Shape;

function below(shape: Shape | undefined, key: string): Shape | undefined {
	const map = shape?.properties ? shape : shape?.anyOf?.[0];
	return map?.properties?.[key];
}

describe("the JSON Schema", () => {
	it("knows extends, and requires nothing of one layer", () => {
		expect(schema.properties?.extends?.description).toContain("profiles");
		expect(schema.required).toBeUndefined();
		expect(schema.additionalProperties).toBe(false);
		expect(JSON.stringify(schema)).not.toContain('"path":true');
	});

	it("knows the marked keys of lists, also where a list is one of several kinds", () => {
		const rootfs = schema.properties?.rootfs;
		for (const key of ["packages", "overlay"])
			for (const marked of [`${key}+`, `+${key}`, `${key}-`])
				expect(below(rootfs, marked)?.anyOf?.[0]?.type).toBe("array");
		expect(below(rootfs, "backend+")).toBeUndefined();
	});

	it("keeps descriptions, defaults and names of values, and lets references stand for values", () => {
		const memory = below(schema.properties?.vm, "memory");
		expect(memory).toMatchObject({ description: "MiB", default: 2048 });
		expect(memory?.anyOf).toHaveLength(2);
		expect(memory?.anyOf?.[1]?.$ref).toBe("#/$defs/instead");
		expect(
			below(schema.properties?.rootfs, "backend")?.anyOf?.[0]?.enum,
		).toEqual(["debian", "arch"]);
	});

	it("requires the keys of maps in lists, which one layer writes whole", () => {
		const ports = below(schema.properties?.vm, "ports");
		const item = ports?.anyOf?.[0]?.items?.anyOf?.[0];
		expect(item?.anyOf?.[1]?.required).toEqual(["host", "guest"]);
	});
});
