import { createReadStream, createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { registerSecret } from "../../system/secrets.ts";

/** How long a remote may take to answer a question, in ms; transfers may take as long as they move. */
const answerTime = 20_000;

/** One HTTP exchange; a status of 400 and more is an error, except those of `expected`. */
export async function exchange(
	url: string,
	options: RequestInit & { signal: AbortSignal; expected?: readonly number[] },
): Promise<Response> {
	const { expected = [], signal, ...request } = options;
	// Only until the headers are there: a body may be large.
	const late = new AbortController();
	const timer = setTimeout(
		() => late.abort(new Error(`no answer in ${answerTime / 1000} s`)),
		request.body instanceof ReadableStream ? 3_600_000 : answerTime,
	);
	try {
		const answer = await fetch(url, {
			...request,
			signal: AbortSignal.any([signal, late.signal]),
		});
		if (answer.ok || expected.includes(answer.status)) return answer;
		await answer.body?.cancel();
		throw new Error(
			`${request.method ?? "GET"} was answered by ${answer.status}`,
		);
	} catch (error) {
		signal.throwIfAborted();
		// fetch says only "fetch failed"; why stands in the cause.
		const { cause } = error as { cause?: unknown };
		throw cause instanceof Error ? cause : error;
	} finally {
		clearTimeout(timer);
	}
}

/** Writes an answer's body into a file. */
export async function saveBody(answer: Response, file: string): Promise<void> {
	if (!answer.body) throw new Error("the answer has no content");
	await pipeline(
		Readable.fromWeb(answer.body as Parameters<typeof Readable.fromWeb>[0]),
		createWriteStream(file),
	);
}

/** A file as the body of a request. */
export function fileBody(file: string, bytes: number): RequestInit {
	return {
		body: Readable.toWeb(createReadStream(file)) as ReadableStream,
		headers: {
			"content-type": "application/octet-stream",
			"content-length": String(bytes),
		},
		// Needed for streams (https://fetch.spec.whatwg.org/#dom-requestinit-duplex); @types/node 20 lacks it.
		...({ duplex: "half" } as object),
	};
}

/** Takes user and password out of a URL, where fetch does not want them; from then on the password is masked. */
export function splitCredentials(text: string): {
	url: URL;
	basic?: string;
} {
	const url = new URL(text);
	if (url.username === "" && url.password === "") return { url };
	const password = decodeURIComponent(url.password);
	if (password) registerSecret(password);
	const pair = `${decodeURIComponent(url.username)}:${password}`;
	url.username = "";
	url.password = "";
	return { url, basic: `Basic ${Buffer.from(pair).toString("base64")}` };
}
