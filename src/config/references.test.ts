// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the config's own references look like that
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maskSecrets } from "../system/secrets.ts";
import { escapeText } from "./reference-text.ts";
import { load, minimum, problemsOf } from "./test-project.ts";

describe("references", () => {
	it("keep the type when alone, and become text inside of text", async () => {
		const { value } = await load({
			"dock0.yaml": `${minimum}
vm: { memory: "\${vars.size}" }
kernel:
  cmdline: "mem=\${vars.size} \${vars.on} \${vars.list.1}"
vars:
  size: 512
  on: true
  list: [a, b]
  copy: \${vars.list}
  map: \${vm}
`,
		});
		expect(value.vm.memory).toBe(512);
		expect(value.kernel.cmdline).toBe("mem=512 true b");
		expect(value.vars.copy).toEqual(["a", "b"]);
		expect(value.vars.map).toEqual({ memory: 512 });
	});

	it("see the merged tree, and the schema's defaults", async () => {
		const { value } = await load({
			"a.yaml": `${minimum}vars: { site: london, suite: "\${rootfs.debian.suite}" }\nkernel: { cmdline: "at \${vars.site}" }\n`,
			"b.yaml": "vars: { site: paris }\n",
		});
		expect(value.kernel.cmdline).toBe("at paris");
		expect(value.vars.suite).toBe("trixie");
	});

	it("may stand for the items that a list is changed by", async () => {
		const { value, whereOf } = await load({
			"a.yaml": `${minimum}  packages: \${vars.base}\nvars: { base: [a, b], more: [c] }\n`,
			"b.yaml": "rootfs:\n  packages+: ${vars.more}\n  +packages: [z]\n",
		});
		expect(value.rootfs.packages).toEqual(["z", "a", "b", "c"]);
		expect(whereOf(["rootfs", "packages", 2])).toMatchObject({
			line: 4,
			column: 13,
		});
		expect(whereOf(["rootfs", "packages", 3])).toMatchObject({
			line: 2,
			column: 14,
		});
	});

	it("leave an escaped text as it was, whatever it is", async () => {
		await fc.assert(
			fc.asyncProperty(fc.string({ unit: "grapheme" }), async (text) => {
				const written = JSON.stringify({
					name: "web",
					rootfs: { backend: "debian" },
					vars: { text: escapeText(`\${x}${text}$`) },
				});
				const { value } = await load({ "dock0.json": written });
				expect(value.vars.text).toBe(`\${x}${text}$`);
			}),
			{ numRuns: 30 },
		);
	});

	it("report a circle once, and circles through maps", async () => {
		const problems = await problemsOf({
			"dock0.yaml": `${minimum}vars:\n  a: \${vars.b}\n  b: \${vars.a}\n  c: \${vars.a}\n  m: { x: "\${vars.m}" }\n`,
		});
		expect(problems.map(({ code }) => code)).toEqual([
			"CONFIG_REFERENCE_CYCLE",
			"CONFIG_REFERENCE_CYCLE",
		]);
		expect(problems[0]?.message).toContain("vars.a → vars.b → vars.a");
	});

	it("make only one problem of a broken value, not also a wrong type", async () => {
		const problems = await problemsOf({
			"dock0.yaml": `${minimum}  packages: [a, "\${nothing}"]\nvm: { memory: "\${nothing}" }\n`,
		});
		expect(problems.map(({ code }) => code)).toEqual([
			"CONFIG_UNKNOWN_REFERENCE",
			"CONFIG_UNKNOWN_REFERENCE",
		]);
	});

	it("say when a known key is only not set", async () => {
		const [problem] = await problemsOf({
			"dock0.yaml": `${minimum}vars: { a: "\${rootfs.overlay}" }\n`,
		});
		expect(problem?.message).toBe(
			"'rootfs.overlay' is set in no layer and has no default",
		);
	});
});

describe("secrets", () => {
	const files = {
		"dock0.yaml": `${minimum}
kernel: { cmdline: "token=\${vars.token} quiet" }
vars:
  token: \${env:CONFIG_TEST_TOKEN}
  key: \${file:keys/id}
  copy: \${vars.list}
  list: [plain, "\${vars.token}"]
  free: \${env:CONFIG_TEST_NOTHING:-london}
`,
		"keys/id": "first-secret-line\nsecond-secret-line\n",
	};
	const environment = { CONFIG_TEST_TOKEN: "hunter2-hunter2" };

	it("are tracked through other keys, and masked", async () => {
		const config = await load(files, undefined, environment);
		expect(config.value.vars.key).toBe("first-secret-line\nsecond-secret-line");
		expect(config.value.kernel.cmdline).toBe("token=hunter2-hunter2 quiet");
		expect(config.secretPaths.map((path) => path.join(".")).sort()).toEqual([
			"kernel.cmdline",
			"vars.copy.1",
			"vars.key",
			"vars.list.1",
			"vars.token",
		]);
		expect(config.value.vars.free).toBe("london");
		const shown = JSON.stringify([config.redacted(), config.explain()]);
		expect(shown).not.toMatch(/hunter2|secret-line/);
		expect(config.redacted()).toMatchObject({
			kernel: { cmdline: "(secret)" },
			vars: { copy: ["plain", "(secret)"], free: "london" },
		});
		expect(maskSecrets("a hunter2-hunter2 b")).toBe("a (secret) b");
	});

	it("are not shown when they are of the wrong type", async () => {
		const [problem] = await problemsOf(
			{ "dock0.yaml": `${minimum}vm: { memory: "\${env:CONFIG_TEST_PIN}" }\n` },
			undefined,
			{ CONFIG_TEST_PIN: "x1" },
		);
		expect(problem?.message).toContain("a secret text");
		expect(JSON.stringify(problem)).not.toContain("x1");
	});

	it("become numbers and booleans where the schema wants them", async () => {
		const { value } = await load(
			{
				"dock0.yaml": `${minimum}  trim: { docs: "\${env:DOCS:-false}" }\nvm: { memory: "\${vars.m}", cpus: "\${env:CPUS:-3}" }\nvars: { m: "\${env:MEMORY}" }\n`,
			},
			undefined,
			{ MEMORY: "1024" },
		);
		expect(value.vm).toMatchObject({ memory: 1024, cpus: 3 });
		expect(value.rootfs.trim.docs).toBe(false);
		expect(value.vars.m).toBe("1024");
	});

	it("of a file are relative to the layer, and its folder is refused", async () => {
		const { value } = await load(
			{
				"dock0.yaml": minimum,
				"hosts/web1.yaml": "vars: { key: '${file:key}' }\n",
				"hosts/key": "kkkk-kkkk",
			},
			["dock0.yaml", "hosts/web1.yaml"],
		);
		expect(value.vars.key).toBe("kkkk-kkkk");
		const [problem] = await problemsOf({
			"dock0.yaml": `${minimum}vars: { key: "\${file:keys}" }\n`,
			"keys/id": "x",
		});
		expect(problem).toMatchObject({ code: "CONFIG_FILE_REFERENCE" });
		expect(problem?.message).toContain(`${join("keys")}' is a folder`);
	});
});
