export interface WaitOptions {
	timeoutSeconds: number;
	signal?: AbortSignal | undefined;
}

export interface Settle<T> {
	resolve(value: T): void;
	reject(error: unknown): void;
}

/**
 * Waits for an event. `begin` subscribes to whatever may settle the wait and returns what unsubscribes;
 * that is called exactly once, however the wait ends.
 * @throws what `begin` rejects with, `onTimeout()` at the deadline, or the signal's reason.
 */
export async function waitForEvent<T>(
	begin: (settle: Settle<T>) => () => void,
	options: WaitOptions & { onTimeout: () => Error },
): Promise<T> {
	options.signal?.throwIfAborted();
	let end = (): void => {};
	try {
		return await new Promise<T>((resolve, reject) => {
			const timer = setTimeout(
				() => reject(options.onTimeout()),
				options.timeoutSeconds * 1000,
			);
			const onAbort = (): void => reject(options.signal?.reason);
			options.signal?.addEventListener("abort", onAbort, { once: true });
			const unsubscribe = begin({ resolve, reject });
			end = () => {
				clearTimeout(timer);
				options.signal?.removeEventListener("abort", onAbort);
				unsubscribe();
			};
		});
	} finally {
		end();
	}
}
