import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type RunningProcess, start } from "../../../src/system/process.ts";
import { checkout } from "./dock0.ts";

/** Writes a project below `folder` whose packages other tests have in the cache already; `text` makes its releases differ. */
export async function writeUiProject(
	folder: string,
	version: string,
	text: string,
): Promise<void> {
	await mkdir(join(folder, "overlay/etc"), { recursive: true });
	await writeFile(join(folder, "overlay/etc/motd"), text);
	await writeFile(
		join(folder, "dock0.yaml"),
		JSON.stringify({
			extends: checkout("test/hosts/fleet.yaml"),
			name: "shop",
			rootfs: { overlay: [checkout("test/hosts/overlay"), "./overlay"] },
			release: { version },
			host: {
				users: { admin: { sudo: true } },
				push: { to: "admin@192.0.2.1" },
			},
		}),
	);
}

/** Starts `dock0 ui` for the project in `folder`; the caller kills it. */
export async function startUi(
	folder: string,
	more: readonly string[] = [],
): Promise<{ ui: RunningProcess; address: string }> {
	const ui = start(process.execPath, [
		...[checkout("bin/dock0.js"), "ui", "-C", folder],
		...more,
	]);
	let said = "";
	const address = await new Promise<string>((resolve, reject) => {
		ui.stdout.setEncoding("utf8").on("data", (chunk: string) => {
			said += chunk;
			const found = /^http:\S+$/m.exec(said);
			if (found) resolve(found[0]);
		});
		ui.stderr.resume();
		void ui.done.then(() => reject(new Error("dock0 ui ended")));
	});
	return { ui, address };
}
