import type { Manifest } from "../release/manifest.ts";
import { formatBytes } from "./numbers.ts";

/** The closing lines of a build: where the release is and how large its parts are. */
export function describeRelease(release: {
	folder: string;
	manifest: Manifest;
}): string {
	const { folder, manifest } = release;
	const files = Object.entries(manifest.files);
	const total = files.reduce((sum, [, { bytes }]) => sum + bytes, 0);
	const parts = files.map(
		([name, { bytes }]) => `${name} ${formatBytes(bytes)}`,
	);
	return [
		`${manifest.name} ${manifest.version}: ${folder}`,
		`  kernel ${manifest.kernel.version}, ${formatBytes(total)} in all (${parts.join(", ")})`,
	].join("\n");
}

/** The closing line of a bundle. */
export function describeBundle(bundle: {
	folder: string;
	record: { host: string; bytes: number; sha256: string };
}): string {
	const { folder, record } = bundle;
	return `bundle of ${record.host}: ${folder}, ${formatBytes(record.bytes)}, ${record.sha256.slice(0, 12)}`;
}

/** A line for each disk image. */
export function describeDisks(
	disks: readonly { format: string; file: string; bytes: number }[],
): string {
	return disks
		.map(
			({ format, file, bytes }) =>
				`  disk ${file}, ${format}, ${formatBytes(bytes)}`,
		)
		.join("\n");
}
