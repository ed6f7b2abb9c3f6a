import {
	chmod,
	copyFile,
	mkdir,
	mkdtemp,
	readFile,
	rm,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { packageFile } from "../system/package-files.ts";
import { run } from "../system/process.ts";

let folder: string;
const at = (path: string): string => join(folder, path);
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-health-"));
	for (const path of ["bin", "lib", "run", "proc"]) await mkdir(at(path));
	await writeFile(at("proc/uptime"), "10.50 3.00\n");
	// Each wait takes ten of the guest's seconds and none of ours.
	await program(
		"sleep",
		`read -r up _ <${at("proc/uptime")}; echo "$((\${up%%.*} + 10)).00 0" >${at("proc/uptime")}`,
	);
	await program("dock0-update", `echo "$*" >>${at("said")}`);
	await program("modprobe", ":");
	await copyFile(
		packageFile("profiles/systemd/usr/lib/dock0/init.sh"),
		at("lib/init.sh"),
	);
	await writeFile(at("lib/update.conf"), "tries=2\nhealth_timeout=60\n");
	await writeFile(at("lib/health-commands"), "");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function program(name: string, text: string): Promise<void> {
	await writeFile(at(`bin/${name}`), `#!/bin/sh\n${text}\n`);
	await chmod(at(`bin/${name}`), 0o755);
}

/**
 * systemd as the health check asks it: ready from the second `readyAt` on, or from the first question of any
 * kind on; `settled` once the boot is over.
 */
async function systemd(options: {
	readyAt?: number;
	readyAfterQuestion?: boolean;
	settled?: boolean;
}): Promise<void> {
	const { readyAt = 1_000_000, readyAfterQuestion, settled = false } = options;
	await program(
		"systemctl",
		[
			`read -r up _ <${at("proc/uptime")}`,
			"case $1 in",
			`is-active) if [ "\${up%%.*}" -ge ${readyAt} ] || [ -f ${at("asked")} ]; then echo active; exit 0; fi; ${readyAfterQuestion ? `touch ${at("asked")};` : ""} echo inactive; exit 3 ;;`,
			"list-units) echo 'docker.service loaded failed failed Docker' ;;",
			`is-system-running) ${readyAfterQuestion ? `touch ${at("asked")};` : ""} echo ${settled ? "degraded" : "starting"} ;;`,
			"esac",
		].join("\n"),
	);
}

/** Runs the health check; what it told the update agent, and its exit code. */
async function health(): Promise<{ said: string; exitCode: number }> {
	const { exitCode } = await run(
		"sh",
		[packageFile("profiles/base/usr/lib/dock0/health")],
		{
			okExitCodes: [0, 1],
			env: {
				DOCK0_LIB: at("lib"),
				DOCK0_RUN: at("run"),
				DOCK0_PROC: at("proc"),
				PATH: `${at("bin")}:/usr/bin:/bin`,
			},
		},
	);
	return { exitCode, said: (await readFile(at("said"), "utf8")).trim() };
}

it("a host that becomes ready between two questions is not given up", async () => {
	await systemd({ readyAfterQuestion: true, settled: true });
	expect(await health()).toEqual({ said: "confirm", exitCode: 0 });
});

it("a host that becomes ready, and whose commands succeed at last, is confirmed", async () => {
	await systemd({ readyAt: 30 });
	await writeFile(
		at("lib/health-commands"),
		`true\ntest -e ${at("come")} || { touch ${at("come")}; false; }\n`,
	);
	expect(await health()).toEqual({ said: "confirm", exitCode: 0 });
});

it("a host that is not ready in time is given up, with the failed units", async () => {
	await systemd({});
	expect(await health()).toEqual({
		said: "fail not healthy within 60 s: it is not ready: dock0-ready.service is inactive; failed or not started: docker.service",
		exitCode: 1,
	});
});

it("once the boot is over without readiness, the time is not waited for", async () => {
	await systemd({ settled: true });
	const { said } = await health();
	expect(said).toMatch(/^fail it is not ready: .*docker\.service/);
	expect(await readFile(at("proc/uptime"), "utf8")).toContain("10.50");
});

it("a command that fails to the end is named with its last words", async () => {
	await systemd({ readyAt: 0 });
	await writeFile(at("lib/health-commands"), "echo no answer; false\n");
	expect((await health()).said).toBe(
		"fail not healthy within 60 s: health command failed: echo no answer; false: no answer",
	);
});
