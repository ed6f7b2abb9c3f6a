import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { toolClosure } from "../../../src/initramfs/tool-closure.ts";
import { run } from "../../../src/system/process.ts";
import { stockSystem } from "./stock-server.ts";

/** Lines of a tiny root's init that start it, with all of busybox's programs for who logs in, and a way out. */
export const startSshServer = `/bin/busybox --install -s /bin
ip route add default via 10.0.2.2
mkdir -p /run/sshd /var/tmp /root
mount -t tmpfs -o size=60% tmpfs /var/tmp
/bin/sshd -f /dev/null -o HostKey=/etc/ssh/key -o AuthorizedKeysFile=/etc/ssh/admitted -o StrictModes=no
`;

/**
 * Puts the stock system's ssh server into the tree of a tiny root, which has busybox and no package of its own.
 * @param publicKey file with the key that lets root in.
 */
export async function addSshServer(
	tree: string,
	publicKey: string,
): Promise<void> {
	const stock = await mkdtemp(join(tmpdir(), "dock0-sshd-"));
	try {
		await run("tar", [
			...["-xf", await stockSystem(), "-C", stock, "--no-same-owner"],
			...["./usr/sbin/sshd", "./usr/lib/x86_64-linux-gnu", "./lib", "./lib64"],
			"./usr/lib64",
		]);
		for (const { path, source } of await toolClosure(stock, ["sshd"])) {
			await mkdir(dirname(join(tree, path)), { recursive: true });
			await copyFile(source, join(tree, path));
		}
	} finally {
		await rm(stock, { recursive: true, force: true });
	}
	const folder = join(tree, "etc/ssh");
	await mkdir(folder, { recursive: true });
	await copyFile(publicKey, join(folder, "admitted"));
	await run("ssh-keygen", [
		...["-q", "-t", "ed25519", "-N", "", "-f", join(folder, "key")],
	]);
	await writeFile(
		join(tree, "etc/passwd"),
		"root:*:0:0::/root:/bin/sh\nsshd:*:100:100::/run/sshd:/bin/false\n",
	);
	await writeFile(join(tree, "etc/group"), "root:x:0:\nsshd:x:100:\n");
}
