import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { PlannedStep } from "../../src/pipeline/plan.ts";
import type { Contents } from "../../src/release/contents.ts";
import { run } from "../../src/system/process.ts";
import { checkout, dock0 } from "./support/dock0.ts";
import { readableCheckout } from "./support/readable-checkout.ts";

let folder: string;
/** A checkout as umask 077 leaves it. */
let strict: (path: string) => string;
const project = (): string => join(folder, "web");

/** @param hosts an overlay that is part of a checkout. */
const writeConfig = (hosts: string): Promise<void> =>
	writeFile(
		join(project(), "dock0.yaml"),
		JSON.stringify({
			extends: ["dock0/debian-base", "dock0/host-base"],
			name: "web",
			rootfs: {
				packages: ["busybox-static"],
				overlay: [hosts, "./overlay"],
			},
		}),
	);

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-umask-"));
	strict = await readableCheckout(join(folder, "checkout"));
	await run("chmod", ["-R", "go=", strict(".")]);
	await mkdir(join(project(), "overlay/usr/lib/web"), { recursive: true });
	// Unlike in any build before, so that nothing of it comes from the cache.
	await writeFile(
		join(project(), "overlay/usr/lib/web/mine"),
		`${Date.now()}\n`,
		{ mode: 0o600 },
	);
	await writeConfig(strict("test/hosts/overlay"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("a checkout whose files nobody else may read builds a host whose services can read theirs", async () => {
	const built = await run(
		process.execPath,
		[strict("bin/dock0.js"), "build", "-C", project()],
		{ okExitCodes: [0, 1, 2] },
	);
	expect(built).toMatchObject({ exitCode: 0 });
	expect(built.stderr).toMatch(
		/warning .*overlay\/usr\/lib\/web\/mine will be readable by root alone/,
	);
	const { entries } = JSON.parse(
		await readFile(join(project(), "build/web/contents.json"), "utf8"),
	) as Contents;
	const modes = Object.fromEntries(
		entries.map(({ path, mode }) => [path, mode]),
	);
	expect(modes).toMatchObject({
		"usr/bin/dock0-update": "755",
		"usr/lib/dock0": "755",
		"usr/lib/dock0/ready": "755",
		"usr/lib/systemd/system/dock0-ready.service": "644",
		"usr/lib/systemd/system/e2e-shell.service": "644",
		// What is the user's has the mode that it has.
		"usr/lib/web/mine": "600",
	});
});

it("another checkout has nothing to build then, since its modes make no difference", async () => {
	await writeConfig(checkout("test/hosts/overlay"));
	const plan = await dock0(["plan", "-C", project(), "--json"]);
	const steps = JSON.parse(plan.stdout) as PlannedStep[];
	expect(
		steps.filter(({ state }) => state === "runs").map(({ name }) => name),
	).toEqual([]);
});
