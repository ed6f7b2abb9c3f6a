// dock0's build against mkosi's, the newest that Debian has: the same packages, a squashfs as root, downloads at hand.
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseOneLineSources } from "../src/rootfs/debian/sources-parse.ts";
import { environment } from "../src/system/environment.ts";
import { runInNamespace } from "../src/system/namespace.ts";
import { packageFile } from "../src/system/package-files.ts";
import { run } from "../src/system/process.ts";
import { dock0 } from "../test/e2e/support/dock0.ts";
import { buildHost } from "../test/e2e/support/host.ts";
import { coldBuild, type DebianPeer, debianPeer } from "./support/debian.ts";
import { compare, load, secondsOf } from "./support/figures.ts";

const rounds = Number(process.argv[2] ?? 1);
const layers = [packageFile("test/hosts/debian.yaml")];
/** What mkosi runs in and with. */
const tools = [
	...["mkosi", "apt", "dpkg", "squashfs-tools", "systemd", "systemd-repart"],
	...["cpio", "zstd", "kmod", "dosfstools", "mtools", "util-linux", "time"],
	...["debian-archive-keyring", "ca-certificates"],
];

if (!environment().isRoot) {
	console.log(
		"skipped: mkosi's tree is entered by pivot_root, which needs root",
	);
	process.exit(0);
}
const peer = await debianPeer(layers, "mkosi");
const work = join(peer.folder, "work");
const output = join(peer.folder, "dock0");
const tree = await toolsTree(peer);
await prepareWork(peer);
const cold: Figures = { dock0: [], mkosi: [] };
const unchanged: Figures = { dock0: [], mkosi: [] };
const memory: Figures = { dock0: [], mkosi: [] };

// Once each without the clock, which fills the folders of downloads.
await buildHost(layers, output);
if ((await readdir(join(work, "packages"))).length === 0)
	await mkosi("--force");
for (let round = 0; round < rounds; round++) {
	const cache = join(peer.folder, "cold");
	await runInNamespace("rm", ["-rf", cache, `${output}-cold`]);
	cold.mkosi.push(await secondsOf(() => mkosi("--force")));
	memory.mkosi.push(await peakMb());
	cold.dock0.push(
		await secondsOf(() => coldBuild(layers, `${output}-cold`, cache)),
	);
	await runInNamespace("rm", ["-rf", cache]);
}
compare(`build, packages cached (${load()})`, "s", cold.dock0, cold.mkosi);
// mkosi's own way to do less: images of the packages that it keeps. The first makes them.
await mkosi("--force", "--incremental=yes");
for (let round = 0; round < rounds; round++) {
	unchanged.mkosi.push(
		await secondsOf(() => mkosi("--force", "--incremental=yes")),
	);
	unchanged.dock0.push(
		await secondsOf(() => dock0(["build", ...layers, "-o", output])),
	);
}
compare("build, nothing changed", "s", unchanged.dock0, unchanged.mkosi);
compare(
	"root, kernel and initramfs",
	"MB",
	[
		await megabytes(join(output, "e2e-debian"), [
			"vmlinuz",
			"initramfs",
			"root.squashfs",
		]),
	],
	[
		await megabytes(join(work, "out"), [
			"peer.vmlinuz",
			"peer.initrd",
			"peer.raw",
		]),
	],
);
console.log(
	`mkosi's largest process: ${memory.mkosi.map((mb) => mb.toFixed(0)).join(", ")} MB`,
);

interface Figures {
	dock0: number[];
	mkosi: number[];
}

/** A Debian tree with mkosi, made once and kept in the cache. */
async function toolsTree({
	folder,
	suite,
	apt,
	aptOptions,
}: DebianPeer): Promise<string> {
	const made = join(folder, "tree");
	if (existsSync(made)) return made;
	await runInNamespace("rm", ["-rf", `${made}.new`]);
	await run("mmdebstrap", [
		...["--mode=root", "--variant=apt", `--include=${tools.join(",")}`],
		...aptOptions.map((option) => `--aptopt=${option}`),
		...[suite, `${made}.new`, apt.sourcesFile],
	]);
	await rename(`${made}.new`, made);
	return made;
}

/** The folder that is `/work` in there: mkosi's config, this machine's mirrors, downloads and outputs. */
async function prepareWork({ apt, aptOptions }: DebianPeer): Promise<void> {
	const etc = join(work, "sandbox/etc/apt");
	for (const folder of ["out", "packages", "cache", "workspace"])
		await mkdir(join(work, folder), { recursive: true });
	await mkdir(join(etc, "sources.list.d"), { recursive: true });
	await mkdir(join(etc, "apt.conf.d"), { recursive: true });
	await rm(join(work, "config"), { recursive: true, force: true });
	await run("cp", ["-R", packageFile("bench/mkosi"), join(work, "config")]);
	await run("cp", ["-L", "/etc/resolv.conf", "/etc/hosts", join(tree, "etc")]);
	const { stdout } = await run("cat", [apt.sourcesFile]);
	await writeFile(
		join(etc, "sources.list.d/mkosi.sources"),
		parseOneLineSources(stdout)
			.map(
				({ uri, suite, components, options }) =>
					`Types: deb\nURIs: ${uri}\nSuites: ${suite}\nComponents: ${components.join(" ")}\nSigned-By: ${options["signed-by"]}\n`,
			)
			.join("\n"),
	);
	await writeFile(
		join(etc, "apt.conf.d/90host"),
		aptOptions.map((option) => `${option};\n`).join(""),
	);
}

async function mkosi(...options: readonly string[]): Promise<void> {
	await run("sh", [
		...[packageFile("bench/mkosi/run.sh"), tree, work],
		...["time", "-f", "%M", "-o", "/work/peak", "mkosi", ...options],
		...peer.packages.map((name) => `--package=${name}`),
		"build",
	]);
}

/** Of the largest process of the last run: GNU time's %M, in KiB. */
async function peakMb(): Promise<number> {
	const { stdout } = await run("tail", ["-n1", join(work, "peak")]);
	return (Number(stdout) * 1024) / 1e6;
}

async function megabytes(
	folder: string,
	names: readonly string[],
): Promise<number> {
	let sum = 0;
	for (const name of names) sum += (await stat(join(folder, name))).size;
	return sum / 1e6;
}
