import { chmod, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
	type DiskOptions,
	writeRawDisk,
} from "../../../src/image/disk/write-disk.ts";
import { run } from "../../../src/system/process.ts";
import { addSshServer, startSshServer } from "./ssh-server.ts";
import { diskSettings, tinyDiskParts } from "./tiny-disk.ts";
import { makeTinyRoot, squash } from "./tiny-root.ts";

/** Answers on port 80 with what it is and how often a host with this state has started. */
const init = (
	word: string,
	serves: boolean,
	more: string,
): string => `#!/bin/busybox sh
export PATH=/bin
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
echo boot >> /var/lib/app/boots
mkdir -p /run/www
echo "${word} $(wc -l < /var/lib/app/boots)" > /run/www/index.html
${serves ? "httpd -p 80 -h /run/www" : "echo does not serve"}
${more}echo "tiny server ${word}"
sync
exec sleep 1000000
`;

/**
 * What all tiny servers have in common; their kernel module for the network is in the initramfs. Slots are no larger
 * than they must be, since an emulated installer writes and reads them whole.
 */
export const tinyServerParts = (folder: string): Promise<DiskOptions> =>
	tinyDiskParts(folder, diskSettings({ slotSize: "32M" }), ["virtio_net"]);

/**
 * Writes a gzipped disk image of a real dock0 host, as small as it gets: kernel, initramfs, squashed root,
 * boot loader; its state lies on the second disk, as profile dock0/linode has it.
 */
export async function tinyServer(
	folder: string,
	parts: DiskOptions,
	options: {
		word: string;
		serves?: boolean;
		/** Its state lies on the same disk. */
		oneDisk?: boolean;
		/** File with the public key that lets root in by ssh; without it there is no ssh server. */
		sshKey?: string;
	},
): Promise<string> {
	const tree = join(folder, "server-root");
	await makeTinyRoot(tree);
	await writeFile(
		join(tree, "sbin/init"),
		init(
			options.word,
			options.serves ?? true,
			options.sshKey === undefined ? "" : startSshServer,
		),
	);
	await chmod(join(tree, "sbin/init"), 0o755);
	for (const applet of ["ip", "httpd", "sleep", "mkdir"])
		await symlink("busybox", join(tree, "bin", applet));
	if (options.sshKey !== undefined) await addSshServer(tree, options.sshKey);
	const root = join(folder, "server.squashfs");
	await squash(tree, root);
	const raw = join(folder, "server.img");
	await writeRawDisk(raw, {
		...parts,
		release: {
			...parts.release,
			root,
			name: "web1",
			cmdline: `console=ttyS0 quiet panic=-1 net.ifnames=0${options.oneDisk ? "" : " dock0.state.disk=SCSI=2"}`,
		},
	});
	const file = `${raw}.gz`;
	await run("gzip", ["-1", "-c", raw], { stdoutFile: file });
	return file;
}
