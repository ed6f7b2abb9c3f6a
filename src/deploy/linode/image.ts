import { ExpectedError, stepFailure } from "../../system/errors.ts";
import type { Artefact, DeployRun } from "../provider.ts";
import type { Store } from "../store.ts";
import { type Image, imageAnswer, uploadAnswer } from "./answers.ts";
import { type Client, UnsureError } from "./client.ts";
import { imageDescription, imageLabel } from "./names.ts";
import { isNotFound, unreachable } from "./refusals.ts";
import { uploadFile } from "./upload.ts";

/** https://techdocs.akamai.com/cloud-computing/docs/upload-an-image: 5 GB packed, 6 GB unpacked. */
const limits = { packed: 5_000_000_000, unpacked: 6_442_450_944 };

/** How often an upload is begun anew. */
const attempts = 4;

export function isUploadable({
	bytes,
	diskBytes,
}: Pick<Artefact, "bytes" | "diskBytes">): boolean {
	return bytes <= limits.packed && diskBytes <= limits.unpacked;
}

/** @throws ExpectedError (exit code 2): larger images vanish at the provider without an error. */
export function requireUploadable(artefact: Artefact): void {
	if (isUploadable(artefact)) return;
	const { bytes, diskBytes } = artefact;
	throw new ExpectedError({
		code: "LINODE_IMAGE_TOO_LARGE",
		message: `Linode takes images of up to 5 GB packed and 6 GB unpacked; this one has ${(bytes / 1e9).toFixed(2)} and ${(diskBytes / 1e9).toFixed(2)} GB`,
		hint: "make the disk smaller: what has to grow belongs on the data disk",
	});
}

interface ImageOptions {
	client: Client;
	run: DeployRun;
	store: Store;
	region: string;
	uploadSeconds: number;
	/** Of an upload without progress. */
	idleSeconds: number;
}

/**
 * Makes sure that the image is with the provider: any available one of the same content will do, else it is
 * uploaded, once for all hosts of this project.
 * @returns its number, like `private/123`.
 */
export async function ensureImage(options: ImageOptions): Promise<string> {
	const { run, store } = options;
	return run.journal.once("image", async () => {
		const lock = await store.lockImage(run.artefact.sha256, run.signal);
		try {
			return await findOrUpload(options);
		} finally {
			await lock.release();
		}
	});
}

async function findOrUpload(options: ImageOptions): Promise<string> {
	const { client, run, store } = options;
	const label = imageLabel(run.artefact.sha256);
	const description = imageDescription(
		await store.owner(),
		run.journal.record.id,
	);
	let why = "";
	for (let count = 1; count <= attempts; count++) {
		const images = await imagesOf(client, label);
		const ready = images.find(({ status }) => status === "available");
		if (ready) {
			run.report({ type: "note", text: `image ${ready.id} is there already` });
			return ready.id;
		}
		// Half an upload of ours, from before a crash or a lost answer: its address is gone, so is its use.
		for (const image of images)
			if (image.description === description)
				await client.delete(imagePath(image.id));
		if (count > 1) await client.clock.sleep(2000 * count, client.signal);
		try {
			return await uploadOnce(options, label, description);
		} catch (error) {
			if (error instanceof ExpectedError) throw error;
			client.signal.throwIfAborted();
			why = error instanceof Error ? error.message : String(error);
			run.report({ type: "note", text: `${why}; once more` });
			// The list may lag behind what an unsure request made.
			if (error instanceof UnsureError)
				await client.clock.sleep(15_000, client.signal);
		}
	}
	throw unreachable(`the image could not be uploaded: ${why}`);
}

async function uploadOnce(
	{ client, run, region, uploadSeconds, idleSeconds }: ImageOptions,
	label: string,
	description: string,
): Promise<string> {
	run.report({ type: "step", text: "uploading the image" });
	const { image, upload_to: url } = await client.post(
		"/images/upload",
		{ label, description, region },
		uploadAnswer,
	);
	await uploadFile({
		url,
		file: run.artefact.file,
		bytes: run.artefact.bytes,
		signal: client.signal,
		idleSeconds,
		onProgress: (fraction) =>
			run.report({ type: "progress", text: "uploading the image", fraction }),
	});
	run.report({ type: "step", text: "waiting until the image is ready" });
	const deadline = client.clock.now() + uploadSeconds * 1000;
	for (;;) {
		const { status } = await readImage(client, image.id);
		if (status === "available") return image.id;
		if (client.clock.now() >= deadline)
			throw stepFailure({
				code: "LINODE_JOB_STUCK",
				message: `image ${image.id} is still ${status} after ${uploadSeconds} seconds`,
				hint: "see it in the Cloud Manager",
			});
		await client.clock.sleep(5000, client.signal);
	}
}

async function readImage(client: Client, id: string): Promise<Image> {
	try {
		return await client.get(imagePath(id), imageAnswer);
	} catch (error) {
		if (!isNotFound(error)) throw error;
		throw stepFailure(
			{
				code: "LINODE_IMAGE_VANISHED",
				message: `image ${id} vanished while Linode unpacked it`,
				hint: "it does so with images that are damaged or larger than 6 GB unpacked",
			},
			error,
		);
	}
}

/**
 * Removes what this project uploaded with this content, unless it is to be kept or another unfinished
 * deploy needs it; half uploads of this deploy go in any case.
 */
export async function releaseImage(options: {
	client: Client;
	store: Store;
	sha256: string;
	/** The deploy whose half uploads go. */
	deploy: string;
	/** Whether what was uploaded stays. */
	needed: () => Promise<boolean>;
}): Promise<void> {
	const { client, store, sha256, deploy } = options;
	const owner = await store.owner();
	const own = imageDescription(owner, deploy);
	const lock = await store.lockImage(sha256, client.signal);
	try {
		const needed = await options.needed();
		for (const image of await imagesOf(client, imageLabel(sha256)))
			if (
				image.status === "available"
					? !needed && image.description?.startsWith(`dock0 ${owner} `)
					: image.description === own
			)
				await client.delete(imagePath(image.id));
	} finally {
		await lock.release();
	}
}

/** Private images with a label; the API filters by it, and we look again. */
async function imagesOf(client: Client, label: string): Promise<Image[]> {
	const images = await client.list("/images", imageAnswer, {
		label,
		is_public: false,
	});
	return images.filter(
		(image) => image.label === label && image.id.startsWith("private/"),
	);
}

/** The slash in an image's number has to be encoded. */
const imagePath = (id: string): string => `/images/${encodeURIComponent(id)}`;
