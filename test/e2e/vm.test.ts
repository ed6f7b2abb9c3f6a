import { existsSync } from "node:fs";
import {
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	rm,
	symlink,
	writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	afterAll,
	afterEach,
	beforeAll,
	describe,
	expect,
	it,
	vi,
} from "vitest";
import { run, start } from "../../src/system/process.ts";
import { identifyProcess } from "../../src/system/process-identity.ts";
import { bootVm } from "../../src/vm/boot.ts";
import { findVm, listVms, stopVm } from "../../src/vm/detach.ts";
import type { Machine } from "../../src/vm/qemu.ts";
import { bootRelease } from "../../src/vm/release.ts";
import { vmSchema } from "../../src/vm/schema.ts";
import { testGuest } from "./vm-guest.ts";

/** Generous, since the machine may be busy; nothing waits for it in vain. */
const patient = { timeoutSeconds: 100 };

let folder: string;
let release: string;
let machine: Machine;
const oldCache = process.env.DOCK0_CACHE_DIR;

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-vm-test-"));
	const guest = await testGuest(folder);
	// Deeper than a socket's address may be long (108 bytes), as a user's cache may well be.
	process.env.DOCK0_CACHE_DIR = join(folder, "long".repeat(30));
	release = join(folder, "release");
	await mkdir(release);
	await symlink(guest.kernel, join(release, "vmlinuz"));
	await symlink(guest.initramfs, join(release, "initramfs"));
	await writeFile(join(release, "root.squashfs"), Buffer.alloc(4096));
	machine = {
		kernel: guest.kernel,
		initrd: guest.initramfs,
		cmdline: "console=ttyS0 quiet",
		drives: [],
		memory: 128,
		cpus: 1,
		accelerator: "tcg",
		ports: [],
	};
});

afterAll(async () => {
	if (oldCache === undefined) delete process.env.DOCK0_CACHE_DIR;
	else process.env.DOCK0_CACHE_DIR = oldCache;
	await rm(folder, { recursive: true, force: true });
});

const settings = vmSchema.parse({ accel: "tcg", memory: 128, cpus: 1 });

/** A process may still be seen for a moment after its sockets have closed. */
const gone = (pid: number) =>
	vi.waitFor(() => expect(identifyProcess(pid)).toBeUndefined(), 5000);

// One test's failure must not become that of the others.
afterEach(async () => {
	for (const vm of await listVms()) await stopVm(vm.name, { limitSeconds: 0 });
});

describe("bootVm", () => {
	it("gives console, readiness, ports and a clean end", async () => {
		const port = { address: "127.0.0.1", host: 0, guest: 80, protocol: "tcp" };
		const vm = await bootVm({
			name: "full",
			machine: { ...machine, ports: [port as Machine["ports"][number]] },
		});
		await vm.waitReady(patient);
		const host = vm.ports[0]?.host ?? 0;
		expect(host).toBeGreaterThan(0);
		const answer = await fetch(`http://127.0.0.1:${host}/`);
		expect(await answer.text()).toBe("hello from the guest\n");

		await vm.console.waitFor(/guest> /, patient);
		vm.console.write("anybody there?\n");
		const said = await vm.console.waitFor(/^you said: (.*\?)$/, patient);
		expect(said[1]).toBe("anybody there?");

		await expect(bootVm({ name: "full", machine })).rejects.toMatchObject({
			code: "VM_NAME_TAKEN",
		});
		expect((await listVms()).map(({ name, ready }) => [name, ready])).toEqual([
			["full", true],
		]);

		expect(await vm.shutdown()).toBe("powered-off");
		expect(await vm.waitExit()).toEqual({
			exitCode: 0,
			reason: "guest-shutdown",
		});
		await gone(vm.pid);
		expect(await listVms()).toEqual([]);
		expect(await readFile(vm.console.logFile, "utf8")).toMatch(
			/guest is up.*you said: anybody there\?.*power button/s,
		);
	});

	it("sees a panic long before the timeout", async () => {
		const vm = await bootVm({
			name: "panic",
			machine: { ...machine, cmdline: "console=ttyS0 quiet test.panic" },
		});
		const hour = { timeoutSeconds: 3600 };
		await expect(vm.waitReady(hour)).rejects.toMatchObject({
			code: "VM_GUEST_PANIC",
			message: expect.stringMatching(/ {2}\| .*Attempted to kill init/),
		});
		await expect(vm.console.waitFor(/x{9}/, hour)).rejects.toMatchObject({
			code: "VM_GUEST_PANIC",
		});
		await vm.kill();
		expect((await vm.waitExit()).exitCode).toBe(-1);
	});

	it("cuts off a guest that ignores the power button", async () => {
		const { kernel: _, initrd: __, cmdline: ___, ...withoutKernel } = machine;
		const vm = await bootVm({
			name: "deaf",
			// Without a kernel and a disk, the firmware finds nothing to start and waits for ever.
			machine: withoutKernel,
		});
		expect(await vm.shutdown({ limitSeconds: 0.2 })).toBe("cut-off");
		expect(await vm.waitExit()).toEqual({
			exitCode: 0,
			reason: "host-qmp-quit",
		});
	});

	it("names a busy port, and leaves nothing behind", async () => {
		const server = createServer();
		await new Promise<void>((resolve) =>
			server.listen(0, "127.0.0.1", resolve),
		);
		const address = server.address();
		const host = typeof address === "object" ? (address?.port ?? 0) : 0;
		const ports: Machine["ports"] = [
			{ address: "127.0.0.1", host, guest: 80, protocol: "tcp" },
		];
		for (const detach of [false, true])
			await expect(
				bootVm({ name: "busy", machine: { ...machine, ports }, detach }),
			).rejects.toMatchObject({ code: "VM_PORT_BUSY", exitCode: 1 });
		server.close();
		expect(
			await readdir(join(process.env.DOCK0_CACHE_DIR ?? "", "vms")),
		).toEqual([]);
	});

	it("dies at once on abort", async () => {
		const abort = new AbortController();
		const vm = await bootVm({
			name: "aborted",
			machine,
			signal: abort.signal,
		});
		abort.abort();
		expect((await vm.waitExit()).exitCode).toBe(-1);
		await gone(vm.pid);
	});
});

describe("bootRelease", () => {
	it("shows the guest root and state disk, and shuts down when a line is seen", async () => {
		const stateFile = join(folder, "state.img");
		const lines: string[] = [];
		const outcome = await bootRelease({
			folder: release,
			rootFile: "root.squashfs",
			name: "until",
			settings: { ...settings, state: "64M" },
			stateFile,
			mode: { kind: "until", pattern: /guest is up/, ...patient },
			onEvent: (event) => {
				if (event.type === "output")
					lines.push(Buffer.from(event.chunk).toString());
			},
		});
		expect(outcome).toMatchObject({
			kind: "reached",
			line: "guest is up",
			result: "powered-off",
		});
		expect(lines.join("")).toContain("disk vda dock0-root 1");
		expect(lines.join("")).toContain("disk vdb dock0-state 0");
		expect(lines.join("")).toContain("state disk mounted and written");
		expect(existsSync(stateFile)).toBe(true);
	});

	it("leaves a detached VM running for others to find and stop", async () => {
		// Another process starts it, and ends.
		const script = `
			import { bootRelease } from "${join(import.meta.dirname, "../../src/vm/release.ts")}";
			const outcome = await bootRelease(JSON.parse(process.argv[2]));
			process.stdout.write(JSON.stringify(outcome));
			process.exit(0);
		`;
		const program = join(folder, "detach.ts");
		await writeFile(program, script);
		const options = {
			folder: release,
			rootFile: "root.squashfs",
			name: "detached",
			settings,
			mode: { kind: "detach", readySeconds: patient.timeoutSeconds },
		};
		const { stdout } = await runTypeScript(program, [JSON.stringify(options)]);
		const { pid } = JSON.parse(stdout) as { pid: number };

		const vm = await findVm("detached");
		expect(vm).toMatchObject({ detached: true, ready: true, qemu: { pid } });
		await expect(stopVm("nobody")).rejects.toMatchObject({
			code: "VM_NOT_FOUND",
			exitCode: 2,
		});
		expect(await stopVm("detached")).toBe("powered-off");
		await gone(pid);
		expect(await findVm("detached")).toBeUndefined();
	});

	it("forgets a detached VM that was killed", async () => {
		const vm = await bootVm({ name: "killed", machine, detach: true });
		vm.disconnect();
		process.kill(vm.pid, "SIGKILL");
		await gone(vm.pid);
		expect(await listVms()).toEqual([]);
		expect(
			await readdir(join(process.env.DOCK0_CACHE_DIR ?? "", "vms")),
		).toEqual([]);
	});

	it("shuts a foreground guest down at SIGINT and leaves no QEMU", async () => {
		const child = start(process.execPath, [
			...typeScript(join(import.meta.dirname, "vm-foreground.ts")),
			...[release, "foreground", JSON.stringify(settings)],
		]);
		let output = "";
		let errors = "";
		child.stderr.on("data", (text: Buffer) => {
			errors += text.toString();
		});
		const up = new Promise<void>((resolve) => {
			child.stdout.on("data", (text: Buffer) => {
				output += text.toString();
				if (output.includes("guest is up")) resolve();
			});
		});
		await Promise.race([up, child.done]);
		expect(output, errors).toContain("guest is up");
		process.kill(child.pid, "SIGINT");
		expect((await child.done).exitCode).toBe(0);
		expect(output).toContain("power button");
		expect(errors).toContain('{"kind":"stopped","result":"powered-off"}');
		await gone(Number(/pid (\d+)/.exec(errors)?.[1]));
	});

	it("ends a foreground run with an error when the guest panics", async () => {
		const panicking = JSON.stringify({ ...settings, append: ["test.panic"] });
		const { stderr } = await runTypeScript(
			join(import.meta.dirname, "vm-foreground.ts"),
			[release, "foreground-panic", panicking],
			[1],
		);
		expect(stderr).toContain("[VM_GUEST_PANIC]");
		await gone(Number(/pid (\d+)/.exec(stderr)?.[1]));
	});

	it("says that the release is incomplete", async () => {
		await expect(
			bootRelease({
				folder: join(folder, "nothing"),
				rootFile: "root.squashfs",
				name: "incomplete",
				settings,
				mode: { kind: "until", ...patient },
			}),
		).rejects.toMatchObject({ code: "RELEASE_INCOMPLETE" });
	});
});

/** Node 20 does not read TypeScript; jiti does. */
function typeScript(program: string): string[] {
	const jiti = join(
		import.meta.dirname,
		"../../node_modules/jiti/lib/jiti-cli.mjs",
	);
	return [jiti, program];
}

function runTypeScript(
	program: string,
	args: readonly string[],
	okExitCodes: readonly number[] = [0],
) {
	return run(process.execPath, [...typeScript(program), ...args], {
		okExitCodes,
	});
}
