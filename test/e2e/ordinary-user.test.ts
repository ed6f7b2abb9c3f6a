import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { planProject } from "../../src/pipeline/plan.ts";
import { loadProject } from "../../src/pipeline/project.ts";
import { readRelease } from "../../src/release/folder.ts";
import { environment } from "../../src/system/environment.ts";
import { run } from "../../src/system/process.ts";
import { asUser, userIds } from "./rootfs/workshop.ts";
import { checkout } from "./support/dock0.ts";
import { buildHost } from "./support/host.ts";
import { readableCheckout } from "./support/readable-checkout.ts";

const layers = [checkout("test/hosts/debian.yaml")];
let folder: string;

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-e2e-user-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.runIf(environment().isRoot)(
	"an ordinary user makes the same release of the same packages as root, byte for byte",
	async () => {
		const user = await userIds();
		const cache = join(folder, "cache");
		const ours = await readRelease(
			await buildHost(layers, join(folder, "root")),
		);
		// The mirror may have moved on since root downloaded. That packages install alike is shown by
		// rootfs.test.ts; here everything after them is made again.
		for (const { name, key } of await planProject(
			await loadProject({ files: layers }),
		))
			if (/^(rootfs\/packages|kernel\/(package|busybox))$/.test(name)) {
				await mkdir(join(cache, "steps"), { recursive: true });
				await run("cp", [
					"-R",
					join(environment().cacheDir, "steps", key),
					join(cache, "steps"),
				]);
			}
		const copy = await readableCheckout(join(folder, "checkout"));
		await run("chown", ["-R", `${user.uid}:${user.gid}`, folder]);
		const { stderr } = await run(
			"setpriv",
			[
				...asUser(user),
				`DOCK0_CACHE_DIR=${cache}`,
				process.execPath,
				copy("bin/dock0.js"),
				"build",
				copy("test/hosts/debian.yaml"),
				"--output",
				join(folder, "user"),
			],
			{ cwd: folder },
		);
		expect(stderr.match(/^done/gm)).toHaveLength(9);
		expect(await readRelease(join(folder, "user", "e2e-debian"))).toEqual(ours);
	},
);
