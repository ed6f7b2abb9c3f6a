// One file of the overlay changed, and one line of `host:`, until the release or the bundle is ready.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageFile } from "../src/system/package-files.ts";
import { dock0 } from "../test/e2e/support/dock0.ts";
import { load, median, secondsOf } from "./support/figures.ts";

const rounds = Number(process.argv[2] ?? 3);
const folder = await mkdtemp(join(tmpdir(), "dock0-bench-"));
const at = (name: string): string => join(folder, name);

/** Runs dock0, which has to succeed; returns what it said step by step. */
async function must(args: readonly string[]): Promise<string> {
	const { exitCode, stderr } = await dock0(args);
	if (exitCode !== 0) throw new Error(`${args.join(" ")}:\n${stderr}`);
	return stderr;
}

const overlay = at("overlay/etc/bench");
const hostFile = at("host.yaml");
const changeOverlay = (round: number): Promise<void> =>
	writeFile(overlay, `${process.pid} ${round}\n`);
const changeHost = (round: number): Promise<void> =>
	writeFile(
		hostFile,
		`extends: dock0/host\nname: bench-host\nhost: { hostname: bench${round + 1} }\n`,
	);
const changes = {
	"overlay file, release ready": {
		change: changeOverlay,
		args: ["build", at("usual.yaml"), "-o", at("out")],
	},
	"the same with dock0/fast": {
		change: changeOverlay,
		args: ["build", at("fast.yaml"), "-o", at("out")],
	},
	"host:, bundle ready": {
		change: changeHost,
		args: ["build", hostFile, "-o", at("out")],
	},
};

try {
	await mkdir(at("overlay/etc"), { recursive: true });
	const own = [packageFile("test/hosts/overlay"), at("overlay")];
	for (const [name, profiles] of [
		["usual", []],
		["fast", ["dock0/fast"]],
	] as const)
		await writeFile(
			at(`${name}.yaml`),
			JSON.stringify({
				extends: [packageFile("test/hosts/debian.yaml"), ...profiles],
				name: `bench-${name}`,
				rootfs: { overlay: own },
			}),
		);
	for (const { change, args } of Object.values(changes)) {
		await change(-1);
		await must(args);
	}
	const seconds = Object.fromEntries(
		Object.keys(changes).map((name) => [name, [] as number[]]),
	);
	let said = "";
	// Alternating, so that whatever else the machine does meets all alike.
	for (let round = 0; round < rounds; round++)
		for (const [name, { change, args }] of Object.entries(changes)) {
			await change(round);
			seconds[name]?.push(
				await secondsOf(async () => {
					said = await must(args);
				}),
			);
			if (round === 0)
				for (const line of said.split("\n"))
					if (line.startsWith("done")) console.log(`  ${line}`);
			if (round === 0) console.log(`  … ${name}`);
		}
	for (const [name, values] of Object.entries(seconds))
		console.log(
			`${name.padEnd(30)} ${median(values).toFixed(1)} s (median of ${values.map((value) => value.toFixed(1)).join(", ")}), ${load()}`,
		);
} finally {
	await rm(folder, { recursive: true, force: true });
}
