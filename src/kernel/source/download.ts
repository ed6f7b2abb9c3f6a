import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { stepFailure } from "../../system/errors.ts";

export interface DownloadOptions {
	signal: AbortSignal;
	/** `total` in bytes is undefined when the server does not say it. */
	onProgress(done: number, total: number | undefined): void;
}

/**
 * Downloads `url` to `target`. What an earlier, broken attempt left in `target.part` is kept and only the
 * rest asked for (RFC 9110, section 14: Range). An existing target is taken as complete.
 * @throws ExpectedError KERNEL_DOWNLOAD_FAILED (exit code 1); the part that came stays for the next attempt.
 */
export async function download(
	url: string,
	target: string,
	options: DownloadOptions,
): Promise<void> {
	if ((await sizeOf(target)) !== undefined) return;
	await mkdir(dirname(target), { recursive: true });
	const part = `${target}.part`;
	try {
		await receive(url, part, options);
	} catch (error) {
		options.signal.throwIfAborted();
		const came = await sizeOf(part);
		throw stepFailure(
			{
				code: "KERNEL_DOWNLOAD_FAILED",
				message: `cannot download ${url}: ${describe(error)}`,
				hint: came
					? `${came} bytes are kept; the next run goes on from there`
					: "check the address and the network",
			},
			error,
		);
	}
	await rename(part, target);
}

async function receive(
	url: string,
	part: string,
	options: DownloadOptions,
): Promise<void> {
	const { signal, onProgress } = options;
	const have = (await sizeOf(part)) ?? 0;
	const response = await fetch(url, {
		signal,
		headers: have > 0 ? { range: `bytes=${have}-` } : {},
	});
	if (response.status === 416) {
		// Content-Range: bytes */TOTAL: perhaps all of it is there already.
		const total = /\*\/(\d+)/.exec(response.headers.get("content-range") ?? "");
		if (Number(total?.[1]) === have) return;
		await rm(part);
		return receive(url, part, options);
	}
	if (!response.ok || !response.body)
		throw new Error(`HTTP status ${response.status}`);
	const resumed = response.status === 206;
	let done = resumed ? have : 0;
	const length = Number(response.headers.get("content-length"));
	const total = length > 0 ? done + length : undefined;
	const file = await open(part, resumed ? "a" : "w");
	try {
		// Written chunk by chunk, so that what came before a break is on disk.
		for await (const chunk of response.body) {
			await file.write(chunk as Uint8Array);
			done += (chunk as Uint8Array).length;
			onProgress(done, total);
		}
	} finally {
		await file.close();
	}
	if (total !== undefined && done < total)
		throw new Error(`the connection ended after ${done} of ${total} bytes`);
}

const sizeOf = (path: string): Promise<number | undefined> =>
	stat(path).then(
		({ size }) => size,
		() => undefined,
	);

function describe(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	const { cause } = error;
	return cause instanceof Error
		? `${error.message}: ${cause.message}`
		: error.message;
}
