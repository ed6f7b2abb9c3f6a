// The compiled kernel against the distribution's: bytes, and seconds from power-on to Docker's answer.
import { lstat, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planProject } from "../src/pipeline/plan.ts";
import { loadProject, releaseFolder } from "../src/pipeline/project.ts";
import { environment } from "../src/system/environment.ts";
import { packageFile } from "../src/system/package-files.ts";
import { bootHost, buildHost } from "../test/e2e/support/host.ts";

const rounds = Number(process.argv[2] ?? 3);
const contenders = {
	packaged: [packageFile("test/hosts/debian.yaml")],
	compiled: [packageFile("test/hosts/source-kernel.yaml")],
};
type Name = keyof typeof contenders;
const names: readonly Name[] = ["packaged", "compiled"];

const output = await mkdtemp(join(tmpdir(), "dock0-bench-"));
const bytes = { packaged: 0, compiled: 0 };
const seconds: Record<Name, number[]> = { packaged: [], compiled: [] };
try {
	for (const name of names) {
		await buildHost(contenders[name], output);
		bytes[name] = await kernelBytes(contenders[name]);
	}
	// Alternating, so that whatever else the machine does meets both alike.
	for (let round = 0; round < rounds; round++)
		for (const name of names) seconds[name].push(await readySeconds(name));
} finally {
	await rm(output, { recursive: true, force: true });
}
for (const name of names)
	console.log(
		`${name.padEnd(9)} ${(bytes[name] / 1e6).toFixed(1)} MB of kernel and modules, Docker ready after ${seconds[name].map((value) => value.toFixed(1)).join(", ")} s`,
	);
console.log(
	`compiled / packaged: bytes ${(bytes.compiled / bytes.packaged).toFixed(2)}, seconds ${(median(seconds.compiled) / median(seconds.packaged)).toFixed(2)} (medians of ${rounds})`,
);

async function readySeconds(name: Name): Promise<number> {
	const vm = await bootHost(contenders[name], output, {
		name: `bench-${name}`,
	});
	try {
		const began = performance.now();
		await vm.waitReady({ timeoutSeconds: 600 });
		return (performance.now() - began) / 1000;
	} finally {
		await vm.kill();
	}
}

/** Of the image and of the folder of modules, as they lie in the cache. */
async function kernelBytes(layers: readonly string[]): Promise<number> {
	const project = await loadProject({ files: layers });
	const step = (await planProject(project)).find(({ name }) =>
		/^kernel\/(package|compile)$/.test(name),
	);
	const folder = join(environment().cacheDir, "steps", step?.key ?? "", "out");
	const image = await lstat(join(releaseFolder(project, output), "vmlinuz"));
	return image.size + (await treeBytes(join(folder, "modules")));
}

async function treeBytes(folder: string): Promise<number> {
	let sum = 0;
	for (const entry of await readdir(folder, { withFileTypes: true })) {
		const path = join(folder, entry.name);
		sum += entry.isDirectory()
			? await treeBytes(path)
			: (await lstat(path)).size;
	}
	return sum;
}

function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
