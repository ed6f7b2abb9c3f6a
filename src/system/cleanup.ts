type Cleanup = () => void | Promise<void>;

const pending = new Set<Cleanup>();
const interruption = new AbortController();
let installed = false;

/**
 * Aborted at the first SIGINT, SIGTERM or SIGHUP. Pass it to whatever can be cancelled; the
 * command line exits with 128 + signal number once everything has unwound.
 */
export function interruptSignal(): AbortSignal {
	installHandlers();
	return interruption.signal;
}

/**
 * Runs `cleanup` when the process is told to stop, or when the returned function is called,
 * whichever comes first, and never twice.
 */
export function onInterrupt(cleanup: Cleanup): () => Promise<void> {
	installHandlers();
	pending.add(cleanup);
	return async () => {
		if (pending.delete(cleanup)) await cleanup();
	};
}

/** Runs every pending cleanup, newest first; errors do not stop the others. */
export async function runCleanups(): Promise<void> {
	for (const cleanup of [...pending].reverse()) {
		pending.delete(cleanup);
		try {
			await cleanup();
		} catch {
			// the next cleanup matters more than this one's complaint
		}
	}
}

/** The number of the signal that interrupted us, if one did. */
export function interruptedBy(): number | undefined {
	const reason: unknown = interruption.signal.reason;
	return reason instanceof Interrupted ? reason.signalNumber : undefined;
}

export class Interrupted extends Error {
	override readonly name = "Interrupted";
	constructor(readonly signalNumber: number) {
		super("interrupted");
	}
}

function installHandlers(): void {
	if (installed) return;
	installed = true;
	const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
	for (const [name, number] of Object.entries(numbers))
		process.on(name as keyof typeof numbers, () => {
			if (interruption.signal.aborted) process.exit(128 + number);
			interruption.abort(new Interrupted(number));
			// Whoever listens to the signal unwinds by itself; this is for those who only registered a cleanup.
			void runCleanups();
		});
}
