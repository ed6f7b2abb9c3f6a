import { readFileSync } from "node:fs";
import { stepFailure } from "../../system/errors.ts";
import { resolveInTree } from "./tree-path.ts";

export interface Ids {
	uid: number;
	gid: number;
}

/**
 * Numbers for `user` or `user:group`, from the tree's own passwd(5) and group(5). Without a group, the
 * user's own is taken; for a number, the same number.
 * @throws ExpectedError (exit code 1) when the tree knows no such name.
 */
export function ownerIds(tree: string, owner: string): Ids {
	const [user = "", group] = owner.split(":");
	const record = /^\d+$/.test(user) ? undefined : find(tree, "passwd", user);
	const uid = record ? Number(record[2]) : Number(user);
	if (group === undefined)
		return { uid, gid: record ? Number(record[3]) : uid };
	return {
		uid,
		gid: /^\d+$/.test(group)
			? Number(group)
			: Number(find(tree, "group", group)[2]),
	};
}

function find(tree: string, file: "passwd" | "group", name: string): string[] {
	const kind = file === "passwd" ? "user" : "group";
	let text = "";
	try {
		text = readFileSync(
			resolveInTree(tree, `/etc/${file}`, { follow: true }),
			"utf8",
		);
	} catch {
		// a tree without accounts knows no names
	}
	for (const line of text.split("\n")) {
		const fields = line.split(":");
		if (fields[0] === name) return fields;
	}
	throw stepFailure({
		code: "OWNER_UNKNOWN",
		message: `the root file system has no ${kind} '${name}'`,
		hint: `make the ${kind} by a package or sysusers.d, or give its number`,
	});
}
