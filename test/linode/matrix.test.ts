import { describe, expect, it } from "vitest";
import { allCases, runCase } from "./matrix.ts";

/** Every so manieth case; the whole is `npm run test:soak`. */
const stride = 59;

describe("a sample of the faults of a deploy", () => {
	it("ends healthy or rolled back, with nothing left over", {
		timeout: 300_000,
	}, async () => {
		const cases = await allCases();
		expect(cases.length).toBeGreaterThan(1000);
		for (const [index, one] of cases.entries())
			if (index % stride === 0) await runCase(one);
	});
});
