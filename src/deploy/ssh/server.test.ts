import {
	chmod,
	mkdir,
	mkdtemp,
	readFile,
	rm,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { lookAt, send } from "./server.ts";

const { signal } = new AbortController();
let folder: string;

/** ssh and sudo as programs that run the command here, and note as whom. */
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-server-"));
	await mkdir(join(folder, "bin"));
	const program = async (name: string, text: string): Promise<void> => {
		const file = join(folder, "bin", name);
		await writeFile(file, `#!/bin/sh\n${text}`);
		await chmod(file, 0o755);
	};
	await program(
		"ssh",
		`for command; do :; done
export SSH_CONNECTION="192.0.2.7 4000 192.0.2.1 2200"
exec sh -c "$command"`,
	);
	await program(
		"sudo",
		`[ "$1" = -n ] || exit 9
shift
[ ! -e ${folder}/password ] || { echo "sudo: a password is required" >&2; exit 1; }
echo "$*" | head -n 1 >> ${folder}/asked
exec env -u SSH_CONNECTION "$@"`,
	);
	vi.stubEnv("PATH", `${join(folder, "bin")}${delimiter}${process.env.PATH}`);
});
afterEach(async () => {
	vi.unstubAllEnvs();
	await rm(folder, { recursive: true, force: true });
});

const asked = (): Promise<string> =>
	readFile(join(folder, "asked"), "utf8").catch(() => "");

it("looks at a server as root, by sudo where the login is another's, and is told the same", async () => {
	const admin = { destination: "web1", user: "admin", options: [] };
	const facts = await lookAt(admin, undefined, signal);
	expect(await asked()).toMatch(/^sh -s -- /);
	expect(facts).toMatchObject({ arch: "x86_64", port: 2200, target: "" });
	expect(facts.memory).toBeGreaterThan(0);
	await rm(join(folder, "asked"));
	const root = { destination: "web1", user: "root", options: [] };
	const { available, room, ...rest } = await lookAt(root, undefined, signal);
	expect(await asked()).toBe("");
	expect(facts).toMatchObject(rest);
});

it("says what is missing when sudo wants a password", async () => {
	await writeFile(join(folder, "password"), "");
	const admin = { destination: "admin@web1", options: [] };
	await expect(lookAt(admin, undefined, signal)).rejects.toMatchObject({
		problems: [
			{
				code: "HOST_REFUSED",
				message: "admin@web1: sudo: a password is required",
				hint: expect.stringContaining("sudo without a password"),
			},
		],
	});
});

it("sends a file through sudo, byte by byte as it is", async () => {
	const content = Buffer.from([
		0,
		10,
		13,
		4,
		255,
		...Buffer.from("it's\n$HOME"),
	]);
	await send(
		{ destination: "admin@web1", options: [] },
		folder,
		{
			name: "cargo",
			bytes: content.length,
			async *chunks() {
				yield content.subarray(0, 4);
				yield content.subarray(4);
			},
		},
		{ signal, progress: () => undefined },
	);
	expect(await asked()).toMatch(/^sh -c umask 077/);
	expect((await readFile(join(folder, "cargo"))).equals(content)).toBe(true);
});
