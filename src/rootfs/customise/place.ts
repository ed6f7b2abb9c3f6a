import {
	chmod,
	copyFile,
	lchown,
	lutimes,
	mkdir,
	rm,
	symlink,
	writeFile,
} from "node:fs/promises";
import { dirname } from "node:path";
import { stepFailure } from "../../system/errors.ts";
import type { Ids } from "./owners.ts";
import { look, resolveInTree } from "./tree-path.ts";

/** Where files go, and the time they get (seconds since 1970). */
export interface Destination {
	tree: string;
	epoch: number;
}

export interface FileAttributes {
	mode: number;
	owner: Ids;
}

export const rootOwner: Ids = { uid: 0, gid: 0 };

/** Makes the folder `path` of the tree and those above it; existing ones stay as they are. */
export async function placeFolder(
	to: Destination,
	path: string,
	attributes: FileAttributes = { mode: 0o755, owner: rootOwner },
): Promise<void> {
	const real = resolveInTree(to.tree, path, { follow: true });
	const stats = look(real);
	if (stats?.isDirectory()) return;
	if (stats) throw notAFolder(path);
	const parent = dirname(path);
	if (parent !== path) await placeFolder(to, parent);
	await mkdir(real);
	await finish(to, real, attributes);
}

/** Writes or copies a file; a file or link in its place is replaced, a folder is not. */
export async function placeFile(
	to: Destination,
	path: string,
	content: { bytes: string | Uint8Array } | { copyOf: string },
	attributes: FileAttributes,
): Promise<void> {
	const real = await makeRoom(to, path);
	if ("copyOf" in content) await copyFile(content.copyOf, real);
	else await writeFile(real, content.bytes);
	await finish(to, real, attributes);
}

/** Makes a symbolic link; a file or link in its place is replaced, a folder is not. */
export async function placeLink(
	to: Destination,
	path: string,
	target: string,
): Promise<void> {
	const real = await makeRoom(to, path);
	await symlink(target, real);
	await lchown(real, rootOwner.uid, rootOwner.gid);
	await lutimes(real, to.epoch, to.epoch);
}

async function makeRoom(to: Destination, path: string): Promise<string> {
	// Before anything is made, and so that the message has the whole path.
	resolveInTree(to.tree, path);
	await placeFolder(to, dirname(path));
	const real = resolveInTree(to.tree, path);
	if (look(real)?.isDirectory())
		throw stepFailure({
			code: "ROOTFS_FOLDER_IN_PLACE",
			message: `${path} is a folder in the root file system, and a file should take its place`,
			hint: "remove the folder in a rootfs script, or name the file otherwise",
		});
	await rm(real, { force: true });
	return real;
}

async function finish(
	to: Destination,
	real: string,
	{ mode, owner }: FileAttributes,
): Promise<void> {
	await lchown(real, owner.uid, owner.gid);
	// After the owner: chown(2) clears the set-user-ID bit.
	await chmod(real, mode);
	await lutimes(real, to.epoch, to.epoch);
}

function notAFolder(path: string) {
	return stepFailure({
		code: "ROOTFS_FILE_IN_PLACE",
		message: `${path} is a file in the root file system, and a folder should take its place`,
		hint: "remove the file in a rootfs script, or name the folder otherwise",
	});
}
