import {
	access,
	copyFile,
	link,
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	rename,
	rm,
	symlink,
	writeFile,
} from "node:fs/promises";
import { basename, join } from "node:path";
import { sha256 } from "../../src/system/files.ts";
import { run } from "../../src/system/process.ts";
import { concurrently } from "./concurrently.ts";
import { convertedFiles } from "./convert.ts";
import { writeDatabase } from "./database.ts";
import { type SigningKey, withSigningKey } from "./signing-key.ts";

/** The section that pacman.conf gives it (`local` is taken, pacman.conf(5)). */
export const repositoryName = "dock0-test";

/** Raised when the same packages would give another database. */
const formatVersion = 2;

/** A converted package and the name that it goes by in the repository. */
interface RepositoryPackage {
	/** What `convertPackage` made. */
	folder: string;
	fileName: string;
}

/**
 * Signs the packages and writes their database, both kept in `cache` under the hash of the packages.
 * The folder holds `repository/`, `NAME.gpg` and `key-id`.
 */
export async function writeRepository(options: {
	cache: string;
	packages: readonly RepositoryPackage[];
	log: (line: string) => void;
}): Promise<{ folder: string; keyId: string }> {
	const { cache, log } = options;
	const packages = [...options.packages].sort((a, b) =>
		a.fileName < b.fileName ? -1 : 1,
	);
	const identity = packages.map((one) => [one.fileName, basename(one.folder)]);
	const all = join(cache, "repositories");
	const folder = join(
		all,
		sha256(JSON.stringify([formatVersion, identity])).slice(0, 32),
	);
	const known = await readFile(join(folder, "key-id"), "utf8").catch(
		() => undefined,
	);
	if (known !== undefined) return { folder, keyId: known };

	log(`signing ${packages.length} packages and their database`);
	await mkdir(all, { recursive: true });
	const temporary = await mkdtemp(join(all, "new-"));
	try {
		const keyId = await withSigningKey(
			join(cache, "secret-key.gpg"),
			async (key) => {
				await fillRepository(join(temporary, "repository"), packages, key);
				await run(
					"gpg",
					[
						"--batch",
						"--output",
						join(temporary, `${repositoryName}.gpg`),
						"--export",
						key.id,
					],
					{ env: { GNUPGHOME: key.home } },
				);
				return key.id;
			},
		);
		await writeFile(join(temporary, "key-id"), keyId);
		// only the last one is worth its space; who linked an older one keeps the files
		for (const old of await readdir(all))
			if (join(all, old) !== temporary)
				await rm(join(all, old), { recursive: true, force: true });
		await rename(temporary, folder);
		return { folder, keyId };
	} catch (error) {
		await rm(temporary, { recursive: true, force: true });
		throw error;
	}
}

async function fillRepository(
	repository: string,
	packages: readonly RepositoryPackage[],
	key: SigningKey,
): Promise<void> {
	await mkdir(repository, { mode: 0o755 });
	await concurrently(packages, 4, async ({ folder, fileName }) => {
		const signature = join(folder, `${key.id}.sig`);
		const known = await access(signature).then(
			() => true,
			() => false,
		);
		if (!known) await key.sign(join(folder, convertedFiles.package), signature);
		await link(
			join(folder, convertedFiles.package),
			join(repository, fileName),
		);
		await link(signature, join(repository, `${fileName}.sig`));
	});
	const entries = await Promise.all(
		packages.map(async ({ folder, fileName }) => ({
			path: join(repository, fileName),
			fileName,
			pkginfo: await readFile(join(folder, convertedFiles.pkginfo), "utf8"),
			files: await readFile(join(folder, convertedFiles.files), "utf8"),
		})),
	);
	for (const archive of await writeDatabase(
		repository,
		repositoryName,
		entries,
	)) {
		await key.sign(archive, `${archive}.sig`);
		const alias = archive.replace(/\.tar\.gz$/, "");
		await symlink(
			`${archive.slice(repository.length + 1)}.sig`,
			`${alias}.sig`,
		);
	}
}

/** Makes `to` hold exactly the files of `from`, by hard links where the file system allows. */
export async function linkTree(from: string, to: string): Promise<void> {
	await mkdir(to, { recursive: true });
	const entries = await readdir(from, { withFileTypes: true });
	const wanted = new Set(entries.map((entry) => entry.name));
	for (const name of await readdir(to))
		if (!wanted.has(name)) await rm(join(to, name), { recursive: true });
	for (const entry of entries) {
		const source = join(from, entry.name);
		const target = join(to, entry.name);
		if (entry.isDirectory()) {
			await linkTree(source, target);
			continue;
		}
		await rm(target, { force: true });
		await link(source, target).catch(() => copyFile(source, target));
	}
}
