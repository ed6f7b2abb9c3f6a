/** What a remote knows of an entry: where its packed outputs are, and what they must hash to. */
export interface RemoteEntry {
	/** SHA-256 (hex) of the packed outputs. */
	sha256: string;
	/** Their size. */
	bytes: number;
}

/** A place that cache entries are shared through. Nothing of what it says is trusted before it is verified. */
export interface CacheRemote {
	/** For messages; holds no password. */
	readonly name: string;
	/** The entry of a key, or undefined when there is none. */
	find(key: string, signal: AbortSignal): Promise<RemoteEntry | undefined>;
	/** Writes the packed outputs of an entry into `file`. */
	download(
		entry: RemoteEntry,
		file: string,
		signal: AbortSignal,
	): Promise<void>;
	/** Stores packed outputs and then makes `key` name them. */
	publish(
		key: string,
		entry: RemoteEntry,
		file: string,
		signal: AbortSignal,
	): Promise<void>;
}

/** Checks the shape of what a remote answered. */
export function parseRemoteEntry(value: unknown): RemoteEntry {
	const { sha256, bytes } = (value ?? {}) as Partial<RemoteEntry>;
	if (
		typeof sha256 !== "string" ||
		!/^[0-9a-f]{64}$/.test(sha256) ||
		typeof bytes !== "number" ||
		!Number.isSafeInteger(bytes) ||
		bytes < 0
	)
		throw new Error("its description of the entry makes no sense");
	return { sha256, bytes };
}
