import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { formatExplanation } from "./explain.ts";
import { loadConfig } from "./load-config.ts";
import { load, minimum, problemsOf, project } from "./test-project.ts";

describe("layers", () => {
	it("fill in defaults and find dock0.yaml by themselves", async () => {
		const { value, folder, layers } = await load({ "dock0.yaml": minimum }, []);
		expect(value).toMatchObject({
			name: "web",
			arch: "x86_64",
			vm: { memory: 2048 },
			rootfs: { packages: [], scripts: join(folder, "scripts") },
		});
		expect(layers.map(({ kind }) => kind)).toEqual(["yaml"]);
	});

	it("lie in order: extended ones below, each once, at its lowest place", async () => {
		const { value, layers } = await load(
			{
				"profiles/base.yaml": "vars: { order: [profile] }\n",
				"shared/a.yaml": "extends: dock0/base\nvars: { order+: [a] }\n",
				"shared/b.yaml":
					"extends: [dock0/base, a.yaml]\nvars: { order+: [b] }\n",
				"dock0.yaml": `extends: [shared/a.yaml, shared/b.yaml]\n${minimum}vars: { order+: [main] }\n`,
				"host.json": '{ "vars": { "order+": ["host"] } }',
			},
			["dock0.yaml", "host.json"],
		);
		expect(value.vars.order).toEqual(["profile", "a", "b", "main", "host"]);
		expect(layers.map(({ inherited }) => inherited)).toEqual([
			true,
			true,
			true,
			false,
			false,
		]);
		expect(layers[0]?.label).toBe("dock0/base");
	});

	it("may be modules: an object, or a function of what is below", async () => {
		const { value, folder } = await load(
			{
				"dock0.yaml": `${minimum}  overlay: ./files\n  packages: [curl]\nvars: { site: london, raw: "\${vars.site}" }\n`,
				"host.ts": `
					interface Below { rootfs: { overlay: string; packages: string[] }; vars: { raw: string } }
					export default async (below: Below) => ({
						extends: "more.yaml",
						name: undefined,
						rootfs: { overlay: [below.rootfs.overlay, "own"], "packages+": ["jq"] },
						vars: { seen: below.rootfs.packages.length, copied: below.vars.raw, below: Object.keys(below.vars) },
					});`,
				"more.yaml": "vars: { more: 1 }\n",
				"last.mjs": "export default { vars: { site: 'paris' } };",
			},
			["dock0.yaml", "host.ts", "last.mjs"],
		);
		expect(value.rootfs.packages).toEqual(["curl", "jq"]);
		expect(value.rootfs.overlay).toEqual([
			join(folder, "files"),
			join(folder, "own"),
		]);
		expect(value.vars).toMatchObject({
			seen: 1,
			copied: "paris",
			below: ["site", "raw", "more"],
		});
	});

	it("accept a byte order mark, CRLF, anchors and JSON with tabs", async () => {
		const { value, whereOf } = await load({
			"a.yaml":
				`\uFEFF${minimum}vars:\n  one: &x [1, 2]\n  two: *x\n`.replaceAll(
					"\n",
					"\r\n",
				),
			"b.json": '{\n\t"vars": {\n\t\t"three": "\\u00e9"\n\t}\n}',
		});
		expect(value.vars).toEqual({ one: [1, 2], two: [1, 2], three: "é" });
		expect(whereOf(["name"])).toMatchObject({
			line: 1,
			column: 7,
			text: "name: web",
		});
	});
});

describe("paths", () => {
	it("become absolute against the layer that wrote them, wherever they stand", async () => {
		const { value, folder } = await load(
			{
				"dock0.yaml": `${minimum}  overlay: ./base\n  templates: /absolute\nvars: { dir: ./stuff, note: ./stays }\n`,
				"hosts/web1.yaml": `
rootfs:
  overlay+: [extra, "\${vars.dir}/x", "\${rootfs.templates}/y"]
  scripts: \${vars.dir}
files:
  motd: { type: copy, from: ../motd }
  note: { type: text, from: ../note }
`,
			},
			["dock0.yaml", "hosts/web1.yaml"],
		);
		expect(value.rootfs.overlay).toEqual([
			join(folder, "base"),
			join(folder, "hosts/extra"),
			join(folder, "stuff/x"),
			"/absolute/y",
		]);
		expect(value.rootfs.scripts).toBe(join(folder, "stuff"));
		expect(value.vars.note).toBe("./stays");
		expect(value.files).toEqual({
			motd: { type: "copy", from: join(folder, "motd") },
			note: { type: "text", from: "../note" },
		});
	});

	it("leave named values alone", async () => {
		const folder = await project({ "dock0.yaml": "from: host\nto: x\n" });
		const place = z.union([z.literal("host"), z.string().meta({ path: true })]);
		const { value } = await loadConfig({
			schema: z.strictObject({ from: place, to: place.optional() }),
			files: [],
			directory: folder,
			profilesDir: folder,
			environment: {},
		});
		expect(value).toEqual({ from: "host", to: join(folder, "x") });
	});
});

describe("explaining", () => {
	const files = {
		"a.yaml": `${minimum}  packages: [curl, vim]\nvm: { memory: 512 }\nvars: { gone: 1, seen: "\${vm.memory}" }\n`,
		"b.yaml":
			"rootfs:\n  packages+: [jq]\n  packages-: [vim]\nvm: { memory: 1024 }\nvars: { gone: null }\n",
	};

	it("tells the value, who won and what happened before", async () => {
		const config = await load(files);
		const [memory] = config.explain("vm.memory");
		expect(memory).toMatchObject({
			key: "vm.memory",
			value: 1024,
			where: { line: 4, column: 15 },
			secret: false,
		});
		expect(
			memory?.history.map(({ action, value, where }) => [
				action,
				value,
				where.line,
			]),
		).toEqual([
			["set", 512, 5],
			["overrode", 1024, 4],
		]);
		const [packages] = config.explain("rootfs.packages");
		expect(packages?.value).toEqual(["curl", "jq"]);
		expect(packages?.history.map(({ action }) => action)).toEqual([
			"set",
			"appended",
			"removed",
		]);
		expect(config.explain("rootfs.packages.0")[0]).toMatchObject({
			value: "curl",
			where: { line: 4 },
		});
		expect(config.explain("vm.cpus")[0]).toMatchObject({
			from: "default",
			value: 2,
			history: [],
		});
		expect(config.explain("vars.gone")[0]?.value).toBeUndefined();
		const keys = config.explain().map(({ key }) => key);
		expect(keys).toContain("image.squashfs.compression");
		expect(keys).toContain("vars.gone");
		expect(new Set(keys).size).toBe(keys.length);
	});

	it("prints it", async () => {
		const config = await load(files);
		const text = formatExplanation(config.explain("rootfs.packages"));
		expect(text.replaceAll(/\S+\/(\w\.yaml)/g, "$1")).toBe(
			[
				"rootfs.packages: [curl, jq]",
				"  set by       a.yaml:4  [curl, vim]",
				"  appended by  b.yaml:2  [jq]",
				"  removed by   b.yaml:3  [vim]",
			].join("\n"),
		);
		expect(formatExplanation(config.explain("vars.gone"))).toContain(
			"(removed)",
		);
	});

	it("refuses a key that is not there", async () => {
		const config = await load(files);
		expect(() => config.explain("vm.memry")).toThrow(/no key 'vm.memry'/);
		expect(config.explain("vars.seen")[0]?.value).toBe(1024);
	});

	it("knows where values were written", async () => {
		const config = await load(files);
		expect(config.whereOf(["vm", "memory"])).toMatchObject({
			line: 4,
			column: 15,
			text: "vm: { memory: 1024 }",
		});
		expect(config.whereOf(["vm", "cpus"])).toBeUndefined();
	});
});

describe("problems", () => {
	it("of missing settings point at the map that lacks them", async () => {
		const problems = await problemsOf({
			"dock0.yaml": "vars: {}\nrootfs:\n  packages: []\n",
		});
		expect(problems).toMatchObject([
			{
				code: "CONFIG_MISSING_KEY",
				message: "the setting 'name' is missing",
				where: { line: 1, column: 1 },
			},
			{
				code: "CONFIG_MISSING_KEY",
				message: "the setting 'rootfs.backend' is missing",
				hint: "it must be one of 'debian', 'arch'",
				where: { line: 2, column: 1 },
			},
		]);
	});

	it("of unions and records are told for the branch that was meant", async () => {
		const problems = await problemsOf({
			"dock0.yaml": `${minimum}  overlay: [a, 5]\n  trim: { docs: yes }\nvm:\n  ports: [5, { host: x, guest: 1, gest: 2 }]\nfiles:\n  UP: { type: text, from: x }\n  a: { type: cpy, from: x }\n  b: { from: x }\n`,
		});
		expect(
			problems.map(({ code, where }) => [code, where?.line, where?.column]),
		).toEqual([
			["CONFIG_WRONG_TYPE", 4, 16],
			["CONFIG_WRONG_TYPE", 5, 17],
			["CONFIG_WRONG_TYPE", 7, 11],
			["CONFIG_WRONG_TYPE", 7, 22],
			["CONFIG_UNKNOWN_KEY", 7, 35],
			["CONFIG_BAD_KEY", 9, 3],
			["CONFIG_BAD_VALUE", 10, 14],
			["CONFIG_MISSING_KEY", 11, 3],
		]);
		const messages = problems.map(({ message, hint }) => `${message}|${hint}`);
		expect(messages[1]).toContain("true or false");
		expect(messages[1]).toContain("write true");
		expect(messages[2]).toContain("a text or a map");
		expect(messages[6]).toContain("did you mean 'copy'?");
	});

	it("of wrong types quote numbers as they were written", async () => {
		const [problem] = await problemsOf({
			"dock0.yaml": `name: 1e3\nrootfs: { backend: debian }\n`,
		});
		expect(problem?.hint).toBe('put it in quotes to make it a text: "1e3"');
	});

	it("of a removed key that is needed point at the removal", async () => {
		const [problem] = await problemsOf({
			"a.yaml": minimum,
			"b.yaml": "vars: {}\nname: null\n",
		});
		expect(problem).toMatchObject({
			code: "CONFIG_MISSING_KEY",
			where: { line: 2, column: 1 },
		});
	});

	it("list the shipped profiles when one is not known", async () => {
		const [problem] = await problemsOf({
			"dock0.yaml": `extends: dock0/debain\n${minimum}`,
			"profiles/debian.yaml": "vars: {}\n",
			"profiles/arch.yaml": "vars: {}\n",
		});
		expect(problem?.hint).toBe(
			"did you mean 'dock0/debian'? (shipped profiles: dock0/arch, dock0/debian)",
		);
	});
});
