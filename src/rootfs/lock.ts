import * as z from "zod";
import type { PackageFile } from "./backend.ts";
import type { RootfsSettings } from "./schema.ts";

const fileSchema = z.strictObject({
	name: z.string().min(1),
	version: z.string().min(1),
	arch: z.string().min(1),
	repository: z.string().optional(),
	// It becomes part of paths and URLs.
	file: z.string().regex(/^(?!.*(^|\/)\.\.?(\/|$))[^/].*$/, "a relative path"),
	sha256: z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 is 64 hex digits"),
	bytes: z.int().min(0),
});

const filesSchema = z.array(fileSchema);

/** The lock of a project: the exact packages that its builds install and unpack. */
export const lockSchema = z.strictObject({
	/** Counts incompatible changes of this file. */
	format: z.literal(1),
	/** What the packages were chosen for; another request makes the lock stale. */
	request: z.strictObject({
		backend: z.enum(["debian", "arch"]),
		suite: z.string().optional(),
		variant: z.string().optional(),
		architecture: z.string().optional(),
		packages: z.array(z.string()),
	}),
	/** What is installed into the root. */
	root: filesSchema,
	/** What single steps unpack, by the name that they ask for. */
	unpacked: z.record(z.string(), filesSchema),
	/** The same from the build host's own distribution, which compiles the kernel. */
	host: z.record(z.string(), filesSchema).default({}),
});

export type Lock = z.output<typeof lockSchema>;

/** What a config asks for, in the form that a lock keeps. */
export function lockRequest(settings: RootfsSettings): Lock["request"] {
	const { backend, packages, debian, arch } = settings;
	return {
		backend,
		...(backend === "debian"
			? { suite: debian.suite, variant: debian.variant }
			: { architecture: arch.architecture }),
		packages: [...new Set(packages)].sort(),
	};
}

/** Without what the maintainer says. */
export function fileOf(origin: PackageFile): PackageFile {
	const { name, version, arch, repository, file, sha256, bytes } = origin;
	return {
		name,
		version,
		arch,
		...(repository === undefined ? {} : { repository }),
		file,
		sha256,
		bytes,
	};
}

/** A list of files as one text; equal for equal lists. */
export function formatFiles(files: readonly PackageFile[]): string {
	return files.map((file) => JSON.stringify(fileOf(file))).join("\n");
}

/** The lock as JSON with one package a line, so that diffs say what has changed. */
export function formatLock(lock: Lock): string {
	const list = (files: readonly PackageFile[], indent: string): string =>
		files.length === 0
			? "[]"
			: `[\n${files.map((file) => `${indent}\t${JSON.stringify(file)}`).join(",\n")}\n${indent}]`;
	const lists = (map: Lock["unpacked"]): string => {
		const names = Object.keys(map).sort();
		return names.length === 0
			? "{}"
			: `{\n${names.map((name) => `\t\t${JSON.stringify(name)}: ${list(map[name] ?? [], "\t\t")}`).join(",\n")}\n\t}`;
	};
	const request = JSON.stringify(lock.request, undefined, "\t").replaceAll(
		"\n",
		"\n\t",
	);
	return `{
	"format": 1,
	"request": ${request},
	"root": ${list(lock.root, "\t")},
	"unpacked": ${lists(lock.unpacked)},
	"host": ${lists(lock.host)}
}
`;
}

/** Differences between two locks in words, `name old -> new`; sorted. */
export function compareLocks(before: Lock | undefined, now: Lock): string[] {
	const [old, fresh] = [versions(before), versions(now)];
	return [...new Set([...old.keys(), ...fresh.keys()])]
		.sort()
		.flatMap((name) => {
			const [was, is] = [old.get(name), fresh.get(name)];
			if (was === is) return [];
			if (was === undefined) return [`added ${name} ${is}`];
			return is === undefined
				? [`removed ${name} ${was}`]
				: [`${name} ${was} -> ${is}`];
		});
}

function versions(lock: Lock | undefined): Map<string, string> {
	return new Map(
		(lock ? allFiles(lock) : []).map(({ name, version }) => [name, version]),
	);
}

/** Every file that a lock names. */
export function allFiles(lock: Lock): PackageFile[] {
	return [
		...lock.root,
		...Object.values(lock.unpacked).flat(),
		...Object.values(lock.host).flat(),
	];
}
