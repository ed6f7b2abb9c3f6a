import type { KeptRelease } from "../release/folder.ts";
import type { Manifest } from "../release/manifest.ts";
import type { Signer } from "../release/signature.ts";
import { formatBytes } from "./numbers.ts";

/** A line a release: version, when it was built, size, who signed it, where it is. */
export function describeReleases(
	releases: readonly (KeptRelease & {
		manifest?: Manifest;
		signer?: Signer;
	})[],
): string {
	if (releases.length === 0) return "no releases; dock0 build makes one";
	return releases
		.map(({ folder, current, built, manifest, signer }) =>
			[
				current ? "*" : " ",
				(manifest?.version ?? "broken").padEnd(10),
				built.toISOString().slice(0, 19).replace("T", " "),
				manifest ? formatBytes(totalBytes(manifest)).padStart(9) : "",
				manifest ? signedBy(signer) : "",
				folder,
			].join("  "),
		)
		.join("\n");
}

/** The parts of a release with their sizes and hashes. */
export function describeManifest(manifest: Manifest): string {
	const { name, version, kernel, files } = manifest;
	return [
		`${name} ${version}, kernel ${kernel.version}, ${formatBytes(totalBytes(manifest))}`,
		`kernel parameters: ${kernel.cmdline.join(" ")}`,
		...Object.entries(files).map(
			([file, { bytes, sha256 }]) =>
				`${sha256}  ${file}  ${formatBytes(bytes)}`,
		),
	].join("\n");
}

function totalBytes(manifest: Manifest): number {
	return Object.values(manifest.files).reduce(
		(sum, { bytes }) => sum + bytes,
		0,
	);
}

function signedBy(signer: Signer | undefined): string {
	if (signer === "nobody") return "not signed";
	return signer ? `signed by ${signer.id}` : "signed by another key";
}
