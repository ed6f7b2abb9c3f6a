// A build in which nothing has changed, against the bare start of Node that any such tool pays.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageFile } from "../src/system/package-files.ts";
import { run } from "../src/system/process.ts";
import { checkout } from "../test/e2e/support/dock0.ts";
import { buildHost } from "../test/e2e/support/host.ts";

const rounds = 11;
const layers = [packageFile("test/hosts/debian.yaml")];
const output = await mkdtemp(join(tmpdir(), "dock0-bench-"));
const dock0 = [process.execPath, checkout("bin/dock0.js")];
const commands = {
	node: [process.execPath, "-e", "0"],
	help: [...dock0, "--help"],
	unchanged: [...dock0, "build", ...layers, "-o", output],
};

/** Seconds on the clock, and of work on any core, with that of the processes it starts. */
async function timesOf(command: readonly string[]) {
	const script = 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>&1';
	const { stderr } = await run("bash", ["-c", script, "bash", ...command]);
	const [clock = 0, user = 0, system = 0] = stderr.split(" ").map(Number);
	return { clock, work: user + system };
}

const all: Record<string, Awaited<ReturnType<typeof timesOf>>[]> = {};
try {
	await buildHost(layers, output);
	// Alternating, so that whatever else the machine does meets all alike.
	for (let round = 0; round < rounds; round++)
		for (const [name, command] of Object.entries(commands)) {
			all[name] ??= [];
			all[name].push(await timesOf(command));
		}
} finally {
	await rm(output, { recursive: true, force: true });
}
const median = (name: string, which: "clock" | "work"): number =>
	(all[name] ?? []).map((times) => times[which]).sort((a, b) => a - b)[
		Math.floor(rounds / 2)
	] ?? Number.NaN;
for (const name of Object.keys(commands)) {
	const work = median(name, "work");
	console.log(
		`${name.padEnd(9)} ${work.toFixed(3)} s of work, ${(work / median("node", "work")).toFixed(1)} times a bare Node start; ${median(name, "clock").toFixed(3)} s on the clock (medians of ${rounds})`,
	);
}
