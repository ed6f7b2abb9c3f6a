import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { projectTemplates } from "../../src/pipeline/init.ts";
import { run } from "../../src/system/process.ts";
import { checkout, dock0 } from "./support/dock0.ts";
import { guestShell } from "./support/guest.ts";
import { bootHost, buildHost } from "./support/host.ts";

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-e2e-init-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(Object.keys(projectTemplates))(
	"dock0 init --template %s",
	(template) => {
		it("writes a project that is planned at once, and is not overwritten", async () => {
			const begin = ["init", template, "--template", template, "--yes"];
			const made = await dock0(begin, { cwd: folder });
			expect(made.stderr).toBe("");
			expect(made.stdout).toContain(
				`next: cd ${template} && dock0 build && dock0 boot`,
			);
			const plan = await dock0(["plan", "-C", template], { cwd: folder });
			expect(plan.stderr).toBe("");
			expect(plan.stdout).toMatch(/image\/squashfs/);
			expect(plan.exitCode).toBe(0);
			const again = await dock0(begin, { cwd: folder });
			expect(again.stderr).toContain("[INIT_IN_THE_WAY]");
			expect(again.exitCode).toBe(2);
		});
	},
);

it("builds and boots the web server, which shows its page", async () => {
	const project = join(folder, "built");
	await dock0(["init", project, "--yes"]);
	const file = join(project, "dock0.yaml");
	const config = await readFile(file, "utf8");
	// Another port 8080 may be taken.
	await writeFile(file, config.replace('"8080:80"', '"0:80"'));
	const { exitCode, stderr } = await dock0(["build", "-C", project]);
	expect(stderr).not.toContain("error:");
	expect(exitCode).toBe(0);
	const name = `init-${process.pid}`;
	const boot = ["boot", "-C", project, "--detach", "--ready", "--name", name];
	try {
		expect((await dock0(boot)).exitCode).toBe(0);
		const { stdout } = await dock0(["vm", "list", "--json"]);
		const machines = JSON.parse(stdout) as {
			name: string;
			ports: { host: number }[];
		}[];
		const port = machines.find((one) => one.name === name)?.ports[0]?.host;
		const page = await run(process.execPath, [
			checkout("scripts/ask.js"),
			`http://127.0.0.1:${port}/`,
		]);
		expect(page.stdout).toContain("It works");
	} finally {
		await dock0(["vm", "stop", name]);
	}
});

it("builds and boots the swarm node, which becomes the manager of a swarm", async () => {
	const project = join(folder, "swarm");
	await dock0(["init", project, "--template", "swarm-node", "--yes"]);
	const file = join(project, "dock0.yaml");
	const config = await readFile(file, "utf8");
	// A shell on the console, for the test to ask in.
	const shell = checkout("test/hosts/overlay");
	await writeFile(
		file,
		config.replace("overlay: ./overlay", `overlay: [${shell}, ./overlay]`),
	);
	const output = join(project, "build");
	await buildHost([file], output);
	const vm = await bootHost([file], output, { name: `swarm-${process.pid}` });
	try {
		const guest = await guestShell(vm, 300);
		await vm.waitReady({ timeoutSeconds: 300 });
		const info = (what: string) =>
			guest.get(`docker info --format '${what}'`, 120);
		expect(await info("{{.LoggingDriver}} {{.Swarm.LocalNodeState}}")).toBe(
			"journald inactive",
		);
		const started = await guest.get("docker swarm init", 120);
		expect(started).toMatch(/docker swarm join --token \S+ 10\.\S+:2377/);
		expect(
			await info("{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}"),
		).toBe("active true");
		// Its membership lies on the state volume.
		expect(await guest.get("stat -c %d /var/lib/docker/swarm")).toBe(
			await guest.get("stat -c %d /run/dock0/state"),
		);
		const listening = await guest.get("ss -Hltn");
		for (const port of [2377, 7946]) expect(listening).toContain(`*:${port} `);
	} finally {
		await vm.kill();
	}
});

it("asks on a terminal, by the keyboard alone", async () => {
	const project = join(folder, "asked");
	// script(1) gives a terminal; the answers wait for their questions.
	const session = [
		"set -eu",
		'mkfifo "$1.keys"; exec 3<>"$1.keys"',
		'ask() { n=0; until grep -aq "$2" "$1.screen" 2>/dev/null; do n=$((n+1)); [ $n -lt 300 ]; sleep 0.1; done; }',
		'script -qefc "$2 $3 init $1" "$1.screen" <&3 >/dev/null & pid=$!',
		'ask "$1" "What shall it be"; printf "\\033[B\\r" >&3', // down, enter
		'ask "$1" "Name of the host"; printf "node7\\r" >&3',
		"wait $pid",
	].join("\n");
	await run("bash", [
		"-c",
		session,
		"bash",
		project,
		process.execPath,
		checkout("bin/dock0.js"),
	]);
	const config = await readFile(join(project, "dock0.yaml"), "utf8");
	expect(config).toContain("A Docker Swarm node");
	// The suggested name stands before what is typed.
	expect(config).toMatch(/^name: (asked)?node7$/m);
});
