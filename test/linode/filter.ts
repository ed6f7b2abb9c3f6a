/**
 * X-Filter, as far as clients use it.
 * https://techdocs.akamai.com/linode-api/reference/filtering-and-sorting
 */
export function applyFilter<Item extends object>(
	items: readonly Item[],
	filter: Readonly<Record<string, unknown>>,
): Item[] {
	const found = items.filter((item) => matches(item, filter));
	const by = filter["+order_by"];
	if (typeof by !== "string") return found;
	const direction = filter["+order"] === "desc" ? -1 : 1;
	return found.toSorted((a, b) => {
		const [x, y] = [fieldOf(a, by), fieldOf(b, by)];
		return (
			(Number(x) - Number(y) || String(x).localeCompare(String(y))) * direction
		);
	});
}

function matches(
	item: object,
	filter: Readonly<Record<string, unknown>>,
): boolean {
	return Object.entries(filter).every(([key, wanted]) => {
		if (key === "+order_by" || key === "+order") return true;
		if (key === "+and" || key === "+or") {
			const parts = wanted as Record<string, unknown>[];
			return key === "+and"
				? parts.every((part) => matches(item, part))
				: parts.some((part) => matches(item, part));
		}
		return fits(fieldOf(item, key), wanted);
	});
}

function fits(value: unknown, wanted: unknown): boolean {
	if (Array.isArray(value)) return value.includes(wanted);
	if (typeof wanted !== "object" || wanted === null) return value === wanted;
	return Object.entries(wanted).every(([operator, operand]) => {
		switch (operator) {
			case "+gt":
				return Number(value) > Number(operand);
			case "+gte":
				return Number(value) >= Number(operand);
			case "+neq":
				return value !== operand;
			case "+contains":
				return String(value).includes(String(operand));
			default:
				throw new Error(`the filter operator ${operator} is not modelled`);
		}
	});
}

function fieldOf(item: object, path: string): unknown {
	return path
		.split(".")
		.reduce<unknown>(
			(value, key) => (value as Record<string, unknown> | null)?.[key],
			item,
		);
}
