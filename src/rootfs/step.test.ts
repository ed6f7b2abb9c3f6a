import { describe, expect, it } from "vitest";
import { rootfsSchema } from "./schema.ts";
import { configKey, customiseStep, packagesStep } from "./step.ts";

const debian = { mirrors: ["http://mirror.example/debian"] };

function steps(rootfs: object, config: object = {}, refresh = "first") {
	const settings = rootfsSchema.parse({ debian, ...rootfs });
	const packages = packagesStep(settings, { refresh, epoch: 1 });
	return {
		packages,
		customised: customiseStep({ packages, settings, config, epoch: 1 }),
	};
}

describe("what the steps depend on", () => {
	it("renews packages with the refresh token and the list, but not with files", () => {
		const base = steps({ packages: ["dbus"] }).packages.inputs;
		expect(
			steps({ packages: ["dbus"], overlay: "/x" }).packages.inputs,
		).toEqual(base);
		expect(
			steps({ packages: ["dbus"] }, {}, "second").packages.inputs,
		).not.toEqual(base);
		expect(steps({ packages: ["udev"] }).packages.inputs).not.toEqual(base);
	});

	it("reads the config only when templates, scripts or commands can see it", () => {
		const key = (rootfs: object, config: object) =>
			steps(rootfs, config).customised.inputs.values?.config;
		expect(key({ overlay: "/x" }, { a: 1 })).toBeUndefined();
		expect(key({ templates: "/x" }, { a: 1 })).not.toBe(
			key({ templates: "/x" }, { a: 2 }),
		);
	});

	it("has files as paths, and no path in a value", () => {
		const { inputs } = steps({
			baseOverlay: ["/p/base"],
			overlay: "/p/over",
			templates: ["/p/t", { from: "/p/u", to: "/etc/u", mode: "0600" }],
			scripts: "/p/s",
		}).customised;
		expect(inputs.paths).toEqual({
			overlay: ["/p/base", "/p/over"],
			templates: ["/p/t", "/p/u"],
			scripts: "/p/s",
		});
		expect(JSON.stringify(inputs.values)).not.toContain("/p/");
	});

	it("holds no secret in clear", () => {
		const { inputs } = steps(
			{ templates: "/t" },
			{ password: "hunter2hunter2" },
		).customised;
		expect(JSON.stringify(inputs)).not.toContain("hunter2");
	});
});

it("makes the same key in another checkout", () => {
	const config = (home: string) => ({
		rootfs: { overlay: [`${home}/web/overlay`], scripts: home },
		vars: { home: "/srv/webby" },
	});
	expect(configKey(config("/home/a/web"), ["/home/a/web"])).toBe(
		configKey(config("/srv/b"), ["/srv/b"]),
	);
	expect(configKey(config("/srv/web"), ["/srv/we"])).toContain("/srv/web/web");
});
