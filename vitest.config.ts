import { defineConfig } from "vitest/config";

// Two projects: `unit` lies beside the code and is fast; `e2e` builds and boots real machines,
// one file at a time because each of them already uses all cores.
export default defineConfig({
	test: {
		projects: [
			{
				test: {
					name: "unit",
					include: ["src/**/*.test.ts"],
					testTimeout: 20_000,
				},
			},
			{
				test: {
					name: "e2e",
					pool: "forks",
					include: ["test/e2e/**/*.test.ts"],
					testTimeout: 600_000,
					hookTimeout: 900_000,
					poolOptions: { forks: { singleFork: true } },
					retry: 0,
				},
			},
		],
	},
});
