import { expect, it } from "vitest";
import { runSeveral } from "./several.ts";

it("runs no more at a time than the limit says", async () => {
	let running = 0;
	let most = 0;
	const { done } = await runSeveral(
		["a", "b", "c", "d", "e"].map((name) => ({
			name,
			async work() {
				most = Math.max(most, ++running);
				await new Promise((resolve) => setImmediate(resolve));
				running--;
				return name;
			},
		})),
		2,
	);
	expect(most).toBe(2);
	expect(done.map(({ result }) => result)).toEqual(["a", "b", "c", "d", "e"]);
});

it("begins nothing after a failure, and lets what runs end", async () => {
	const outcome = await runSeveral(
		["a", "b", "c", "d"].map((name) => ({
			name,
			async work() {
				if (name === "a") throw new Error("a failed");
				await new Promise((resolve) => setImmediate(resolve));
				return name;
			},
		})),
		2,
	);
	expect(outcome.failed.map(({ name }) => name)).toEqual(["a"]);
	expect(outcome.done.map(({ name }) => name)).toEqual(["b"]);
	expect(outcome.left).toEqual(["c", "d"]);
});
