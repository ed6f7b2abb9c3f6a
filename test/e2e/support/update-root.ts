import {
	chmod,
	copyFile,
	cp,
	mkdir,
	realpath,
	symlink,
	writeFile,
} from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { run } from "../../../src/system/process.ts";
import { findTool } from "../../../src/system/tools.ts";
import { checkout } from "./dock0.ts";
import { hostBusybox } from "./tiny-root.ts";

/** What the update agent calls, as Debian has it, and a database whose rows can be counted. */
const programs =
	"dash openssl sqlite3 dd sort sync sha256sum head tail cmp flock blkid blockdev sed grep tr mawk mktemp mkfifo truncate tee wc stat rm mkdir mv cat readlink".split(
		" ",
	);
const applets = "mount umount ls sleep poweroff stty setsid touch cp".split(
	" ",
);

/**
 * Starts the database, and what is expected of a host: on trial it confirms, or gives up when it was built to.
 * Then a shell on the serial console (support/guest.ts).
 */
const init = `#!/bin/sh
export PATH=/bin HOME=/
[ ! -e /etc/hangs ] || while :; do sleep 60; done
[ ! -e /etc/panics ] || echo c >/proc/sysrq-trigger
db=/var/lib/app/db
sqlite3 $db 'create table if not exists rows (n integer primary key, text)'
echo
echo "VERSION $(cat /etc/version) $(grep -o 'dock0.trial' /proc/cmdline) END"
echo "ROWS $(sqlite3 $db 'select count(*) from rows') $(sqlite3 $db 'pragma integrity_check' | head -n 1) END"
dock0-update status
if grep -q dock0.trial /proc/cmdline; then
	if [ -e /etc/broken ]; then
		dock0-update fail "$(cat /etc/broken)"
		reboot
	fi
	dock0-update confirm
fi
# writes rows until it is stopped, and says so once each is committed; only synchronous=extra makes the end of the journal durable, too
cat >/run/writer <<'END'
n=$(sqlite3 /var/lib/app/db 'select count(*) from rows')
while :; do
	n=$((n + 1))
	sqlite3 /var/lib/app/db "pragma synchronous = extra; insert into rows values ($n, 'row $n')" || break
	echo "COMMITTED $n"
done
END
setsid dash -c 'stty -echo -onlcr; echo E2E-SHELL; PS1= PS2= exec dash' </dev/ttyS0 >/dev/ttyS0 2>&1
sync
poweroff -f
`;

export interface UpdateRootOptions {
	version: string;
	/** Public key files. */
	trust: readonly string[];
	/** `broken`, `hangs` or `panics` with a text, and whatever else the root should have, by name in /etc. */
	etc?: Readonly<Record<string, string>>;
}

/** The folder tree of a small root with the shipped update agent, which tells its version and database when it boots. */
export async function makeUpdateRoot(
	folder: string,
	options: UpdateRootOptions,
): Promise<void> {
	for (const path of [
		...["bin", "sbin", "lib", "lib64", "proc", "sys", "dev", "run", "tmp"],
		...["etc", "usr/lib/dock0/keys.d", "var/lib/app", "var/lib/dock0"],
	])
		await mkdir(join(folder, path), { recursive: true });
	const texts: Record<string, string> = {
		"sbin/init": init,
		"etc/version": `${options.version}\n`,
		"etc/passwd": "root:x:0:0:root:/:/bin/sh\n",
		"etc/machine-id": "uninitialized\n",
		"usr/lib/dock0/state-paths": "/var/lib/app\n/var/lib/dock0\n",
		"usr/lib/dock0/update.conf": "tries=2\nhealth_timeout=60\nurl=''\n",
	};
	for (const [path, text] of Object.entries(texts))
		await writeFile(join(folder, path), text);
	for (const [name, text] of Object.entries(options.etc ?? {}))
		await writeFile(join(folder, "etc", name), text);
	await chmod(join(folder, "sbin/init"), 0o755);
	for (const key of options.trust)
		await copyFile(key, join(folder, "usr/lib/dock0/keys.d", basename(key)));
	await cp(
		checkout("profiles/base/usr/lib/dock0/update"),
		join(folder, "usr/lib/dock0/update"),
		{ recursive: true },
	);
	await copyFile(
		checkout("profiles/base/usr/bin/dock0-update"),
		join(folder, "bin/dock0-update"),
	);
	await copyFile(hostBusybox, join(folder, "bin/busybox"));
	for (const applet of applets)
		await symlink("busybox", join(folder, "bin", applet));
	// The init here is a script, which nobody can ask to reboot.
	const reboot = join(folder, "bin/reboot");
	await writeFile(reboot, "#!/bin/sh\nsync\nexec busybox reboot -f\n");
	await chmod(reboot, 0o755);
	await copyPrograms(folder);
	await symlink("dash", join(folder, "bin/sh"));
	await symlink("mawk", join(folder, "bin/awk"));
}

/** Copies programs of this machine with the libraries that ldd(1) names. */
async function copyPrograms(folder: string): Promise<void> {
	const libraries = new Set<string>();
	for (const name of programs) {
		const path = findTool(name);
		if (!path) throw new Error(`this machine has no ${name}`);
		await copyFile(path, join(folder, "bin", name));
		const { stdout } = await run("ldd", [path], { okExitCodes: [0, 1] });
		for (const [library] of stdout.matchAll(/\/lib\S+/g))
			libraries.add(library);
	}
	for (const library of libraries) {
		const target = join(folder, library.replace(/^\/usr/, ""));
		await mkdir(dirname(target), { recursive: true });
		await copyFile(await realpath(library), target);
	}
}
