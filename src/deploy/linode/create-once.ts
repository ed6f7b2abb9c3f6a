import type { z } from "zod";
import type { Journal } from "../journal.ts";
import { type Client, UnsureError } from "./client.ts";
import { unreachable } from "./refusals.ts";

/** How long a new object may be missing from its list. */
const listLagMs = 30_000;

/**
 * Makes an object that only this deploy makes, exactly once: its label is part of nothing else, so that
 * after a lost answer or a crash the list tells whether it is there. Labels are not unique for the API, so
 * its number goes into the journal.
 */
export function createOnce<
	Shape extends z.ZodType<{ id: number | string; label: string }>,
>(
	client: Client,
	journal: Journal,
	options: {
		/** In the journal. */
		name: string;
		label: string;
		collection: string;
		shape: Shape;
		make: () => Promise<z.output<Shape>>;
	},
): Promise<z.output<Shape>["id"]> {
	const { name, label, collection, shape, make } = options;
	const find = async (
		patienceMs: number,
	): Promise<z.output<Shape> | undefined> => {
		const deadline = client.clock.now() + patienceMs;
		for (;;) {
			const found = (await client.list(collection, shape, { label })).find(
				(item) => item.label === label,
			);
			if (found || client.clock.now() >= deadline) return found;
			await client.clock.sleep(3000, client.signal);
		}
	};
	return journal.once(name, async () => {
		const intent = `${name}-begun`;
		const begun = intent in journal.record.results;
		await journal.once(intent, async () => true);
		if (begun) {
			const found = await find(listLagMs);
			if (found) return found.id;
		}
		for (let count = 1; ; count++)
			try {
				return (await make()).id;
			} catch (error) {
				if (!(error instanceof UnsureError)) throw error;
				const found = await find(listLagMs);
				if (found) return found.id;
				if (count >= 4) throw unreachable(error.message);
			}
	});
}
