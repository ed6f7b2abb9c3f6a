import { PassThrough, Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { attachTerminal } from "./attach.ts";
import type { GuestConsole } from "./console.ts";

function setUp(tty: boolean) {
	const modes: boolean[] = [];
	const typed: string[] = [];
	const shown: string[] = [];
	let output: (chunk: Uint8Array) => void = () => {};
	let end = (): void => {};
	const guest = {
		closed: new Promise<void>((resolve) => {
			end = resolve;
		}),
		onOutput(listener: (chunk: Uint8Array) => void) {
			output = listener;
			return () => {
				output = () => {};
			};
		},
		write: (text: string | Uint8Array) => {
			typed.push(Buffer.from(text).toString());
		},
	} as unknown as GuestConsole;
	const input = Object.assign(new PassThrough(), {
		isTTY: tty,
		setRawMode: (raw: boolean) => modes.push(raw),
	});
	const screen = new Writable({
		write(chunk: Buffer, _encoding, done) {
			shown.push(chunk.toString());
			done();
		},
	});
	return {
		guest,
		terminal: { input, output: screen },
		modes,
		typed,
		shown,
		say: (text: string) => output(Buffer.from(text)),
		end: () => end(),
	};
}

describe("attachTerminal", () => {
	it("gives every key to the guest but Ctrl-], and restores the terminal", async () => {
		const world = setUp(true);
		const stop = new AbortController();
		const attached = attachTerminal(world.guest, world.terminal, stop.signal);
		world.say("login: ");
		world.terminal.input.write("ls\u0003\r");
		world.terminal.input.write("x\u001dy");
		expect(await attached).toBe("escaped");
		expect(world.typed.join("")).toBe("ls\u0003\rx");
		expect(world.modes).toEqual([true, false]);
		expect(world.shown[0]).toBe("login: ");
	});

	it("restores the terminal when the machine ends, and when it is told to stop", async () => {
		for (const how of ["closed", "stopped"]) {
			const world = setUp(true);
			const stop = new AbortController();
			const attached = attachTerminal(world.guest, world.terminal, stop.signal);
			if (how === "closed") world.end();
			else stop.abort();
			expect(await attached).toBe(how);
			expect(world.modes).toEqual([true, false]);
		}
	});

	it("only prints without a terminal", async () => {
		const world = setUp(false);
		const stop = new AbortController();
		const attached = attachTerminal(world.guest, world.terminal, stop.signal);
		world.terminal.input.write("\u001dkeys");
		world.say("output");
		world.end();
		expect(await attached).toBe("closed");
		expect(world.modes).toEqual([]);
		expect(world.typed).toEqual([]);
		expect(world.shown).toEqual(["output"]);
	});
});
