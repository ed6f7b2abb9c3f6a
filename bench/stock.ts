// dock0's Debian Docker host, and the smallest that the profiles make, against the stock way to the packages of
// the former: mmdebstrap, initramfs-tools, ext4.
import { mkdir, mkdtemp, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { environment } from "../src/system/environment.ts";
import { runInNamespace } from "../src/system/namespace.ts";
import { packageFile } from "../src/system/package-files.ts";
import { chooseAccelerator } from "../src/vm/accelerator.ts";
import { bootVm } from "../src/vm/boot.ts";
import type { RunningVm } from "../src/vm/running-vm.ts";
import { bootHost, buildHost } from "../test/e2e/support/host.ts";
import { coldBuild, debianPeer } from "./support/debian.ts";
import { compare, load, secondsOf } from "./support/figures.ts";

const rounds = Number(process.argv[2] ?? 3);
const builds = Number(process.argv[3] ?? 1);
const layers = [packageFile("bench/stock/host.yaml")];
const smallLayers = [packageFile("bench/stock/small.yaml")];
await mkdir(environment().tempDir, { recursive: true });
const folder = await mkdtemp(
	join(environment().tempDir, `${process.pid}-bench-`),
);
const at = (name: string): string => join(folder, name);

interface Boot {
	seconds: number;
	usedMb: number;
}

/** Power-on to the line that bench/stock/overlay/usr/lib/bench-ready prints. */
async function measureBoot(start: () => Promise<RunningVm>): Promise<Boot> {
	const vm = await start();
	try {
		const began = performance.now();
		const [, , kib] = await vm.console.waitFor(
			/BENCH-READY (\S+) s, (\d+) KiB/,
			{ timeoutSeconds: 900 },
		);
		const seconds = (performance.now() - began) / 1000;
		await vm.shutdown({ limitSeconds: 300 });
		return { seconds, usedMb: (Number(kib) * 1024) / 1e6 };
	} finally {
		await vm.kill();
	}
}

const bootDock0 = (): Promise<RunningVm> =>
	bootHost(layers, at("out"), {
		name: "bench-dock0",
		stateFile: at("state.img"),
	});
const bootSmall = (): Promise<RunningVm> =>
	bootHost(smallLayers, at("out"), {
		name: "bench-small",
		stateFile: at("state-small.img"),
	});

/** The same machine: 2 processors, 2 GiB, virtio disks. Its first boot writes to the image, later ones do not. */
async function bootStock(first: boolean): Promise<RunningVm> {
	return bootVm({
		name: "bench-stock",
		machine: {
			kernel: at("stock/vmlinuz"),
			initrd: at("stock/initrd.img"),
			cmdline:
				"console=ttyS0 root=/dev/vda rw no_timer_check net.ifnames=0 quiet loglevel=3 systemd.show_status=false cgroup.memory=nokmem",
			drives: [
				{ file: at("stock/root.img"), format: "raw", throwAway: !first },
			],
			memory: 2048,
			cpus: 2,
			accelerator: (await chooseAccelerator("auto")).accelerator,
			ports: [],
		},
	});
}

try {
	const peer = await debianPeer(layers, "stock");
	const archives = join(peer.folder, "archives");
	await mkdir(archives, { recursive: true });
	const buildStock = async (): Promise<void> => {
		await runInNamespace("rm", ["-rf", at("stock")]);
		await mkdir(at("stock"));
		await runInNamespace(
			"sh",
			[
				packageFile("bench/stock/make.sh"),
				at("stock"),
				archives,
				packageFile("bench/stock/overlay"),
				packageFile("bench/stock/systemd-overlay"),
				peer.apt.sourcesFile,
				peer.suite,
				[...peer.packages, "initramfs-tools"].join(","),
				...peer.aptOptions.map((option) => `--aptopt=${option}`),
			],
			{ env: { TMPDIR: folder } },
		);
	};
	// Once each without the clock, which fills the folders of downloads.
	await buildHost(layers, at("out"));
	await buildHost(smallLayers, at("out"));
	await buildStock();
	const seconds = { dock0: [] as number[], stock: [] as number[] };
	for (let round = 0; round < builds; round++) {
		seconds.stock.push(await secondsOf(buildStock));
		const cache = at(`cache-${round}`);
		seconds.dock0.push(
			await secondsOf(() => coldBuild(layers, at(`cold-${round}`), cache)),
		);
		await runInNamespace("rm", ["-rf", cache]);
	}
	if (builds > 0)
		compare(
			`build, packages cached (${load()})`,
			"s",
			seconds.dock0,
			seconds.stock,
		);

	const megabytes = async (file: string): Promise<number> =>
		(await stat(file)).size / 1e6;
	const shippedBy = async (release: string): Promise<number> => {
		let bytes = 0;
		for (const name of ["vmlinuz", "initramfs", "root.squashfs"])
			bytes += await megabytes(join(at("out"), release, name));
		return bytes;
	};
	const shipped = await shippedBy("bench-stock");
	const small = await shippedBy("bench-small");
	const used = Number(await readFile(at("stock/used"), "utf8")) / 1e6;
	compare("bytes, stock as files of ext4", "MB", [shipped], [used]);
	compare("… the small host", "MB", [small], [used]);
	for (const [program, command] of [
		["zstd -9", "zstd -9 -T0 -q -c"],
		["gzip -6", "gzip -6 -c"],
	] as const) {
		await runInNamespace("sh", [
			"-c",
			`tar -C "$1" -c . | ${command} >"$2"`,
			"sh",
			at("stock/tree"),
			at("stock/packed"),
		]);
		const packed = await megabytes(at("stock/packed"));
		compare(`bytes, stock as tar by ${program}`, "MB", [shipped], [packed]);
		compare("… the small host", "MB", [small], [packed]);
	}

	// The first boot makes what only a first boot makes: machine-id, keys, Docker's folders.
	await measureBoot(bootDock0);
	await measureBoot(bootSmall);
	await measureBoot(() => bootStock(true));
	const boots = {
		dock0: [] as Boot[],
		small: [] as Boot[],
		stock: [] as Boot[],
	};
	// Alternating, so that whatever else the machine does meets all alike.
	for (let round = 0; round < rounds; round++) {
		boots.stock.push(await measureBoot(() => bootStock(false)));
		boots.dock0.push(await measureBoot(bootDock0));
		boots.small.push(await measureBoot(bootSmall));
	}
	const pick = (name: keyof typeof boots, key: keyof Boot): number[] =>
		boots[name].map((boot) => boot[key]);
	for (const [key, what, unit] of [
		["seconds", `power-on to docker info (${load()})`, "s"],
		["usedMb", "memory used then", "MB"],
	] as const) {
		compare(what, unit, pick("dock0", key), pick("stock", key));
		compare("… the small host", unit, pick("small", key), pick("stock", key));
	}
} finally {
	await runInNamespace("rm", ["-rf", folder]);
}
