import type { Readable, Writable } from "node:stream";
import { stepFailure } from "../system/errors.ts";

export interface QmpEvent {
	event: string;
	data: Readonly<Record<string, unknown>>;
}

/** A connection to QEMU's monitor. */
export interface Qmp {
	/** Runs a monitor command and gives its `return` value. @throws when QEMU refuses it or has ended. */
	execute(
		command: string,
		args?: Readonly<Record<string, unknown>>,
	): Promise<unknown>;
	onEvent(listener: (event: QmpEvent) => void): void;
	/** Settles when the connection has closed: QEMU has ended, or we have disconnected. */
	readonly closed: Promise<void>;
	disconnect(): void;
}

interface Message {
	QMP?: unknown;
	event?: string;
	data?: Record<string, unknown>;
	id?: number;
	return?: unknown;
	error?: { class: string; desc: string };
}

/**
 * Waits for QEMU's greeting and leaves negotiation mode. Protocol: docs/interop/qmp-spec of QEMU:
 * one JSON object a line, a greeting first, `qmp_capabilities` before any other command.
 * @throws when the stream ends before the greeting.
 */
export async function openQmp(input: Readable, output: Writable): Promise<Qmp> {
	const pending = new Map<
		number,
		{ resolve(value: unknown): void; reject(error: Error): void }
	>();
	const listeners: ((event: QmpEvent) => void)[] = [];
	let nextId = 1;
	let ended = false;
	let greet: () => void;
	const greeting = new Promise<void>((resolve) => {
		greet = resolve;
	});

	const receive = (message: Message): void => {
		if (message.QMP !== undefined) greet();
		if (message.event !== undefined)
			for (const listener of listeners)
				listener({ event: message.event, data: message.data ?? {} });
		if (message.id === undefined) return;
		const waiting = pending.get(message.id);
		pending.delete(message.id);
		if (message.error)
			waiting?.reject(
				stepFailure({
					code: "VM_MONITOR_REFUSED",
					message: `QEMU refused: ${message.error.desc}`,
				}),
			);
		else waiting?.resolve(message.return);
	};

	const closed = (async () => {
		let rest = "";
		try {
			input.setEncoding("utf8");
			for await (const chunk of input) {
				const lines = (rest + (chunk as string)).split("\n");
				rest = lines.pop() ?? "";
				for (const line of lines)
					if (line.trim()) receive(JSON.parse(line) as Message);
			}
		} catch {
			// a reset connection is a closed one
		}
		ended = true;
		for (const { reject } of pending.values()) reject(monitorGone());
		pending.clear();
	})();
	output.on("error", () => {
		// told by `closed`
	});

	const execute: Qmp["execute"] = (command, args) => {
		if (ended) return Promise.reject(monitorGone());
		const id = nextId++;
		return new Promise((resolve, reject) => {
			pending.set(id, { resolve, reject });
			output.write(
				`${JSON.stringify({ execute: command, id, ...(args ? { arguments: args } : {}) })}\n`,
			);
		});
	};

	await Promise.race([
		greeting,
		closed.then(() => {
			throw monitorGone();
		}),
	]);
	await execute("qmp_capabilities");
	return {
		execute,
		onEvent: (listener) => {
			listeners.push(listener);
		},
		closed,
		disconnect() {
			output.end();
			input.destroy();
		},
	};
}

function monitorGone(): Error {
	return stepFailure({
		code: "VM_MONITOR_GONE",
		message: "QEMU has ended, its monitor answers no more",
	});
}
