import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { environment } from "../../../src/system/environment.ts";
import { run } from "../../../src/system/process.ts";

/** An unpacked Debian kernel with depmod's files. */
export interface DebianKernel {
	version: string;
	/** Path of the bzImage. */
	image: string;
	/** Holds lib/modules/VERSION. */
	root: string;
}

/** Downloads the host's own Debian cloud kernel by apt, once; later calls find it in the cache. */
export async function debianKernel(): Promise<DebianKernel> {
	const { stdout } = await run("apt-cache", [
		"depends",
		"linux-image-cloud-amd64",
	]);
	const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1];
	if (!name) throw new Error(`apt knows no cloud kernel:\n${stdout}`);
	const folder = join(environment().cacheDir, "test-kernel", name);
	const found = await unpacked(folder);
	if (found) return found;
	const temporary = `${folder}.tmp-${process.pid}`;
	try {
		await mkdir(join(temporary, "root"), { recursive: true });
		await run("apt-get", ["download", name], { cwd: temporary });
		const [file] = (await readdir(temporary)).filter((one) =>
			one.endsWith(".deb"),
		);
		await run("dpkg-deb", [
			"-x",
			join(temporary, file ?? ""),
			join(temporary, "root"),
		]);
		const version = name.replace("linux-image-", "");
		await run("depmod", ["-b", join(temporary, "root"), version]);
		await rm(folder, { recursive: true, force: true });
		await rename(temporary, folder);
	} finally {
		await rm(temporary, { recursive: true, force: true });
	}
	const made = await unpacked(folder);
	if (!made) throw new Error(`${name} holds no kernel`);
	return made;
}

async function unpacked(folder: string): Promise<DebianKernel | undefined> {
	const root = join(folder, "root");
	const [version] = await readdir(join(root, "lib/modules")).catch(
		(): string[] => [],
	);
	return version
		? { version, root, image: join(root, "boot", `vmlinuz-${version}`) }
		: undefined;
}
