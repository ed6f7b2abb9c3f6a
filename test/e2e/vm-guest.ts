import {
	chmod,
	copyFile,
	mkdir,
	mkdtemp,
	readdir,
	rm,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { run } from "../../src/system/process.ts";
import { requireTool } from "../../src/system/tools.ts";
import { debianKernel } from "./support/debian-kernel.ts";

/** A real kernel with the smallest guest that can do what the VM tests ask for. */
export interface TestGuest {
	kernel: string;
	initramfs: string;
}

/** In the order in which they can be loaded, each after what it needs. */
const modules = [
	"virtio_ring",
	"virtio",
	"virtio_pci_modern_dev",
	"virtio_pci_legacy_dev",
	"virtio_pci",
	"virtio_console",
	"failover",
	"net_failover",
	"virtio_net",
	"virtio_blk",
	"button",
	"evdev",
];

/**
 * Serves HTTP on port 80, says READY, gives a prompt that repeats what is typed, and answers the power button.
 * With the kernel parameter `test.panic` it dies at once, and with `test.silent` it does not say READY.
 */
const init = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in ${modules.join(" ")}; do insmod /modules/$module.ko; done
case "$(cat /proc/cmdline)" in *test.panic*) exit 3;; esac
for disk in /sys/block/vd*; do
	[ -e $disk ] && echo "disk \${disk##*/} $(cat $disk/serial) $(cat $disk/ro)"
done
[ -e /dev/vdb ] && mount -t ext4 /dev/vdb /mnt && echo x > /mnt/file && umount /mnt && echo "state disk mounted and written"
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
echo "hello from the guest" > /www/index.html
httpd -h /www
acpid -l /dev/null
case "$(cat /proc/cmdline)" in *test.silent*) ;; *)
	for port in /sys/class/virtio-ports/*; do
		[ "$(cat $port/name)" = dock0.ready ] && echo READY > /dev/\${port##*/}
	done
esac
echo "guest is up"
while printf 'guest> ' && read -r line; do echo "you said: $line"; done
exec sleep 1000000
`;

/** Packs a busybox initramfs for Debian's cloud kernel into `folder`. */
export async function testGuest(folder: string): Promise<TestGuest> {
	const { image, root, version } = await debianKernel();
	const initramfs = join(folder, "initramfs");
	await packInitramfs(join(root, "lib", "modules", version), initramfs);
	return { kernel: image, initramfs };
}

async function packInitramfs(
	modulesFolder: string,
	target: string,
): Promise<void> {
	const root = await mkdtemp(join(tmpdir(), "dock0-test-initramfs-"));
	try {
		for (const folder of ["bin", "modules", "proc", "sys", "dev", "www", "mnt"])
			await mkdir(join(root, folder));
		await mkdir(join(root, "etc", "acpi", "PWRF"), { recursive: true });
		await copyFile(requireTool("busybox"), join(root, "bin", "busybox"));
		const files = await readdir(modulesFolder, { recursive: true });
		for (const module of modules) {
			const file = files.find((path) => basename(path) === `${module}.ko`);
			if (!file) throw new Error(`no module ${module}`);
			await copyFile(
				join(modulesFolder, file),
				join(root, "modules", basename(file)),
			);
		}
		await script(join(root, "init"), init);
		// busybox acpid runs etc/acpi/PWRF/00000080 for the power button
		await script(
			join(root, "etc", "acpi", "PWRF", "00000080"),
			"#!/bin/sh\necho power button > /dev/console\npoweroff -f\n",
		);
		await run(
			"sh",
			[
				"-c",
				'find . | cpio --quiet -o -H newc | gzip -1 > "$1.tmp" && mv "$1.tmp" "$1"',
				"sh",
				target,
			],
			{ cwd: root },
		);
	} finally {
		await rm(root, { recursive: true });
	}
}

async function script(path: string, text: string): Promise<void> {
	await writeFile(path, text);
	await chmod(path, 0o755);
}
