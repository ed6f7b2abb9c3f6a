import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTranscript } from "./transcript.ts";

describe("createTranscript", () => {
	it("does not depend on how the bytes are cut", () => {
		const text = "naïve \u001b[1;31mred\u001b[0m\r\n50%\r100%\r\n日本 login: ";
		const bytes = Buffer.from(text);
		fc.assert(
			fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
				const transcript = createTranscript();
				const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
				for (const [index, place] of places.entries())
					transcript.add(bytes.subarray(places[index - 1] ?? 0, place));
				expect(transcript.tail(9)).toEqual([
					"naïve red",
					"100%",
					"日本 login: ",
				]);
			}),
		);
	});

	it("keeps memory bounded, and numbers stay right", () => {
		const transcript = createTranscript();
		for (let line = 0; line < 50_000; line++)
			transcript.add(Buffer.from(`${line}\n`));
		expect(transcript.lineCount).toBe(50_000);
		expect(transcript.first).toBeGreaterThan(0);
		expect(transcript.lineAt(transcript.first)).toBe(String(transcript.first));
		expect(transcript.lineAt(49_999)).toBe("49999");
		expect(transcript.lineAt(0)).toBeUndefined();
	});
});
