import {
	chmod,
	mkdir,
	mkdtemp,
	rm,
	symlink,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { packageFile } from "../system/package-files.ts";
import { rootfsSchema } from "./schema.ts";
import { unreadableFiles } from "./unreadable.ts";

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-unreadable-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(path: string, mode: number): Promise<void> {
	await mkdir(dirname(join(folder, path)), { recursive: true });
	await writeFile(join(folder, path), "");
	await chmod(join(folder, path), mode);
}

it("are units and what lies in /usr, but not a key in /etc or what permissions set", async () => {
	await write("overlay/etc/systemd/system/a.service", 0o600);
	await write("overlay/etc/systemd/system/b.service", 0o644);
	await write("overlay/etc/app/key", 0o600);
	await write("overlay/usr/bin/app", 0o750);
	await write("overlay/usr/lib/app/key", 0o600);
	await write("templates/usr/lib/app/set.eta", 0o600);
	await write("templates/usr/lib/app/page.eta", 0o600);
	await symlink("/nowhere", join(folder, "overlay/usr/link"));
	await chmod(join(folder, "overlay/usr/lib/app"), 0o700);
	const found = await unreadableFiles(
		rootfsSchema.parse({
			overlay: join(folder, "overlay"),
			templates: [
				join(folder, "templates"),
				{ from: join(folder, "overlay/usr/bin/app"), to: "/usr/bin/x" },
			],
			permissions: [
				{ path: "/usr/lib/app/key", mode: "0400" },
				{ path: "/usr/lib/**/set", mode: "0644" },
			],
		}),
	);
	expect(found).toEqual(
		[
			"overlay/usr/bin/app",
			"overlay/usr/lib/app",
			"overlay/etc/systemd/system/a.service",
			"templates/usr/lib/app/page.eta",
		].map((path) => join(folder, path)),
	);
});

it("are none of what dock0 ships, whose modes count as git knows them", async () => {
	const settings = rootfsSchema.parse({
		baseOverlay: ["base", "host", "s6"].map((name) =>
			packageFile(`profiles/${name}`),
		),
	});
	expect(await unreadableFiles(settings)).toEqual([]);
});
