import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { openQmp, type QmpEvent } from "./qmp.ts";

/** A monitor that answers each command as `answers` says. */
function fakeMonitor(answers: Record<string, object>) {
	const fromQemu = new PassThrough();
	const toQemu = new PassThrough();
	const asked: string[] = [];
	toQemu.on("data", (data: Buffer) => {
		for (const line of data.toString().trim().split("\n")) {
			const { execute, id } = JSON.parse(line) as {
				execute: string;
				id: number;
			};
			asked.push(execute);
			const answer = answers[execute];
			if (answer) fromQemu.write(`${JSON.stringify({ ...answer, id })}\r\n`);
		}
	});
	return { fromQemu, toQemu, asked };
}

const greeting = '{"QMP": {"version": {}, "capabilities": []}}\r\n';

describe("openQmp", () => {
	it("negotiates before anything else, then answers and tells events", async () => {
		const { fromQemu, toQemu, asked } = fakeMonitor({
			qmp_capabilities: { return: {} },
			"query-status": { return: { status: "running" } },
			bad: { error: { class: "GenericError", desc: "no such thing" } },
		});
		fromQemu.write(greeting.slice(0, 10));
		const opening = openQmp(fromQemu, toQemu);
		fromQemu.write(greeting.slice(10));
		const qmp = await opening;
		const events: QmpEvent[] = [];
		qmp.onEvent((event) => events.push(event));
		fromQemu.write('{"event":"SHUTDOWN","data":{"reason":"guest-shutdown"}}\n');
		expect(await qmp.execute("query-status")).toEqual({ status: "running" });
		await expect(qmp.execute("bad")).rejects.toThrow("no such thing");
		expect(asked).toEqual(["qmp_capabilities", "query-status", "bad"]);
		expect(events).toEqual([
			{ event: "SHUTDOWN", data: { reason: "guest-shutdown" } },
		]);
	});

	it("fails every waiting command when QEMU ends", async () => {
		const { fromQemu, toQemu } = fakeMonitor({
			qmp_capabilities: { return: {} },
		});
		fromQemu.write(greeting);
		const qmp = await openQmp(fromQemu, toQemu);
		const waiting = qmp.execute("quit");
		fromQemu.end();
		await expect(waiting).rejects.toMatchObject({ code: "VM_MONITOR_GONE" });
		await qmp.closed;
		await expect(qmp.execute("quit")).rejects.toMatchObject({
			code: "VM_MONITOR_GONE",
		});
	});

	it("fails when there is no greeting", async () => {
		const { fromQemu, toQemu } = fakeMonitor({});
		fromQemu.end();
		await expect(openQmp(fromQemu, toQemu)).rejects.toMatchObject({
			code: "VM_MONITOR_GONE",
		});
	});
});
