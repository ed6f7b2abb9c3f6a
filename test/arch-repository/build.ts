import { mkdir, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { environment } from "../../src/system/environment.ts";
import { acquireLock } from "../../src/system/lock.ts";
import { openPrivateApt } from "./apt.ts";
import { pruneClosure } from "./closure.ts";
import { concurrently } from "./concurrently.ts";
import { conversionKey, convertPackage } from "./convert.ts";
import { debDate } from "./deb-date.ts";
import { packageFacts } from "./pkginfo.ts";
import { cut, foundation, recipesFor } from "./recipes/all.ts";
import { linkTree, repositoryName, writeRepository } from "./repository.ts";

export interface ArchRepository {
	/** Folder with NAME.db, the packages, and a signature beside each. */
	repository: string;
	/** The name for pacman.conf's section. */
	name: string;
	/** Public key file, for `gpg --import` or `pacman-key --add`. */
	publicKey: string;
	/** Full fingerprint of that key. */
	keyId: string;
}

/** Debian packages for a Docker host, with Arch's kernel and what goes into the initramfs beside it. */
export const dockerHostPackages: readonly string[] = [
	"busybox-static",
	"ca-certificates",
	"dmsetup",
	"docker.io",
	"docker-cli",
	"e2fsprogs",
	"iptables",
	"linux-image-cloud-amd64",
	"openssh-server",
];

/** Build date of packages that hold no Debian package, in seconds since 1970; any fixed one will do. */
const metaPackageDate = 1_735_689_600;

/**
 * Makes a signed pacman repository in `out` from Debian packages: `packages`, what they depend on, and
 * Arch's `base`. Everything is kept in `cache`, so that an unchanged run only links files.
 */
export async function buildArchRepository(options: {
	out: string;
	packages: readonly string[];
	log: (line: string) => void;
	cache?: string;
	suite?: string;
}): Promise<ArchRepository> {
	const { out, log } = options;
	const cache = options.cache ?? join(environment().cacheDir, "test-arch");
	const lock = await acquireLock(join(cache, "lock"), {
		onWait: () => log("waiting for another build of the Arch test repository"),
	});
	try {
		const apt = await openPrivateApt(
			join(cache, "apt"),
			options.suite ?? "trixie",
			log,
		);
		const wanted = [...options.packages, ...foundation];
		const closure = pruneClosure(await apt.resolve(wanted), wanted, cut);
		const debs = await apt.fetch([...closure.packages.values()]);
		const recipes = recipesFor(closure.packages.keys());
		const owners = new Map(
			recipes.flatMap((recipe) =>
				recipe.from.map((name) => [name, recipe] as const),
			),
		);
		const plans = recipes.map((recipe) => {
			const facts = packageFacts(recipe, closure, owners);
			const members = recipe.from.map((name) => closure.packages.get(name));
			const key = conversionKey(
				recipe,
				facts,
				members.map((one) => one?.sha256 ?? ""),
			);
			return {
				recipe,
				facts,
				folder: join(cache, "packages", key.slice(0, 32)),
				fileName: `${facts.name}-${facts.version}-x86_64.pkg.tar.zst`,
				weight: members.reduce((sum, one) => sum + Number(one?.size ?? 0), 0),
			};
		});
		await mkdir(join(cache, "packages"), { recursive: true });
		const done = new Set(await readdir(join(cache, "packages")));
		const missing = plans
			.filter(({ folder }) => !done.has(basename(folder)))
			.sort((a, b) => b.weight - a.weight);
		if (missing.length > 0)
			log(`converting ${missing.length} of ${plans.length} packages`);
		await concurrently(missing, 3, async ({ recipe, facts, folder }) => {
			const files = recipe.from.map((name) => debs.get(name) ?? "");
			await convertPackage({
				recipe,
				facts,
				debs: files,
				buildDate: files[0] ? await debDate(files[0]) : metaPackageDate,
				temp: join(cache, "tmp"),
				out: folder,
			});
		});
		const finished = await writeRepository({
			cache,
			packages: plans.map(({ folder, fileName }) => ({ folder, fileName })),
			log,
		});
		await linkTree(finished.folder, out);
		return {
			repository: join(out, "repository"),
			name: repositoryName,
			publicKey: join(out, `${repositoryName}.gpg`),
			keyId: finished.keyId,
		};
	} finally {
		await lock.release();
	}
}
