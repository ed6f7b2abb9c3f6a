/** Calls `work` for every item, at most `limit` at a time; the first failure is thrown once all others ended. */
export async function concurrently<Item>(
	items: readonly Item[],
	limit: number,
	work: (item: Item) => Promise<void>,
): Promise<void> {
	const queue = [...items];
	const failures: unknown[] = [];
	const worker = async (): Promise<void> => {
		for (
			let item = queue.shift();
			item !== undefined && failures.length === 0;
			item = queue.shift()
		) {
			try {
				await work(item);
			} catch (error) {
				failures.push(error);
			}
		}
	};
	await Promise.all(Array.from({ length: limit }, worker));
	if (failures.length > 0) throw failures[0];
}
