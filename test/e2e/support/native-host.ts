import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	type RunningProcess,
	type RunResult,
	run,
	start,
} from "../../../src/system/process.ts";

/**
 * A host's root and bundle without a virtual machine: the same images, mounted one above the other, in
 * namespaces of this machine, with Docker and the firewall but no init. Much faster than an emulated
 * processor, so that load is load. Needs root.
 */
export interface NativeHost {
	/** A line of shell in the host. */
	shell(line: string): Promise<RunResult>;
	/** The command that starts a program of this machine in the network of the host's neighbour. */
	readonly neighbour: readonly string[];
	stop(): Promise<void>;
}

/** The host's addresses for its neighbour. */
export const nativeAddresses = { v4: "10.99.0.1", v6: "fd99::1" } as const;

// The kernel undoes all of it with the last process of the namespaces.
const setUp = `set -eu
cd "$1"
mount --make-rprivate /
mount -o loop,ro "$2" lower
mount -o loop,ro "$3" bundle
mount -t tmpfs tmpfs memory
mkdir memory/upper memory/work
mount -t overlay overlay -o lowerdir=bundle:lower,upperdir=memory/upper,workdir=memory/work root
mount -t proc proc root/proc
mount -t sysfs sysfs root/sys
mount --rbind /sys/fs/cgroup root/sys/fs/cgroup
mount --rbind /dev root/dev
for folder in run tmp var/lib/docker var/lib/containerd; do
	mkdir -p "root/$folder"
	mount -t tmpfs tmpfs "root/$folder"
done
ip link set lo up
ip link add inside type veth peer name outside
mkdir -p root/run/netns /run/netns
unshare --net sleep infinity & neighbour=$!
while [ "$(readlink /proc/$neighbour/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do :; done
ip link set outside netns $neighbour
ip addr add ${nativeAddresses.v4}/24 dev inside
ip -6 addr add ${nativeAddresses.v6}/64 dev inside nodad
ip link set inside up
nsenter -t $neighbour -n sh -c 'ip link set lo up; ip addr add 10.99.0.2/24 dev outside; ip -6 addr add fd99::2/64 dev outside nodad; ip link set outside up'
chroot root /usr/lib/dock0/firewall
chroot root containerd > root/tmp/containerd.log 2>&1 &
chroot root dockerd --containerd /run/containerd/containerd.sock > root/tmp/dockerd.log 2>&1 &
until chroot root docker info > /dev/null 2>&1; do sleep 0.2; done
echo "READY $neighbour"
wait
`;

/** Brings root and bundle up; the caller stops it. */
export async function nativeHost(
	root: string,
	bundle: string,
): Promise<NativeHost> {
	const folder = await mkdtemp(join(tmpdir(), "dock0-native-"));
	for (const name of ["lower", "bundle", "memory", "root"])
		await mkdir(join(folder, name));
	await writeFile(join(folder, "set-up.sh"), setUp);
	const child = start("unshare", [
		...["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"],
		...["sh", join(folder, "set-up.sh"), folder, root, bundle],
	]);
	const stop = async (): Promise<void> => {
		child.kill();
		await child.done;
		await rm(folder, { recursive: true, force: true });
	};
	try {
		const inside = await ready(child);
		const { stdout } = await run("pgrep", ["-P", String(child.pid)]);
		const init = stdout.trim();
		const enter = ["-t", init, "-m", "-n", "-p"];
		return {
			shell: (line) =>
				run(
					"nsenter",
					[...enter, "chroot", join(folder, "root"), "sh", "-c", line],
					{ okExitCodes: Array.from({ length: 256 }, (_, code) => code) },
				),
			neighbour: [
				...["nsenter", "-t", init, "-m", "-p"],
				...["nsenter", "-t", inside, "-n"],
			],
			stop,
		};
	} catch (error) {
		await stop();
		throw error;
	}
}

async function ready(child: RunningProcess): Promise<string> {
	let said = "";
	child.stderr.on("data", (chunk: Buffer) => {
		said += String(chunk);
	});
	for await (const chunk of child.stdout) {
		said += String(chunk);
		const match = /READY (\d+)/.exec(said);
		if (match?.[1]) return match[1];
	}
	throw new Error(`the host did not come up:\n${said}`);
}
