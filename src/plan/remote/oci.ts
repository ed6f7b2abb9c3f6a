import { type CacheRemote, parseRemoteEntry } from "./remote.ts";
import { exchange, fileBody, saveBody, splitCredentials } from "./transfer.ts";

/** https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md */
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const layerType = "application/vnd.dock0.cache.v1.tar+zstd";
/** The empty descriptor of the same document: `{}`. */
const emptyConfig = {
	mediaType: "application/vnd.oci.empty.v1+json",
	digest:
		"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
	size: 2,
};

interface OciManifest {
	layers?: { mediaType?: string; digest?: string; size?: number }[];
}

/**
 * A repository of a registry that speaks the OCI distribution protocol (v1.1): an entry is an artefact with the
 * key as its tag. `oci://HOST/REPOSITORY` goes by https, `oci+http://` without encryption.
 * @param basic `Basic …` for that host, e.g. from docker login
 */
export function ociRemote(
	text: string,
	login: (host: string) => Promise<string | undefined>,
): CacheRemote {
	const plain = text.startsWith("oci+http://");
	const { url, basic } = splitCredentials(
		text.replace(/^oci(\+http)?:\/\//, plain ? "http://" : "https://"),
	);
	const repository = url.pathname.replace(/^\/|\/$/g, "");
	const base = `${url.origin}/v2/${repository}`;
	let authorization: string | undefined;

	/** Asks once more with what the registry asks for, when it asks (RFC 9110 §11.6.1). */
	const ask = async (
		target: string,
		makeRequest: () => Parameters<typeof exchange>[1],
	): Promise<Response> => {
		const attempt = () => {
			const request = makeRequest();
			return exchange(target, {
				...request,
				headers: {
					...(request.headers as object),
					...(authorization ? { authorization } : {}),
				},
				expected: [...(request.expected ?? []), 401],
			});
		};
		let answer = await attempt();
		if (answer.status !== 401) return answer;
		await answer.body?.cancel();
		authorization = await authorize(
			answer.headers.get("www-authenticate") ?? "",
			basic ?? (await login(url.host)),
			makeRequest().signal,
		);
		answer = await attempt();
		if (answer.status === 401)
			throw new Error("the registry does not let us in");
		return answer;
	};

	const uploadBlob = async (
		digest: string,
		body: () => RequestInit,
		signal: AbortSignal,
	): Promise<void> => {
		const known = await ask(`${base}/blobs/${digest}`, () => ({
			method: "HEAD",
			signal,
			expected: [404],
		}));
		if (known.ok) return;
		const session = await ask(`${base}/blobs/uploads/`, () => ({
			method: "POST",
			signal,
		}));
		await session.body?.cancel();
		const location = new URL(session.headers.get("location") ?? "", url.origin);
		location.searchParams.set("digest", digest);
		const stored = await ask(location.href, () => ({
			...body(),
			method: "PUT",
			signal,
		}));
		await stored.body?.cancel();
	};

	return {
		name: `${plain ? "oci+http" : "oci"}://${url.host}/${repository}`,
		async find(key, signal) {
			const answer = await ask(`${base}/manifests/${key}`, () => ({
				headers: { accept: manifestType },
				signal,
				expected: [404],
			}));
			if (answer.status === 404) {
				await answer.body?.cancel();
				return undefined;
			}
			const [layer] = ((await answer.json()) as OciManifest).layers ?? [];
			return parseRemoteEntry({
				sha256: layer?.digest?.replace(/^sha256:/, ""),
				bytes: layer?.size,
			});
		},
		async download({ sha256 }, file, signal) {
			await saveBody(
				await ask(`${base}/blobs/sha256:${sha256}`, () => ({ signal })),
				file,
			);
		},
		async publish(key, { sha256, bytes }, file, signal) {
			await uploadBlob(`sha256:${sha256}`, () => fileBody(file, bytes), signal);
			await uploadBlob(
				emptyConfig.digest,
				() => ({
					body: "{}",
					headers: { "content-type": "application/octet-stream" },
				}),
				signal,
			);
			const manifest = JSON.stringify({
				schemaVersion: 2,
				mediaType: manifestType,
				artifactType: layerType,
				config: emptyConfig,
				layers: [
					{ mediaType: layerType, digest: `sha256:${sha256}`, size: bytes },
				],
			});
			const answer = await ask(`${base}/manifests/${key}`, () => ({
				method: "PUT",
				body: manifest,
				headers: { "content-type": manifestType },
				signal,
			}));
			await answer.body?.cancel();
		},
	};
}

/** Answers a challenge: Basic with the login, Bearer with a token from the named service (distribution-spec, token auth). */
async function authorize(
	challenge: string,
	login: string | undefined,
	signal: AbortSignal,
): Promise<string> {
	if (/^basic\b/i.test(challenge)) {
		if (login) return login;
		throw new Error("the registry wants a login; docker login makes one");
	}
	const fields = Object.fromEntries(
		[...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [
			name,
			value,
		]),
	) as Record<string, string | undefined>;
	if (!fields.realm) throw new Error("the registry asks for no login we know");
	const service = new URL(fields.realm);
	for (const name of ["service", "scope"])
		if (fields[name]) service.searchParams.set(name, fields[name] ?? "");
	const answer = await exchange(service.href, {
		signal,
		headers: login ? { authorization: login } : {},
	});
	const { token, access_token } = (await answer.json()) as Record<
		string,
		string | undefined
	>;
	return `Bearer ${token ?? access_token ?? ""}`;
}
