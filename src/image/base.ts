import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
	type AnyStep,
	defineStep,
	type Json,
	type Step,
} from "../plan/step.ts";
import { listTreeScript } from "../system/tree-listing.ts";
import { inMemoryScript, memoryForTree } from "../system/tree-memory.ts";
import { addModulesScript, unpackTarScript } from "./root-tree.ts";
import type { SquashfsSettings } from "./schema.ts";
import { mksquashfsArguments, readableMetadata } from "./squashfs.ts";

/** What no root keeps of what the packages brought. */
export interface Trimming {
	/** Decides, as data. */
	patterns: Json;
	/** Of a tree's entries (absolute paths): files to remove, and folders to remove if they are empty then, inner ones first. Pure. */
	of(entries: readonly { path: string; isFolder: boolean }[]): {
		files: string[];
		folders: string[];
	};
}

export type BaseImageStep = Step<"squashfs" | "listing" | "hashes" | "library">;

/**
 * Packs what changes seldom, the packages' tree without what gets trimmed and with the kernel's modules, as a
 * squashfs with readable metadata (splice/), and lists it. `library` says where the modules went, `lib` or
 * `usr/lib`.
 */
export function baseImageStep(parts: {
	/** The step that leaves `rootfs.tar`. */
	packages: AnyStep;
	kernel: Step<"modules" | "vmlinuz" | "version">;
	trim: Trimming;
	settings: SquashfsSettings;
	/** Seconds since 1970. */
	epoch: number;
}): BaseImageStep {
	const { packages, kernel, trim, settings, epoch } = parts;
	// Checked here already: a bad level is bad input, not a failed step.
	mksquashfsArguments("", "", settings, epoch);
	return defineStep({
		name: "image/base",
		title: `packing the packages with ${settings.compression}`,
		version: 2,
		needs: { packages, kernel },
		inputs: {
			values: { settings, trim: trim.patterns, epoch },
			tools: ["mksquashfs", "tar"],
		},
		outputs: ["squashfs", "listing", "hashes", "library"],
		async run({ out, temp, needs, run, runInNamespace }) {
			const tar = join(needs.packages, "rootfs.tar");
			const { stdout } = await run(
				"tar",
				["--list", "--file", tar, "--quoting-style=escape"],
				// All that is not ASCII is escaped then.
				{ env: { LC_ALL: "C" }, onLine: () => {} },
			);
			const { files, folders } = trim.of(
				stdout.split("\n").filter(Boolean).map(entryOf),
			);
			const list = (paths: string[]) =>
				paths.map((path) => `.${path}\0`).join("");
			await writeFile(join(temp, "files"), list(files));
			await writeFile(join(temp, "folders"), list(folders));
			const tree = join(temp, "tree");
			const script = [
				"set -eu",
				"tree=$1 tar=$2 modules=$3 lists=$4 out=$5 memory=$6; shift 6",
				inMemoryScript,
				unpackTarScript,
				addModulesScript,
				listTreeScript,
				'in_memory "$tree" "$memory"; unpack_tar "$tar" "$tree"',
				'(cd "$tree"; xargs -0 -r rm -f -- <"$lists/files"; xargs -0 -r rmdir --ignore-fail-on-non-empty -- <"$lists/folders")',
				'add_modules "$modules" "$tree" >"$out/library"',
				// Beside the packer, while the tree is in memory anyway.
				'list_tree "$tree" "$out/listing" "$out/hashes" & listed=$!; "$@"; wait "$listed"',
			].join("\n");
			await runInNamespace("sh", [
				"-c",
				script,
				"sh",
				tree,
				tar,
				join(needs.kernel, "modules"),
				temp,
				out,
				String(memoryForTree(tar)),
				"mksquashfs",
				...mksquashfsArguments(tree, join(out, "squashfs"), settings, epoch),
				...readableMetadata,
			]);
		},
	});
}

/** An entry from a line of `tar --list --quoting-style=escape`: `./path`, a folder with a slash at its end. */
function entryOf(line: string) {
	const path = unescaped(line).replace(/^\.(?=\/)/, "");
	const isFolder = path.endsWith("/");
	return { path: isFolder ? path.slice(0, -1) : path, isFolder };
}

const escapes: Readonly<Record<string, string>> = {
	a: "\x07",
	b: "\b",
	f: "\f",
	n: "\n",
	r: "\r",
	t: "\t",
	v: "\v",
};

/** Takes back the quoting as in C, with octal numbers for bytes. */
function unescaped(text: string): string {
	const bytes = text.replace(/\\([0-7]{3}|.)/g, (_, code: string) =>
		code.length === 3
			? String.fromCharCode(Number.parseInt(code, 8))
			: (escapes[code] ?? code),
	);
	return Buffer.from(bytes, "latin1").toString();
}
