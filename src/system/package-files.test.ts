import { join } from "node:path";
import { expect, it } from "vitest";
import { fileMode, packageFile } from "./package-files.ts";

const file = (mode: number) => ({
	mode: 0o100000 | mode,
	isDirectory: () => false,
});
const folder = (mode: number) => ({
	mode: 0o040000 | mode,
	isDirectory: () => true,
});

it.each([
	[file(0o600), 0o644],
	[file(0o664), 0o644],
	[file(0o700), 0o755],
	[file(0o775), 0o755],
	[folder(0o700), 0o755],
	[folder(0o2775), 0o755],
])(
	"a file of ours has the mode that git knows, whatever the umask",
	(stats, mode) => {
		expect(fileMode(packageFile("profiles/base/etc/x"), stats)).toBe(mode);
		expect(fileMode(packageFile("test/hosts/overlay/etc/x"), stats)).toBe(mode);
	},
);

it("a user's file has the mode that it has", () => {
	for (const path of [
		"/srv/web/overlay/etc/key",
		"overlay/etc/key",
		`${packageFile("profiles")}-mine/key`,
		join(packageFile("."), "key"),
	])
		expect(fileMode(path, file(0o4750))).toBe(0o4750);
	expect(fileMode("/srv/web/overlay/etc", folder(0o700))).toBe(0o700);
});
