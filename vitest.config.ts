import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// Three projects: `unit` lies beside the code and is fast; `e2e` builds and boots real machines,
// one file at a time because each of them already uses all cores; `soak` is what takes hours: whole
// matrices of which the other two hold a fixed sample, and compiles.
export default defineConfig({
	test: {
		// Without it one processor would be left for a watcher that is not there.
		maxWorkers: availableParallelism(),
		minWorkers: 1,
		// The unit tests' pool: none of them changes what modules hold.
		poolOptions: { threads: { isolate: false } },
		projects: [
			{
				test: {
					name: "unit",
					include: ["src/**/*.test.ts", "test/linode/**/*.test.ts"],
					testTimeout: 20_000,
					pool: "threads",
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
			{
				// What scripts/pictures.sh runs: they write into docs/pictures and test nothing.
				test: {
					name: "pictures",
					pool: "forks",
					include: ["test/pictures/**/*.test.ts"],
					testTimeout: 600_000,
				},
			},
			{
				test: {
					name: "soak",
					pool: "forks",
					include: ["test/soak/**/*.test.ts"],
					testTimeout: 7_200_000,
					hookTimeout: 7_200_000,
					poolOptions: { forks: { singleFork: true } },
					retry: 0,
				},
			},
		],
	},
});
