import { chmod, lchown, readdir } from "node:fs/promises";
import { join } from "node:path";
import { stepFailure } from "../../system/errors.ts";
import type { PermissionSettings } from "../schema.ts";
import { exactGlobMatcher, isGlob } from "./glob.ts";
import { ownerIds } from "./owners.ts";
import { look, resolveInTree } from "./tree-path.ts";

/**
 * Sets modes and owners of the paths that each entry names, later entries over earlier ones. A path that
 * names a folder means the folder alone; `FOLDER/**` means what is in it.
 * @throws ExpectedError (exit code 1) when an entry names nothing, or an unknown owner.
 */
export async function applyPermissions(
	tree: string,
	permissions: readonly PermissionSettings[],
): Promise<void> {
	for (const { path, mode, owner } of permissions) {
		const paths = await namedPaths(tree, path);
		if (paths.length === 0)
			throw stepFailure({
				code: "PERMISSION_NO_PATH",
				message: `rootfs.permissions names '${path}', and the root file system has no such path`,
			});
		const ids = owner === undefined ? undefined : ownerIds(tree, owner);
		for (const real of paths) {
			const stats = look(real);
			if (ids) await lchown(real, ids.uid, ids.gid);
			// Links have no mode of their own, and chown(2) clears set-user-ID bits.
			if (stats?.isSymbolicLink()) continue;
			const bits = mode
				? Number.parseInt(mode, 8)
				: stats && stats.mode & 0o7777;
			if (bits !== undefined) await chmod(real, bits);
		}
	}
}

async function namedPaths(tree: string, pattern: string): Promise<string[]> {
	if (!isGlob(pattern)) {
		const real = resolveInTree(tree, pattern);
		return look(real) ? [real] : [];
	}
	const matches = exactGlobMatcher(pattern);
	const fixed = pattern.slice(0, pattern.search(/[*?[{\\]/));
	const start = fixed.slice(0, fixed.lastIndexOf("/"));
	const found: string[] = [];
	const visit = async (folder: string, path: string): Promise<void> => {
		for (const entry of await readdir(folder, { withFileTypes: true })) {
			const real = join(folder, entry.name);
			const inner = `${path}/${entry.name}`;
			if (matches(inner)) found.push(real);
			if (entry.isDirectory()) await visit(real, inner);
		}
	};
	const folder = resolveInTree(tree, start, { follow: true });
	if (look(folder)?.isDirectory()) await visit(folder, start);
	return found;
}
