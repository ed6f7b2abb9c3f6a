import { expect, it } from "vitest";
import { remainingTime } from "./remaining.ts";

const plan = (unknown = false) => ({
	type: "plan" as const,
	steps: [
		{ name: "packages", title: "", cached: false, needs: [], expected: 30 },
		{ name: "kernel", title: "", cached: false, needs: [], expected: 10 },
		{
			name: "image",
			title: "",
			cached: false,
			needs: ["packages", "kernel"],
			...(unknown ? {} : { expected: 5 }),
		},
		{ name: "busybox", title: "", cached: true, needs: [] },
	],
});
const start = (step: string) => ({
	type: "step:start" as const,
	step,
	title: "",
	log: "",
});

it("is the longest way through the steps that are left", () => {
	const remaining = remainingTime();
	remaining.observe(plan(), 0);
	expect(remaining.seconds(0)).toBe(35);
	remaining.observe(start("packages"), 100);
	remaining.observe(start("kernel"), 100);
	expect(remaining.seconds(110)).toBe(25);
	expect(remaining.seconds(200)).toBe(5);
	for (const step of ["packages", "kernel", "image"])
		remaining.observe(
			{ type: "step:done", step, title: "", seconds: 1, bytes: 1 },
			0,
		);
	expect(remaining.seconds(200)).toBe(0);
});

it("is not known when a step never ran before", () => {
	const remaining = remainingTime();
	remaining.observe(plan(true), 0);
	expect(remaining.seconds(0)).toBeUndefined();
});
