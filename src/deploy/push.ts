import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { tarEnd, tarHeader, tarPadding } from "../host/tar.ts";
import { ExpectedError, stepFailure } from "../system/errors.ts";
import { askAsRoot, refusal, type SshTarget } from "./ssh-target.ts";

const agent = "/usr/bin/dock0-bundle";

/** The agent is still changing the host: EX_TEMPFAIL of sysexits.h. */
const notYet = 75;

/** Seconds that the connection of a push is held for the change to be made; the host lets go after five. */
const holdSeconds = 7;

export interface PushOptions {
	/** Seconds after which the host undoes what was not confirmed. */
	confirmSeconds: number;
	signal?: AbortSignal | undefined;
	/** Called with each line that the host says. */
	onLine: (line: string) => void;
}

export interface PushResult {
	/** Bytes that went over the connection, before ssh. */
	bytes: number;
	changed: boolean;
}

/** The files of a bundle's folder as one tar archive. */
async function archiveOf(folder: string): Promise<Buffer> {
	const parts: Uint8Array[] = [];
	for (const path of ["bundle.json", "bundle.squashfs", "bundle.sig"]) {
		const content = await readFile(join(folder, path)).catch(() => undefined);
		if (!content) continue;
		const header = tarHeader({
			...{ path, type: "file", mode: 0o600, uid: 0, gid: 0, time: 0 },
			size: content.length,
		});
		parts.push(header, content, tarPadding(content.length));
	}
	return Buffer.concat([...parts, tarEnd]);
}

/** Asks a host what a bundle would change. */
export async function checkBundle(
	target: SshTarget,
	folder: string,
	options: Omit<PushOptions, "confirmSeconds">,
): Promise<void> {
	const answer = await askAsRoot(target, `${agent} check`, {
		...options,
		input: await archiveOf(folder),
	});
	if (answer.exitCode !== 0) throw refusal(target, answer);
}

/**
 * Sends a bundle to a running host, which changes to it, and confirms it over a second connection: a bundle
 * that cuts the host off is never confirmed, and the host undoes it by itself.
 * @throws ExpectedError (exit code 1) when the host refuses, or was not reached again in time.
 */
export async function pushBundle(
	target: SshTarget,
	folder: string,
	options: PushOptions,
): Promise<PushResult> {
	const input = await archiveOf(folder);
	const { signal, confirmSeconds } = options;
	const id = await sendBundle(target, input, options);
	if (id === undefined) return { bytes: input.length, changed: false };
	const deadline = performance.now() + confirmSeconds * 1000;
	for (;;) {
		try {
			const confirmed = await askAsRoot(target, `${agent} confirm ${id}`, {
				signal,
				onLine: options.onLine,
				reply: (line) => /^CHALLENGE=(.+)$/.exec(line)?.[1],
			});
			if (confirmed.exitCode === notYet) {
				await sleep(200, undefined, { signal });
				continue;
			}
			if (confirmed.exitCode === 0)
				return { bytes: input.length, changed: true };
			throw refusal(target, confirmed);
		} catch (error) {
			if (
				!(error instanceof ExpectedError) ||
				error.code !== "HOST_UNREACHABLE"
			)
				throw error;
			if (performance.now() > deadline)
				throw stepFailure(
					{
						code: "HOST_LOST",
						message: `${target.destination} could not be reached after the change, within ${confirmSeconds} s`,
						hint: "it goes back to the bundle before by itself; dock0 status says when",
					},
					error,
				);
			await sleep(1000, undefined, { signal });
		}
	}
}

/**
 * @returns the number under which the host now changes to the bundle; undefined when nothing changes. The host
 *   holds the connection until the change is made, unless that cuts it.
 */
async function sendBundle(
	target: SshTarget,
	input: Uint8Array,
	{ signal, confirmSeconds, onLine }: PushOptions,
): Promise<string | undefined> {
	let id: string | undefined;
	let nothing = false;
	const enough = new AbortController();
	let timer: NodeJS.Timeout | undefined;
	const listen = (line: string): void => {
		nothing ||= line === "nothing changes";
		id ??= /^ID=(\d+)$/.exec(line)?.[1];
		if (!line.startsWith("ID=")) onLine(line);
		else timer ??= setTimeout(() => enough.abort(), holdSeconds * 1000);
	};
	try {
		const answer = await askAsRoot(target, `${agent} push ${confirmSeconds}`, {
			signal: signal ? AbortSignal.any([signal, enough.signal]) : enough.signal,
			input,
			onLine: listen,
		});
		if (answer.exitCode !== 0 || id === undefined)
			throw refusal(target, answer);
	} catch (error) {
		const cut =
			enough.signal.aborted ||
			(error instanceof ExpectedError && error.code === "HOST_UNREACHABLE");
		if (id === undefined || !cut || signal?.aborted) throw error;
	} finally {
		clearTimeout(timer);
	}
	return nothing ? undefined : id;
}

/** Facts of a running host. */
export async function hostStatus(
	target: SshTarget,
	signal?: AbortSignal,
): Promise<Record<string, string>> {
	const answer = await askAsRoot(target, `${agent} status`, { signal });
	if (answer.exitCode !== 0) throw refusal(target, answer);
	return Object.fromEntries(
		answer.stdout
			.split("\n")
			.filter((line) => line.includes("="))
			.map((line) => {
				const at = line.indexOf("=");
				return [line.slice(0, at), line.slice(at + 1).trim()];
			}),
	);
}

/** Brings the bundle before the present one back. */
export async function rollBack(
	target: SshTarget,
	options: Pick<PushOptions, "signal" | "onLine">,
): Promise<void> {
	const answer = await askAsRoot(target, `${agent} rollback`, options);
	if (answer.exitCode !== 0) throw refusal(target, answer);
}
