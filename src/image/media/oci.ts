import { createReadStream, createWriteStream } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { sha256, sha256File } from "../../system/files.ts";
import { tarHeader } from "../disk/tar.ts";

/** Media types: OCI Image Format Specification 1.1, media-types.md. */
const types = {
	index: "application/vnd.oci.image.index.v1+json",
	manifest: "application/vnd.oci.image.manifest.v1+json",
	config: "application/vnd.oci.image.config.v1+json",
	layer: "application/vnd.oci.image.layer.v1.tar+gzip",
} as const;

/**
 * Writes a root file system as an OCI image in one tar file (image-layout.md), which `skopeo`, `podman
 * load` and `docker load` take. Equal inputs give equal bytes.
 * @param file must not exist; a name beside it is used meanwhile.
 * @param options.rootfs a tar file of the root.
 */
export async function writeOciArchive(
	file: string,
	options: {
		rootfs: string;
		name: string;
		version: string;
		/** Seconds since 1970: when it counts as made. */
		epoch: number;
		signal?: AbortSignal | undefined;
	},
): Promise<void> {
	const { rootfs, name, version, epoch, signal } = options;
	const layer = `${file}.layer`;
	try {
		await pipeline(
			createReadStream(rootfs, { highWaterMark: 1024 * 1024 }),
			createGzip(),
			createWriteStream(layer),
			signal ? { signal } : {},
		);
		const created = new Date(epoch * 1000).toISOString();
		const config = json({
			created,
			architecture: "amd64",
			os: "linux",
			config: { Cmd: ["/bin/sh"] },
			rootfs: {
				type: "layers",
				diff_ids: [`sha256:${await sha256File(rootfs)}`],
			},
			history: [{ created, created_by: "dock0" }],
		});
		const layerDigest = await sha256File(layer);
		const manifest = json({
			schemaVersion: 2,
			mediaType: types.manifest,
			config: describe(types.config, sha256(config), config.length),
			layers: [describe(types.layer, layerDigest, (await stat(layer)).size)],
		});
		const index = json({
			schemaVersion: 2,
			mediaType: types.index,
			manifests: [
				{
					...describe(types.manifest, sha256(manifest), manifest.length),
					platform: { architecture: "amd64", os: "linux" },
					annotations: {
						"org.opencontainers.image.ref.name": version,
						"io.containerd.image.name": `docker.io/library/${name}:${version}`,
					},
				},
			],
		});
		await pack(file, [
			["oci-layout", json({ imageLayoutVersion: "1.0.0" })],
			["index.json", index],
			[`blobs/sha256/${sha256(manifest)}`, manifest],
			[`blobs/sha256/${sha256(config)}`, config],
			[`blobs/sha256/${layerDigest}`, layer],
		]);
	} finally {
		await rm(layer, { force: true });
	}
}

function json(value: object): Buffer {
	return Buffer.from(JSON.stringify(value));
}

function describe(mediaType: string, digest: string, size: number): object {
	return { mediaType, digest: `sha256:${digest}`, size };
}

/** A tar archive of bytes, and of files given by their path. */
async function pack(
	file: string,
	entries: readonly (readonly [name: string, content: Buffer | string])[],
): Promise<void> {
	const target = await open(file, "wx");
	try {
		for (const [name, content] of entries) {
			const size =
				typeof content === "string"
					? (await stat(content)).size
					: content.length;
			await target.appendFile(tarHeader(name, size));
			if (typeof content === "string")
				for await (const chunk of createReadStream(content, {
					highWaterMark: 1024 * 1024,
				}))
					await target.appendFile(chunk as Buffer);
			else await target.appendFile(content);
			await target.appendFile(Buffer.alloc((512 - (size % 512)) % 512));
		}
		await target.appendFile(Buffer.alloc(1024));
	} finally {
		await target.close();
	}
}
