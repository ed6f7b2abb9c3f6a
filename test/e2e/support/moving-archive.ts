import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { run } from "../../../src/system/process.ts";

const sha256 = (bytes: Uint8Array): string =>
	createHash("sha256").update(bytes).digest("hex");

/** A Debian archive with one package, `moving`, of one version; an earlier version is gone from it. */
export async function publishMoving(
	archive: string,
	version: string,
): Promise<void> {
	const tree = `${archive}-tree`;
	await rm(archive, { recursive: true, force: true });
	await rm(tree, { recursive: true, force: true });
	await mkdir(archive, { recursive: true });
	await mkdir(join(tree, "DEBIAN"), { recursive: true });
	await mkdir(join(tree, "etc"));
	await writeFile(join(tree, "etc/moving"), `${version}\n`);
	await writeFile(
		join(tree, "DEBIAN/control"),
		`Package: moving\nVersion: ${version}\nArchitecture: all\nMaintainer: Test <test@example.org>\nHomepage: https://example.org/moving\nDescription: a package that moves on\n`,
	);
	const file = join(archive, `moving_${version}_all.deb`);
	await run("dpkg-deb", ["--root-owner-group", "--build", tree, file]);
	const { stdout } = await run("dpkg-deb", ["--field", file]);
	const deb = await readFile(file);
	const index = `${stdout.trimEnd()}\nFilename: ./${basename(file)}\nSize: ${deb.length}\nSHA256: ${sha256(deb)}\n`;
	await writeFile(join(archive, "Packages"), index);
	await writeFile(
		join(archive, "Release"),
		`Suite: moving\nSHA256:\n ${sha256(Buffer.from(index))} ${index.length} Packages\n`,
	);
}
