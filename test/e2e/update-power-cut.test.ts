import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
	choosePoints,
	type RecordedUpdate,
	recordUpdate,
	surviveAt,
} from "./support/power-cut.ts";

// The soak test of the same name cuts the power at many more points.
const seed = "fixed";

let folder: string;
let update: RecordedUpdate;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "dock0-power-cut-"));
	update = await recordUpdate(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("an update sends its writes in order: slot emptied, filled, named, then the switch", () => {
	const { boot, began, switched } = update;
	const sectors = update.writes
		.filter(({ at, bytes, end }) => {
			const within = at >= boot.start && at < boot.start + boot.bytes;
			return within && bytes > 0 && end > began && end <= switched;
		})
		.map(({ at }) => at - boot.start);
	expect(sectors).toEqual([131_072, 131_072, 512]);
});

it("a power cut during an update leaves a host that boots, old or new, with its database", async () => {
	const versions: string[] = [];
	for (const [index, point] of choosePoints(update, 4, seed).entries()) {
		const options = { folder, seed, retry: index === 0 };
		versions.push((await surviveAt(update, point, options)).version);
	}
	expect(versions).toHaveLength(4);
});
