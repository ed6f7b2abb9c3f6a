import { exchange, splitCredentials } from "./transfer.ts";

/** https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md */
export const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** The empty descriptor of the same document: `{}`. */
const emptyConfig = {
	mediaType: "application/vnd.oci.empty.v1+json",
	digest:
		"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
	size: 2,
};

/** A file of an artefact (descriptor.md of the image-spec). */
export interface Layer {
	mediaType: string;
	/** sha256:… */
	digest: string;
	/** Bytes. */
	size: number;
	annotations?: Readonly<Record<string, string>>;
}

/** A repository of a registry that speaks the OCI distribution protocol (v1.1). */
export interface Repository {
	/** Without credentials. */
	name: string;
	/** Of the repository: `…/v2/NAME`. */
	base: string;
	/**
	 * Asks, and once more with what the registry asks for, when it asks.
	 * @param makeRequest called for each attempt, since a body is read once
	 * @throws Error in words when the registry refuses.
	 */
	ask(
		target: string,
		makeRequest: () => Parameters<typeof exchange>[1],
	): Promise<Response>;
	/** Puts a blob there unless it is there already. */
	uploadBlob(
		digest: string,
		body: () => RequestInit,
		signal: AbortSignal,
	): Promise<void>;
	/** Gives an artefact of blobs that are there a tag. */
	tag(
		tag: string,
		artefact: { type: string; layers: readonly Layer[] },
		signal: AbortSignal,
	): Promise<void>;
}

/** Finds `Basic …` for a registry's host, e.g. what docker login left. */
export type Login = (host: string) => Promise<string | undefined>;

/**
 * The repository of a URL: `oci://HOST/REPOSITORY` goes by https, `oci+http://` without encryption; a user and
 * password in it go before `login`.
 */
export function openRepository(text: string, login: Login): Repository {
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
		base,
		ask,
		uploadBlob,
		async tag(tag, { type, layers }, signal) {
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
				artifactType: type,
				config: emptyConfig,
				layers,
			});
			const answer = await ask(`${base}/manifests/${tag}`, () => ({
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
