import { createReadStream } from "node:fs";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";

/** An upload that ended with a refusal; `status` is the answer's. */
export class UploadRefused extends Error {
	override readonly name = "UploadRefused";
	constructor(
		readonly status: number,
		text: string,
	) {
		super(
			`the upload was refused with status ${status}: ${text.slice(0, 200)}`,
		);
	}
}

/**
 * Puts a file at an address that the API gave for it. Not by fetch: the storage behind it wants the length
 * beforehand, which fetch does not send for a stream.
 * @throws UploadRefused, or an error of the network.
 */
export async function uploadFile(options: {
	url: string;
	file: string;
	bytes: number;
	signal: AbortSignal;
	/** Seconds without any progress after which it counts as hanging. */
	idleSeconds: number;
	onProgress: (fraction: number) => void;
}): Promise<void> {
	const { url, file, bytes, signal, onProgress } = options;
	const send = new URL(url).protocol === "http:" ? httpRequest : httpsRequest;
	const asked = send(url, {
		method: "PUT",
		headers: {
			"content-length": bytes,
			"content-type": "application/octet-stream",
		},
		signal,
		agent: false,
	});
	asked.setTimeout(options.idleSeconds * 1000, () =>
		asked.destroy(new Error("the upload hangs")),
	);
	const answer = new Promise<{ status: number; text: string }>(
		(resolve, reject) => {
			asked.once("error", reject);
			asked.once("response", (response) => {
				let text = "";
				response
					.setEncoding("utf8")
					.on("data", (chunk: string) => {
						text += chunk;
					})
					.once("error", reject)
					.once("end", () =>
						resolve({ status: response.statusCode ?? 0, text }),
					);
			});
		},
	);
	let sent = 0;
	let shown = 0;
	const count = new Transform({
		transform(chunk: Buffer, _, done) {
			sent += chunk.length;
			if (sent - shown >= bytes / 100) {
				shown = sent;
				onProgress(sent / bytes);
			}
			done(null, chunk);
		},
	});
	const [result] = await Promise.all([
		answer,
		// An early refusal closes the connection under the stream; then the answer is what counts.
		pipeline(createReadStream(file), count, asked).catch(() => undefined),
	]);
	if (result.status < 200 || result.status > 299)
		throw new UploadRefused(result.status, result.text);
}
