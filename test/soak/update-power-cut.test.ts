import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
	choosePoints,
	type RecordedUpdate,
	recordUpdate,
	surviveAt,
} from "../e2e/support/power-cut.ts";

// DOCK0_SOAK_SEED repeats a run, DOCK0_SOAK_POINTS makes it longer.
const seed = process.env.DOCK0_SOAK_SEED ?? String(Date.now());
const count = Number(process.env.DOCK0_SOAK_POINTS ?? 64);

let folder: string;
let update: RecordedUpdate;
beforeAll(async () => {
	console.log(`power cuts at ${count} points, DOCK0_SOAK_SEED=${seed}`);
	folder = await mkdtemp(join(tmpdir(), "dock0-power-cut-"));
	update = await recordUpdate(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("power cuts all over an update leave a host that boots, old or new, with its database", async () => {
	const found: Record<string, number> = {};
	for (const [index, point] of choosePoints(update, count, seed).entries()) {
		const retry = index % 8 === 0;
		const result = await surviveAt(update, point, { folder, seed, retry });
		found[result.version] = (found[result.version] ?? 0) + 1;
		console.log(
			`${index + 1}/${count}: after ${point} of ${update.writes.length} writes: ${result.version}, ${result.rows} rows`,
		);
	}
	console.log(`booted: ${JSON.stringify(found)}`);
	expect(Object.keys(found).sort()).toEqual(["1.0", "2.0"]);
}, 7_200_000);
