import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { prepareKeyring } from "../../src/rootfs/arch/keyring.ts";
import { archSchema } from "../../src/rootfs/arch/schema.ts";
import { runInNamespace } from "../../src/system/namespace.ts";
import { run } from "../../src/system/process.ts";

// No mirror is needed for what a build from real ones trusts.
it("Arch's own keyring makes a gpg home in which its packagers' keys are valid", async () => {
	const home = await prepareKeyring(
		{ run, runInNamespace, log: () => undefined },
		archSchema.parse({}),
	);
	expect(existsSync(home)).toBe(true);
	const { stdout } = await run("gpg", [
		...[
			"--homedir",
			home,
			"--batch",
			"--no-autostart",
			"--no-permission-warning",
		],
		...["--with-colons", "--list-keys"],
	]);
	// doc/DETAILS of GnuPG: field 2 is the validity, f for full.
	expect(stdout.match(/^pub:f:/gm)?.length).toBeGreaterThan(20);
	expect(stdout).toMatch(/^uid:f:.*@archlinux\.org>/m);
}, 300_000);
