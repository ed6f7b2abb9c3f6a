// A build in which nothing has changed, against the bare start of Node that any such tool pays.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageFile } from "../src/system/package-files.ts";
import { run } from "../src/system/process.ts";
import { dock0 } from "../test/e2e/support/dock0.ts";
import { buildHost } from "../test/e2e/support/host.ts";

const rounds = 11;
const layers = [packageFile("test/hosts/debian.yaml")];
const output = await mkdtemp(join(tmpdir(), "dock0-bench-"));
const commands = {
	node: () => run(process.execPath, ["-e", "0"]),
	help: () => dock0(["--help"]),
	unchanged: () => dock0(["build", ...layers, "-o", output]),
};
const seconds: Record<string, number[]> = { node: [], help: [], unchanged: [] };
try {
	await buildHost(layers, output);
	// Alternating, so that whatever else the machine does meets all alike.
	for (let round = 0; round < rounds; round++)
		for (const [name, command] of Object.entries(commands)) {
			const began = performance.now();
			await command();
			seconds[name]?.push((performance.now() - began) / 1000);
		}
} finally {
	await rm(output, { recursive: true, force: true });
}
const median = (values: readonly number[] = []): number =>
	[...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ??
	Number.NaN;
const bare = median(seconds.node);
for (const [name, values] of Object.entries(seconds))
	console.log(
		`${name.padEnd(9)} ${median(values).toFixed(3)} s, ${(median(values) / bare).toFixed(1)} times a bare Node start (median of ${rounds})`,
	);
