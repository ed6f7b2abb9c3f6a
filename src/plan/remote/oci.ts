import { type Login, manifestType, openRepository } from "./registry.ts";
import { type CacheRemote, parseRemoteEntry } from "./remote.ts";
import { fileBody, saveBody } from "./transfer.ts";

const layerType = "application/vnd.dock0.cache.v1.tar+zstd";

interface OciManifest {
	layers?: { mediaType?: string; digest?: string; size?: number }[];
}

/** A repository of a registry as a cache: an entry is an artefact with the key as its tag. See `openRepository`. */
export function ociRemote(text: string, login: Login): CacheRemote {
	const { name, base, ask, uploadBlob, tag } = openRepository(text, login);
	return {
		name,
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
			await tag(
				key,
				{
					type: layerType,
					layers: [
						{ mediaType: layerType, digest: `sha256:${sha256}`, size: bytes },
					],
				},
				signal,
			);
		},
	};
}
