// An update in place against writing the whole disk image again, in one guest.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newKey } from "../src/release/keys.ts";
import { run } from "../src/system/process.ts";
import type { GuestShell } from "../test/e2e/support/guest.ts";
import {
	bootDisk,
	greetHost,
	workshop,
} from "../test/e2e/support/update-host.ts";

const folder = await mkdtemp(join(tmpdir(), "dock0-bench-"));
const at = (name: string): string => join(folder, name);
/** What a job in the guest took: seconds, and bytes that the kernel has sent to the disk. */
interface Cost {
	seconds: number;
	bytes: number;
}

/** Field 7 of a block device's stat: sectors written (Documentation/block/stat.rst). */
async function measure(
	guest: GuestShell,
	device: string,
	command: string,
): Promise<Cost> {
	const look = `read -r up _ </proc/uptime; read -r _ _ _ _ _ _ sectors _ </sys/block/${device}/stat; echo "MEASURE $up $sectors"`;
	const output = await guest.get(`${look}; ${command}; sync; ${look}`, 3000);
	const [before, after] = [...output.matchAll(/MEASURE (\S+) (\d+)/g)].map(
		([, up, sectors]) => ({ up: Number(up), sectors: Number(sectors) }),
	);
	if (!before || !after) throw new Error(`no measurement:\n${output}`);
	return {
		seconds: after.up - before.up,
		bytes: (after.sectors - before.sectors) * 512,
	};
}

let stop = async (): Promise<void> => undefined;
try {
	const shop = await workshop(folder);
	const key = await newKey(at("keys"), "release");
	const trust = [key.publicFile];
	const make = (version: string) => shop.release({ version, trust, key });
	const [one, two, three] = [
		await make("1.0"),
		await make("2.0"),
		await make("3.0"),
	];
	const { bytes } = await shop.disk(at("host.img"), one);
	await shop.disk(at("rewrite.img"), three);
	await shop.media(at("media"), { two, three, image: at("rewrite.img") });
	await run("truncate", ["-s", String(bytes), at("peer.img")]);
	const vm = await bootDisk({
		name: "bench-update",
		disk: at("host.img"),
		media: at("media"),
		reboot: true,
		extraArgs: ["-drive", `if=virtio,format=raw,file=${at("peer.img")}`],
	});
	stop = () => vm.kill();
	let { guest } = await greetHost(vm);
	const rewrite = await measure(
		guest,
		"vdc",
		"dd if=/run/media/image of=/dev/vdc bs=1M conv=fsync status=none",
	);
	const install = (version: string) =>
		measure(
			guest,
			"vda",
			`dock0-update install /run/media/${version} --no-reboot`,
		);
	const first = await install("two");
	vm.console.write("reboot\n");
	({ guest } = await greetHost(vm));
	const second = await install("three");
	const show = (name: string, { seconds, bytes: written }: Cost): void =>
		console.log(
			`${name.padEnd(34)} ${(written / 1e6).toFixed(1).padStart(6)} MB written, ${seconds.toFixed(1).padStart(5)} s; ratio ${(written / rewrite.bytes).toFixed(2)} and ${(seconds / rewrite.seconds).toFixed(2)}`,
		);
	show("the whole disk image again", rewrite);
	show("update into an empty slot", first);
	show("update over the release before last", second);
} finally {
	await stop();
	await rm(folder, { recursive: true, force: true });
}
