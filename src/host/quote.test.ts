import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { run } from "../system/process.ts";
import { shellWord } from "../system/shell-word.ts";
import { unitName, unitText } from "./quote.ts";

describe("shellWord", () => {
	it("gives a shell back exactly what went in", async () => {
		const words = fc.sample(
			fc.string({ unit: "binary" }).filter((text) => !text.includes("\0")),
			40,
		);
		const { stdout } = await run("sh", [
			"-c",
			`printf '%s\\000' ${words.map(shellWord).join(" ")}`,
		]);
		expect(stdout.split("\0").slice(0, -1)).toEqual(
			words.map((word) => Buffer.from(word).toString()),
		);
	});
});

describe("unitText", () => {
	it("leaves no specifier, no line break and no joined line", () => {
		fc.assert(
			fc.property(fc.string({ unit: "binary" }), (text) => {
				const written = unitText(text);
				expect(written).not.toMatch(/[\r\n]/);
				expect(written.replaceAll("%%", "")).not.toContain("%");
				expect((/(\\*)$/.exec(written)?.[1]?.length ?? 0) % 2).toBe(0);
			}),
		);
	});
});

describe("unitName", () => {
	it("escapes as systemd-escape does", () => {
		expect(unitName("web-1.x_y:z")).toBe("web\\x2d1.x_y:z");
		expect(unitName(".hidden/ä")).toBe("\\x2ehidden-\\xc3\\xa4");
	});

	it("makes different names for different texts without a slash", () => {
		const text = fc.string().filter((one) => !one.includes("/"));
		fc.assert(
			fc.property(text, text, (a, b) => {
				expect(unitName(a) === unitName(b)).toBe(a === b);
			}),
		);
	});
});
