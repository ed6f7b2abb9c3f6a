import { describe, expect, it } from "vitest";
import { allCases, type Case, nameOf, runCase } from "../linode/matrix.ts";

const cases = await allCases();

describe("every fault at every step of a deploy", () => {
	it("is a whole matrix", () => {
		expect(cases.length).toBeGreaterThan(1000);
	});
	it.each(cases.map((one): [string, Case] => [nameOf(one), one]))(
		"%s",
		async (_, one) => {
			await runCase(one);
		},
	);
});
