import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { run } from "../../src/system/process.ts";
import type { RunningVm } from "../../src/vm/running-vm.ts";
import { bootHost, buildHost } from "./support/host.ts";

const password = "a word for the console";
let folder: string;
let passwordHash: string;
let vm: RunningVm | undefined;

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-e2e-console-"));
	const { stdout } = await run("openssl", ["passwd", "-6", password]);
	passwordHash = stdout.trim();
});
afterEach(() => vm?.kill());
afterAll(() => rm(folder, { recursive: true, force: true }));

// The roots of other tests, without the shell that these have on the console.
it.each([
	["systemd", ["dock0/debian-base", "dock0/host-base"], ["busybox-static"]],
	["s6", ["dock0/s6-host"], []],
])(
	"lets a user with a password in on the serial console: %s",
	async (init, profiles, packages) => {
		const name = `console-${init}`;
		const layer = join(folder, `${name}.yaml`);
		await writeFile(
			layer,
			JSON.stringify({
				extends: profiles,
				name,
				rootfs: { "packages+": packages },
				kernel: { "cmdline+": ["loglevel=3", "systemd.show_status=false"] },
				host: {
					hostname: init,
					users: { admin: { sudo: true, passwordHash } },
				},
				vm: { memory: 1024, append: ["no_timer_check"] },
			}),
		);
		await buildHost([layer], folder);
		vm = await bootHost([layer], folder, { name });
		const { console } = vm;
		const see = (pattern: RegExp) =>
			console.waitFor(pattern, { timeoutSeconds: 300 });
		const answer = async (words: string, pattern: RegExp) => {
			console.write(`${words}\n`);
			return see(pattern);
		};
		await see(/dock0: ready/);
		await answer("", new RegExp(`${init} login: `));
		await answer("admin", /Password: /);
		await answer("another word", /Login incorrect/);
		await see(/login: /);
		await answer("admin", /Password: /);
		await answer(password, /[$] /);
		const [, who] = await answer(
			'echo "I am $(id -un), $(sudo id -un) on $(tty)."',
			/^I am (.*)\.$/,
		);
		expect(who).toBe("admin, root on /dev/ttyS0");
		await answer("exit", new RegExp(`${init} login: `));
	},
);
