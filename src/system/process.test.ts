import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { run, start } from "./process.ts";

/** Whether it runs: one that was killed may stay as a zombie until somebody asks for its exit code. */
const runs = (pid: number): boolean => {
	try {
		return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
	} catch {
		return false;
	}
};

describe("run", () => {
	it("gives both outputs and, where it is no failure, the exit code", async () => {
		expect(
			await run("sh", ["-c", "cat; echo oops >&2; exit 3"], {
				input: "in",
				okExitCodes: [3],
			}),
		).toEqual({ exitCode: 3, stdout: "in", stderr: "oops\n" });
	});

	it("tells the last lines of a failure", async () => {
		await expect(run("sh", ["-c", "echo why >&2; exit 1"])).rejects.toThrow(
			/exit code 1:\nwhy/,
		);
	});

	it("says when a signal ended it", async () => {
		await expect(run("sh", ["-c", "kill -TERM $$"])).rejects.toThrow(
			/ended with a signal/,
		);
	});

	it("does not mind a program that reads none of a large input", async () => {
		const input = Buffer.alloc(1_000_000);
		expect((await run("true", [], { input })).exitCode).toBe(0);
	});

	it("adds to the environment, or replaces it", async () => {
		const script = ["-c", `echo "$DOCK0_A:$\{HOME:+home}"`];
		const env = { DOCK0_A: "a", DOCK0_B: undefined };
		expect((await run("sh", script, { env })).stdout).toBe("a:home\n");
		const alone = { env: { ...env, PATH: "/usr/bin:/bin" }, extendEnv: false };
		expect((await run("sh", script, alone)).stdout).toBe("a:\n");
	});

	it("passes bytes through to a file", async () => {
		const result = await run("sh", ["-c", "head -c 300000 /dev/zero | wc -c"]);
		expect(result.stdout.trim()).toBe("300000");
	});

	it.each([
		[
			"a folder that is not there",
			["true"],
			{ cwd: `${tmpdir()}/none/at/all` },
		],
		["arguments that are too long", ["true", "x".repeat(200_000)], {}],
	])("fails in words for %s", async (_, [command = "", ...args], options) => {
		await expect(run(command, args, options)).rejects.toThrow(
			/could not start 'true'/,
		);
	});

	it("kills the whole group on abort", async () => {
		const stop = new AbortController();
		const pids: number[] = [];
		const running = run("sh", ["-c", "echo $$; sleep 600 & echo $!; wait"], {
			signal: stop.signal,
			onLine: (line) => {
				pids.push(Number(line));
				if (pids.length === 2) stop.abort(new Error("enough"));
			},
		});
		await expect(running).rejects.toThrow("enough");
		expect(pids.map(runs)).toEqual([false, false]);
	});
});

describe("start", () => {
	it("ends also when nobody reads what it writes", async () => {
		const child = start("head", ["-c", "1000000", "/dev/zero"]);
		expect(await child.done).toEqual({ exitCode: 0 });
	});

	it("kills on demand", async () => {
		const child = start("sleep", ["600"]);
		child.kill();
		expect(await child.done).toEqual({ exitCode: -1 });
	});
});
