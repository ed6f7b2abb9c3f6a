import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ExpectedError } from "../../system/errors.ts";
import { renderTemplate } from "./render.ts";

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-render-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const render = (text: string, config: unknown = {}) =>
	renderTemplate(join(folder, "motd.eta"), text, config);

function problemOf(text: string, config?: unknown) {
	try {
		render(text, config);
	} catch (error) {
		if (error instanceof ExpectedError) return error.problems[0];
		throw error;
	}
	throw new Error("it rendered");
}

describe("templates", () => {
	it("keep newlines, quotes and markup as they are", () => {
		expect(
			render("host=<%= it.name %>\n'\"<&\\n`$(x)`\n", { name: "a<b" }),
		).toBe("host=a<b\n'\"<&\\n`$(x)`\n");
	});

	it("loop, and drop the newline of a tag that asks for it", () => {
		expect(
			render("<% for (const k of it.keys) { -%>\n- <%= k %>\n<% } -%>\nend\n", {
				keys: ["a", "b"],
			}),
		).toBe("- a\n- b\nend\n");
	});

	it("include others from their folder", async () => {
		await writeFile(join(folder, "part.eta"), "part of <%= it.name %>");
		expect(render("<%~ include('./part', it) %>!", { name: "x" })).toBe(
			"part of x!",
		);
	});

	it.each([
		["a value that is missing", "one\ntwo <%= it.nmae %>", 2, "undefined"],
		["a key of a missing map", "one\n\n<%= it.a.b %>\n", 3, "Cannot read"],
		["a map", "<%= it.map %>", 1, "is a map"],
		["bad syntax", "one\ntwo\n<% if ( %>\nfour", 3, "Unexpected token"],
		["an open tag", "one\n<%= it.x \n", 2, "unclosed tag"],
		[
			"what the template throws",
			"\n<% throw new Error('my own') %>",
			2,
			"my own",
		],
	])("name file and line of %s", (_what, text, line, message) => {
		const problem = problemOf(text, { map: {} });
		expect(problem?.where).toMatchObject({
			file: join(folder, "motd.eta"),
			line,
			text: text.split("\n")[line - 1],
		});
		expect(problem?.message).toContain(message);
		expect(problem?.message.split("\n")).toHaveLength(1);
	});
});
