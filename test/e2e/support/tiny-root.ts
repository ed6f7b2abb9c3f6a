import {
	chmod,
	copyFile,
	mkdir,
	symlink,
	truncate,
	writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "../../../src/system/process.ts";

/** The busybox of the host, static on Debian (package busybox-static). */
export const hostBusybox = "/bin/busybox";

const init = `#!/bin/busybox sh
# Says what the machine looks like, one FACT name=value a line, then switches it off.
export PATH=/bin
fact() { echo "FACT $1=$2"; }
echo
sed 's/^/FACT info./' /run/dock0/boot-info
while read -r device at type options _; do
	fact "mount.$at" "$device $type $options"
done < /proc/mounts
for file in /etc/order /etc/only-one /etc/only-two /etc/only-root /etc/machine-id /var/lib/app/content /var/lib/app/boots; do
	[ -f $file ] && fact "file.$file" "$(cat $file)"
done
for path in /var/lib/app /var/lib /missing/made; do
	fact "stat.$path" "$(stat -c '%a %u:%g' $path 2> /dev/null)"
done
fact boots "$(wc -l < /var/lib/app/boots 2> /dev/null)"
echo boot >> /var/lib/app/boots
echo changed 2> /dev/null > /etc/written && fact write.etc yes || fact write.etc no
echo changed 2> /dev/null > /run/dock0/root/etc/written && fact write.root yes || fact write.root no
fact cmdline "$(cat /proc/cmdline)"
fact args "$*"
fact modules "$(sed 's/ .*//' /proc/modules 2> /dev/null | tr '\\n' ' ')"
fact pid $$
fact leftover "$(ls -d /lib/dock0/modules.list 2> /dev/null)"
sync
umount /var/lib/app 2> /dev/null
echo FACTS-END
busybox stty sane < /dev/console # waits until all of that is out
poweroff -f
`;

/** The folder tree of a root file system that boots, tells facts (see `factsOf`) and powers off. */
export async function makeTinyRoot(folder: string): Promise<void> {
	const files: Record<string, string> = {
		"sbin/init": init,
		"sbin/broken": "#!/no/such/shell\n",
		"etc/order": "root",
		"etc/only-root": "root",
		"etc/machine-id": "uninitialized\n",
		"var/lib/app/content": "from the image",
		"usr/lib/dock0/state-paths":
			"# what the host keeps\n/var/lib/app\n/missing/made\nrelative\n",
	};
	for (const [path, content] of Object.entries(files)) {
		await mkdir(dirname(join(folder, path)), { recursive: true });
		await writeFile(join(folder, path), content);
	}
	for (const path of ["sbin/init", "sbin/broken"])
		await chmod(join(folder, path), 0o755);
	for (const path of ["bin", "proc", "sys", "dev", "run", "tmp"])
		await mkdir(join(folder, path), { recursive: true });
	await copyFile(hostBusybox, join(folder, "bin/busybox"));
	await chmod(join(folder, "bin/busybox"), 0o755);
	const applets = "sh sed tr cat stat wc ls sync umount poweroff".split(" ");
	for (const applet of applets)
		await symlink("busybox", join(folder, "bin", applet));
}

/** A small further layer: just files under /etc. */
export async function makeLayer(
	folder: string,
	files: Readonly<Record<string, string>>,
): Promise<void> {
	await mkdir(join(folder, "etc"), { recursive: true });
	for (const [name, content] of Object.entries(files))
		await writeFile(join(folder, "etc", name), content);
}

/** Squashes `tree`; a /var/lib/app in it gets mode 0750 and owner 33:44. */
export async function squash(tree: string, file: string): Promise<void> {
	await run("mksquashfs", [
		...[tree, file, "-noappend", "-no-progress"],
		...["-p", "var/lib/app m 750 33 44"],
	]);
}

/** Writes a partition table by an sfdisk(8) script and fills each partition with a file's content. */
export async function makeDisk(
	disk: string,
	sizeMiB: number,
	table: string,
	contents: readonly { startMiB: number; file: string }[],
): Promise<void> {
	await writeFile(disk, "");
	await truncate(disk, sizeMiB * 1024 * 1024);
	await run("sfdisk", ["-q", disk], { input: table });
	for (const { startMiB, file } of contents)
		await run("dd", [
			...[`if=${file}`, `of=${disk}`, "bs=1M", `seek=${startMiB}`],
			...["conv=notrunc", "status=none"],
		]);
}

/** The FACT lines of a guest's output. */
export function factsOf(output: string): Record<string, string> {
	const facts: Record<string, string> = {};
	for (const line of output.split("\n")) {
		const match = /^FACT ([^=]+)=(.*)$/.exec(line);
		if (match?.[1]) facts[match[1]] = match[2] ?? "";
	}
	return facts;
}
