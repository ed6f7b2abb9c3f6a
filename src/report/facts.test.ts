import { expect, it } from "vitest";
import type { ContentEntry } from "../release/contents.ts";
import { difference } from "./difference.ts";
import {
	kernelModules,
	ownFiles,
	packageFacts,
	portsOf,
	type ReleaseFacts,
	servicesOf,
	settingsText,
} from "./facts.ts";
import { describeDifference, sizeTree } from "./inspect.ts";

function file(path: string, bytes: number, from?: string): ContentEntry {
	return {
		path,
		kind: "f",
		mode: "644",
		owner: "0:0",
		bytes,
		sha256: `${bytes}`.padEnd(64, "0"),
		...(from ? { package: from } : {}),
	};
}

const link = (path: string, target: string): ContentEntry => ({
	path,
	kind: "l",
	mode: "777",
	owner: "0:0",
	target,
});

it("counts files for their package, modules and the rest by themselves", () => {
	const facts = packageFacts(
		new Map([
			["bash", "5"],
			["empty", "1"],
		]),
		[
			file("usr/bin/bash", 100, "bash"),
			file("usr/lib/modules/6.1/x.ko", 30),
			file("etc/motd", 7),
		],
	);
	expect(facts.map(({ name, bytes }) => [name, bytes])).toEqual([
		["bash", 100],
		[kernelModules, 30],
		[ownFiles, 7],
		["empty", 0],
	]);
});

it("finds enabled units, and leaves masked ones out", () => {
	const wants = "etc/systemd/system/multi-user.target.wants";
	expect(
		servicesOf([
			link(`${wants}/nginx.service`, "/usr/lib/systemd/system/nginx.service"),
			link(`${wants}/off.service`, "/usr/lib/systemd/system/off.service"),
			link("etc/systemd/system/off.service", "/dev/null"),
			link("usr/lib/systemd/system/sysinit.target.wants/a.service", "../a"),
		]),
	).toEqual([
		{ unit: "a.service", target: "sysinit.target", isStatic: true },
		{ unit: "nginx.service", target: "multi-user.target", isStatic: false },
	]);
});

it("reads ports of every form", () => {
	const setting = (key: string, value: unknown) => ({
		key,
		value,
		from: "default",
		history: [],
	});
	expect(
		portsOf([
			setting("vm.ports", [
				"8080:80",
				{ host: 53, guest: 53, protocol: "udp" },
			]),
			setting("vm.supports", ["1:1"]),
		]),
	).toEqual([
		{ port: "8080:80", from: "vm.ports" },
		{ port: "53:53/udp", from: "vm.ports" },
	]);
});

it("keeps the places of the build machine out of the settings", () => {
	const text = settingsText(
		[
			{
				key: "rootfs.overlay",
				value: "/home/me/web/overlay",
				from: "dock0.yaml",
				where: { file: "dock0.yaml", line: 3, column: 1 },
				secret: false,
				history: [],
			},
		],
		{ "/home/me": "outer", "/home/me/web": "." },
	);
	expect(JSON.parse(text)).toEqual([
		{
			key: "rootfs.overlay",
			value: "./overlay",
			from: "dock0.yaml:3",
			history: [],
		},
	]);
});

const release = (facts: Partial<ReleaseFacts>): ReleaseFacts => ({
	folder: "x",
	name: "web",
	version: "1",
	kernel: { version: "6.1", cmdline: ["quiet"] },
	signed: false,
	parts: [{ name: "vmlinuz", bytes: 1000 }],
	packages: [],
	services: [],
	ports: [],
	kernelOptions: { EXT4_FS: "y" },
	settings: [],
	entries: [],
	sources: [],
	...facts,
});

it("tells what came, went and changed", () => {
	const packages = (version: string, ...more: string[]) => [
		{ name: "bash", version, bytes: 5000, files: 1 },
		...more.map((name) => ({ name, version: "1", bytes: 2000, files: 1 })),
	];
	const found = difference(
		release({ packages: packages("5.1", "old"), entries: [file("a", 1)] }),
		release({
			packages: packages("5.2", "fresh"),
			entries: [file("a", 2), file("b", 1)],
			kernelOptions: { EXT4_FS: "m", BTRFS_FS: "y" },
			parts: [{ name: "vmlinuz", bytes: 3000 }],
		}),
	);
	const text = describeDifference(found, 10);
	for (const line of [
		/~ +bash +5\.1 -> 5\.2$/m,
		/\+ +fresh +1 +\+2\.0 kB/,
		/- +old +1 +-2\.0 kB/,
		/~ +CONFIG_EXT4_FS +y -> m/,
		/\+ +CONFIG_BTRFS_FS +y/,
		/vmlinuz +1\.0 kB -> 3\.0 kB +\+2\.0 kB/,
		/~ +\/a$/m,
		/\+ +\/b$/m,
	])
		expect(text).toMatch(line);
	expect(describeDifference(found, 1)).toContain("… and 2 more");
	expect(describeDifference(difference(release({}), release({})), 9)).toBe(
		"no difference",
	);
});

it("makes a tree whose sizes add up at every level", () => {
	const tree = sizeTree(
		[
			file("usr/bin/a", 5000, "p"),
			file("usr/bin/b", 100, "p"),
			file("usr/bin/c", 100, "p"),
			file("etc/only/here", 3000),
		],
		"package",
	);
	const check = (node: typeof tree): void => {
		if (!node.children) return;
		expect(node.children.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(
			node.bytes,
		);
		node.children.forEach(check);
	};
	check(tree);
	expect(tree.bytes).toBe(8200);
	expect(JSON.stringify(tree)).toContain("(2 small)");
});
