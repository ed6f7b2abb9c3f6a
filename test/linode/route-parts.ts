import type { Account, FakeConfig, FakeDisk, FakeLinode } from "./account.ts";
import type { VmDriver } from "./driver.ts";
import { applyFilter } from "./filter.ts";
import type { JobRow } from "./jobs.ts";
import { type Asked, notFound, ok, type Reply, refuse } from "./reply.ts";
import type { RequestSchema } from "./validation.ts";
import type { BedClock } from "./virtual-clock.ts";

/** Told of what cannot be undone, for tests that watch what is deleted when. */
export interface Watch {
	configDeleted(linode: FakeLinode, config: FakeConfig): void;
	diskDeleted(linode: FakeLinode, disk: FakeDisk): void;
}

/** What the routes work on. */
export interface Bed {
	account: Account;
	clock: BedClock;
	row: JobRow;
	driver: VmDriver;
	watch: Watch;
	/** The next IPv4 address to give. */
	address(): string;
	/** Where uploads go, without the ticket. */
	uploadUrl(): string;
}

/** One page of a collection, as the API pages: 25 to 500 a page. */
export function paged<Item extends object>(
	asked: Asked,
	items: readonly Item[],
	show: (item: Item) => object,
): Reply {
	const size = Number(asked.query.get("page_size") ?? 100);
	const page = Number(asked.query.get("page") ?? 1);
	if (size < 25 || size > 500)
		return refuse(400, "Must be between 25 and 500", "page_size");
	const found = applyFilter(items.map(show), asked.filter);
	const pages = Math.max(1, Math.ceil(found.length / size));
	if (page > pages) return notFound();
	return ok({
		data: found.slice((page - 1) * size, page * size),
		page,
		pages,
		results: found.length,
	});
}

/** Asks the provider's own validation whether it would take a request. */
export function check(schema: RequestSchema, body: unknown): Reply | undefined {
	try {
		schema.validateSync(body, { strict: true, abortEarly: false });
		return undefined;
	} catch (error) {
		const { errors, path } = error as { errors?: string[]; path?: string };
		return refuse(400, (errors ?? [String(error)]).join("; "), path);
	}
}
