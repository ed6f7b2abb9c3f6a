// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the config's own references look like that
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapeText, parseText, writeParts } from "./reference-text.ts";

/** Texts rich in what the grammar is about. */
const tricky = fc
	.array(
		fc.constantFrom("$", "{", "}", "${", "$${", "a", ".", ":", "-", "\n", "é"),
	)
	.map((pieces) => pieces.join(""));

const reference = fc.constantFrom(
	"${a}",
	"${a.b.0}",
	"${env:HOME}",
	"${env:X:-a b}",
	"${env:X:-}",
	"${file:./x y}",
);

describe("references in texts", () => {
	it("reads an escaped text as exactly the text", () => {
		fc.assert(
			fc.property(fc.oneof(tricky, fc.string()), (text) => {
				expect(parseText(escapeText(text))).toEqual({
					parts: [{ kind: "text", text }],
				});
			}),
		);
	});

	it("writes parts so that they are read as the same parts", () => {
		fc.assert(
			fc.property(fc.array(fc.oneof(tricky, reference)), (pieces) => {
				const parsed = parseText(pieces.join(""));
				fc.pre("parts" in parsed);
				if ("parts" in parsed)
					expect(parseText(writeParts(parsed.parts))).toEqual(parsed);
			}),
		);
	});

	it("splits texts and references", () => {
		expect(parseText("a ${b.c}-${env:D:-x:-y}${file:k}$${z}$")).toEqual({
			parts: [
				{ kind: "text", text: "a " },
				{ kind: "key", path: ["b", "c"], written: "${b.c}" },
				{ kind: "text", text: "-" },
				{
					kind: "env",
					name: "D",
					fallback: "x:-y",
					written: "${env:D:-x:-y}",
				},
				{ kind: "file", path: "k", written: "${file:k}" },
				{ kind: "text", text: "${z}$" },
			],
		});
	});

	it.each([
		"${a",
		"${}",
		"${a..b}",
		"${a b}",
		"${env:}",
		"${env:1A}",
		"${env:A-b}",
		"${file:}",
		"${HOME:-x}",
		"${env:A:-${b}}",
	])("refuses %s", (text) => {
		expect(parseText(text)).toHaveProperty("error");
	});
});
