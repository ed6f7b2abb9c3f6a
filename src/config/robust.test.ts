import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { problemsOf } from "./test-project.ts";

const whole = `extends: []
name: "web" # the host
rootfs: &r
  backend: debian
  packages+: [curl, 'jq']
  overlay: \${vars.dir}/files
  chroot:
    - |
      echo a
      echo b
vm: { memory: 512, ports: ["80:80", {host: 1, guest: 2}] }
vars: { dir: ./x, again: \${vars.dir}, more: [*r, !!str 5, 0x1f, ~] }
`;

const piece = fc.constantFrom(
	..."[]{}:,#&*!|>'\"%@`\\\t\n\r-?~$+ ",
	"${",
	"}",
	"<<: ",
	"- ",
	"---\n",
	"\u0085",
	"\u2028",
	"\uFEFF",
	"\u0001",
	"😀",
	"__proto__: ",
	"*r",
	"0777",
);

/** The config above with a few pieces put in, or stretches cut out. */
const damaged = fc
	.array(
		fc.tuple(
			fc.nat(whole.length),
			fc.option(piece),
			fc.integer({ min: 1, max: 8 }),
		),
		{ minLength: 1, maxLength: 4 },
	)
	.map((changes) =>
		changes.reduce(
			(text, [at, put, cut]) =>
				put === null
					? text.slice(0, at) + text.slice(at + cut)
					: text.slice(0, at) + put + text.slice(at),
			whole,
		),
	);

describe("whatever the file holds", () => {
	it.each(["dock0.yaml", "dock0.json"])(
		"%s is accepted or refused with places",
		async (name) => {
			await fc.assert(
				fc.asyncProperty(fc.oneof(damaged, fc.string()), async (text) => {
					const lines = text.replace(/^\uFEFF/, "").split("\n");
					for (const problem of await problemsOf({ [name]: text })) {
						expect(problem.code).toMatch(/^CONFIG_[A-Z_]+$/);
						expect(problem.message).not.toMatch(/undefined|\[object/);
						if (!problem.where) {
							expect(problem.code).toMatch("CONFIG_EMPTY");
							continue;
						}
						const { line, column } = problem.where;
						expect(line).toBeGreaterThanOrEqual(1);
						expect(line).toBeLessThanOrEqual(lines.length);
						expect(column).toBeGreaterThanOrEqual(1);
						expect(column).toBeLessThanOrEqual(
							(lines[line - 1] ?? "").length + 1,
						);
					}
				}),
				{ numRuns: 60 },
			);
		},
	);
});
