import { readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ExpectedError, formatProblem } from "../system/errors.ts";
import { loadConfig } from "./load-config.ts";
import { testSchema } from "./test-schema.ts";

interface Expected {
	name: string;
	files?: string[];
	problems: { code: string; file?: string; line?: number; column?: number }[];
}

const folder = resolve(import.meta.dirname, "../../test/fixtures/bad-configs");
const cases = JSON.parse(
	readFileSync(join(folder, "expected.json"), "utf8"),
) as Expected[];

async function problemsOf({ name, files }: Expected) {
	const directory = join(folder, name);
	try {
		await loadConfig({
			schema: testSchema,
			files: files ?? ["dock0.yaml"],
			directory,
			profilesDir: join(folder, "no-profiles"),
			environment: {},
		});
	} catch (error) {
		if (error instanceof ExpectedError) return error;
		throw error;
	}
	throw new Error("the config was accepted");
}

describe("bad configs", () => {
	it("are at least 45", () => {
		expect(cases.length).toBeGreaterThanOrEqual(45);
	});

	it.each(cases)("$name", async (expected) => {
		const error = await problemsOf(expected);
		expect(error.exitCode).toBe(2);
		const found = error.problems.map(({ code, where }) => ({
			code,
			...(where && {
				file: relative(join(folder, expected.name), resolve(where.file)),
				line: where.line,
				column: where.column,
			}),
		}));
		const placed = expected.problems.every(({ file }) => file !== undefined);
		expect(placed ? found : found.map(({ code }) => ({ code }))).toEqual(
			expected.problems,
		);
		const shown = error.problems.map(formatProblem).join("\n");
		expect(shown).not.toMatch(/undefined|\[object|Invalid input|\n\s+at .*\(/);
	});
});
