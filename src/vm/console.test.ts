import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { createConsole } from "./console.ts";

function fakeConsole() {
	const stream = new PassThrough();
	// What is written to a PassThrough comes back as output, which serves here as the guest's voice.
	return { guest: stream, console: createConsole(stream, "/log/file") };
}

const soon = { timeoutSeconds: 5 };

describe("waitFor", () => {
	it("finds a line that comes in pieces, and gives its groups", async () => {
		const { guest, console } = fakeConsole();
		const wait = console.waitFor(/^port (\d+)$/, soon);
		guest.write("first\r\npo");
		guest.write("rt 80");
		guest.write("80\r\n");
		expect((await wait)[1]).toBe("80");
	});

	it("finds a prompt without a line end, once", async () => {
		const { guest, console } = fakeConsole();
		guest.write("web1 login: ");
		await console.waitFor(/login: /, soon);
		const again = console.waitFor(/login: /, { timeoutSeconds: 0.05 });
		await expect(again).rejects.toMatchObject({ code: "VM_TIMEOUT" });
		guest.write("root\r\nweb1 login: ");
		await console.waitFor(/login: /, soon);
	});

	it("goes on after the previous match, and finds what came before the call", async () => {
		const { guest, console } = fakeConsole();
		guest.write("ok 1\nok 2\nok 3\n");
		const seen: (string | undefined)[] = [];
		for (let index = 0; index < 3; index++)
			seen.push((await console.waitFor(/ok (\d)/g, soon))[1]);
		expect(seen).toEqual(["1", "2", "3"]);
	});

	it("does not see colours and cursor movements", async () => {
		const { guest, console } = fakeConsole();
		guest.write(
			"[\u001b[0;32m  OK  \u001b[0m] Started \u001b[0;1;39mdocker\u001b[0m.\n",
		);
		const match = await console.waitFor(
			/^\[ {2}OK {2}\] Started docker\.$/,
			soon,
		);
		expect(match.index).toBe(0);
	});

	it.each([
		[
			"VM_GUEST_PANIC",
			"[ 1.0] Kernel panic - not syncing: VFS: Unable to mount root fs",
		],
		["VM_GUEST_FAILED", "dock0: FAILED: no device with LABEL=root"],
		["VM_GUEST_EMERGENCY", "You are in emergency mode. After logging in, type"],
	])("fails at once with %s", async (code, line) => {
		const { guest, console } = fakeConsole();
		guest.write("before\n");
		const wait = console.waitFor(/never/, { timeoutSeconds: 3600 });
		guest.write(`${line}\n`);
		await expect(wait).rejects.toMatchObject({
			code,
			exitCode: 1,
			message: expect.stringContaining(`  | before\n  | ${line}`),
		});
	});

	it("lets a caller wait for a failure", async () => {
		const { guest, console } = fakeConsole();
		guest.write("Kernel panic - not syncing: test\n");
		await console.waitFor(/Kernel panic/, soon);
		guest.write("after\n");
		await console.waitFor(/after/, soon);
	});

	it("shows the last 30 lines and the log file when it is late", async () => {
		const { guest, console } = fakeConsole();
		for (let line = 1; line <= 50; line++) guest.write(`line ${line}\n`);
		await console.waitFor(/line 50/, soon);
		const late = console.waitFor(/x/, { timeoutSeconds: 0.01 });
		const error = await late.catch((thrown: unknown) => thrown);
		expect(error).toMatchObject({
			code: "VM_TIMEOUT",
			problems: [{ hint: "the whole console is in /log/file" }],
		});
		const { message } = error as Error;
		expect(message).toContain("| line 21\n");
		expect(message).not.toContain("| line 20\n");
	});

	it("fails when the machine ends, and on abort", async () => {
		const { guest, console } = fakeConsole();
		const abort = new AbortController();
		const aborted = console.waitFor(/x/, { ...soon, signal: abort.signal });
		abort.abort(new Error("enough"));
		await expect(aborted).rejects.toThrow("enough");
		const wait = console.waitFor(/x/, soon);
		guest.destroy();
		await expect(wait).rejects.toMatchObject({ code: "VM_EXITED" });
	});
});

describe("lines", () => {
	it("gives past and coming lines to each reader, until the end", async () => {
		const { guest, console } = fakeConsole();
		guest.write("one\r\ntw");
		await console.waitFor(/tw/, soon);
		const read = async () => {
			const lines: string[] = [];
			for await (const line of console.lines()) lines.push(line);
			return lines;
		};
		const readers = [read(), read()];
		guest.write("o\nrest");
		await console.waitFor(/rest/, soon);
		guest.destroy();
		for (const lines of await Promise.all(readers))
			expect(lines).toEqual(["one", "two", "rest"]);
	});
});

describe("onFailure", () => {
	it("tells a past failure and a coming one, each once", async () => {
		const { guest, console } = fakeConsole();
		const coming: string[] = [];
		console.onFailure(({ kind }) => coming.push(kind));
		guest.write("dock0: FAILED: x\nKernel panic - not syncing: y\n");
		await console.waitFor(/panic/, soon).catch(() => undefined);
		const past: string[] = [];
		console.onFailure(({ kind }) => past.push(kind));
		expect(coming).toEqual(["failed"]);
		expect(past).toEqual(["failed"]);
	});
});
