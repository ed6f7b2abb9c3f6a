import { type CacheRemote, parseRemoteEntry } from "./remote.ts";
import { exchange, fileBody, saveBody, splitCredentials } from "./transfer.ts";

/**
 * A web server that answers GET and takes PUT: `entries/KEY.json` and `blobs/SHA256.tar.zst` below the URL.
 * User and password may stand in the URL; a token is sent as a bearer.
 */
export function httpRemote(text: string, token?: string): CacheRemote {
	const { url, basic } = splitCredentials(text);
	const base = url.href.replace(/\/$/, "");
	const authorization = basic ?? (token ? `Bearer ${token}` : undefined);
	const headers: Record<string, string> = authorization
		? { authorization }
		: {};
	const record = (key: string): string => `${base}/entries/${key}.json`;
	const blob = (sha256: string): string => `${base}/blobs/${sha256}.tar.zst`;
	return {
		name: base,
		async find(key, signal) {
			const answer = await exchange(record(key), {
				headers,
				signal,
				expected: [404],
			});
			if (answer.status === 404) {
				await answer.body?.cancel();
				return undefined;
			}
			return parseRemoteEntry(await answer.json());
		},
		async download({ sha256 }, file, signal) {
			await saveBody(await exchange(blob(sha256), { headers, signal }), file);
		},
		async publish(key, entry, file, signal) {
			const body = fileBody(file, entry.bytes);
			await discard(
				exchange(blob(entry.sha256), {
					...body,
					method: "PUT",
					headers: { ...(body.headers as object), ...headers },
					signal,
				}),
			);
			await discard(
				exchange(record(key), {
					method: "PUT",
					body: JSON.stringify(entry),
					headers: { "content-type": "application/json", ...headers },
					signal,
				}),
			);
		},
	};
}

async function discard(answer: Promise<Response>): Promise<void> {
	await (await answer).body?.cancel();
}
