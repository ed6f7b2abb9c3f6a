import { mkdir, mkdtemp, open, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environment } from "../../../src/system/environment.ts";
import { runInNamespace } from "../../../src/system/namespace.ts";
import { run } from "../../../src/system/process.ts";
import { bootVm } from "../../../src/vm/boot.ts";
import { efiFirmware } from "../../../src/vm/firmware.ts";
import type { RunningVm } from "../../../src/vm/running-vm.ts";

/** What a hoster would call "Debian 12": systemd, an ssh server, no kexec. */
const packages =
	"linux-image-cloud-amd64,systemd,systemd-sysv,openssh-server,iproute2,udev,initramfs-tools,zstd,kmod,dbus,busybox-static,sudo";

/** Address and router of the server, both of QEMU's own network. */
const stockNetwork = { address: "10.0.2.15/24", router: "10.0.2.2" };

/** Installs the system once; later calls find it in the cache. @returns its tar file. */
export async function stockSystem(): Promise<string> {
	const file = join(environment().cacheDir, "test-stock", "bookworm-2.tar");
	if (await readFile(`${file}.done`).catch(() => undefined)) return file;
	await mkdir(join(file, ".."), { recursive: true });
	const temporary = `${file}.tmp-${process.pid}.tar`;
	try {
		await run("mmdebstrap", [
			"--variant=essential",
			`--include=${packages}`,
			...["bookworm", temporary],
		]);
		await rename(temporary, file);
		await (await open(`${file}.done`, "w")).close();
	} finally {
		await rm(temporary, { force: true });
	}
	return file;
}

/** Sets the system up and packs it into a file system of its own, without a partition table, as Linode has it. */
const setUp = `set -e
cd "$1"
mkdir root
tar -xf "$2" -C root --exclude=./dev/*
cp root/boot/vmlinuz-* vmlinuz
cp root/boot/initrd.img-* initrd
mkdir -p root/root/.ssh
cp key.pub root/root/.ssh/authorized_keys
chmod 700 root/root/.ssh
echo 'admin:x:1000:1000::/home/admin:/bin/sh' >> root/etc/passwd
echo 'admin:*:20000::::::' >> root/etc/shadow
echo 'admin:x:1000:' >> root/etc/group
mkdir -p root/home/admin
cp -a root/root/.ssh root/home/admin/
chown -R 1000:1000 root/home/admin
echo 'admin ALL=(ALL) NOPASSWD: ALL' > root/etc/sudoers.d/admin
chmod 440 root/etc/sudoers.d/admin
echo '127.0.1.1 stock' >> root/etc/hosts
printf '[Match]\\nName=e*\\n[Network]\\nAddress=%s\\nGateway=%s\\n' "$3" "$4" > root/etc/systemd/network/10.network
ln -s /lib/systemd/system/systemd-networkd.service root/etc/systemd/system/multi-user.target.wants/
echo '/dev/vda / ext4 defaults 0 1' > root/etc/fstab
echo stock > root/etc/hostname
mkdir root/srv/www
echo 'the old system' > root/srv/www/index.html
printf '[Service]\\nExecStart=/bin/busybox httpd -f -p 80 -h /srv/www\\n' > root/etc/systemd/system/www.service
ln -s ../www.service root/etc/systemd/system/multi-user.target.wants/
truncate -s "$5" disk.img
mke2fs -q -t ext4 -F -d root disk.img
rm -r root
`;

/** A server at a hoster: its disk, and a machine that starts from it whatever is on it. */
export interface StockServer {
	/** Further arguments of ssh that let root in, and admin, who has sudo. */
	sshOptions: string[];
	/** The file with the public key that they use. */
	publicKey: string;
	/** Image of the second disk, if there is one. */
	otherDisk: string;
	/** All console output of every boot, in order. */
	consoles: string[];
	stop(): Promise<void>;
}

/**
 * Starts a stock Debian server. When its guest reboots, a fresh QEMU starts, since one that has rebooted is slow
 * for minutes: from the disk's boot sector when there is one, else the stock system.
 * @param options.disk its size, for truncate(1).
 */
export async function stockServer(options: {
	address: string;
	ports: readonly { host: number; guest: number }[];
	disk: string;
	/** Size of a second disk; none without it. */
	otherDisk?: string;
	/** MiB */
	memory: number;
	/** Whether that boot, counted from 0, is by EFI. */
	efi?: (boot: number) => boolean;
}): Promise<StockServer> {
	const folder = await mkdtemp(join(tmpdir(), "dock0-stock-"));
	const key = join(folder, "key");
	await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
	await runInNamespace("sh", [
		...["-c", setUp, "sh", folder, await stockSystem()],
		...[stockNetwork.address, stockNetwork.router, options.disk],
	]);
	const disk = join(folder, "disk.img");
	const otherDisk = join(folder, "other.img");
	if (options.otherDisk)
		await run("truncate", ["-s", options.otherDisk, otherDisk]);
	const consoles: string[] = [];
	let current: RunningVm | undefined;
	let stopped = false;

	async function boot(): Promise<RunningVm> {
		const direct = await hasBootSector(disk);
		const efi = options.efi?.(consoles.length)
			? await efiFirmware(join(folder, "efi-variables"))
			: undefined;
		const vm = await bootVm({
			name: `stock-${process.pid}-${consoles.length}`,
			machine: {
				...(direct
					? {}
					: {
							kernel: join(folder, "vmlinuz"),
							initrd: join(folder, "initrd"),
							cmdline: "root=/dev/vda rw console=ttyS0 net.ifnames=0",
						}),
				...(efi ? { efi } : {}),
				drives: [disk, ...(options.otherDisk ? [otherDisk] : [])].map(
					(file) => ({ file, format: "raw" }),
				),
				memory: options.memory,
				cpus: 2,
				accelerator: "tcg",
				reboot: false,
				ports: options.ports.map((port) => ({
					...port,
					address: options.address,
					protocol: "tcp",
				})),
			},
		});
		const index = consoles.push("") - 1;
		vm.console.onOutput((chunk) => {
			consoles[index] += Buffer.from(chunk).toString("utf8");
		});
		return vm;
	}

	const running = (async () => {
		while (!stopped) {
			current = await boot();
			await current.waitExit();
		}
	})();
	running.catch((error: unknown) => consoles.push(String(error)));
	return {
		consoles,
		otherDisk,
		publicKey: `${key}.pub`,
		sshOptions: [
			...["-i", key, "-o", "StrictHostKeyChecking=no"],
			...["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"],
			// An emulated processor may be slow.
			...["-o", "ConnectTimeout=60"],
		],
		async stop() {
			stopped = true;
			await current?.kill();
			await running.catch(() => undefined);
			await rm(folder, { recursive: true, force: true });
		},
	};
}

async function hasBootSector(disk: string): Promise<boolean> {
	const file = await open(disk);
	try {
		const { buffer } = await file.read(Buffer.alloc(512), 0, 512, 0);
		return buffer.readUInt16BE(510) === 0x55aa;
	} finally {
		await file.close();
	}
}
