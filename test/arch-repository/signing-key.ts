import { access, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { onInterrupt } from "../../src/system/cleanup.ts";
import { runtimeDir } from "../../src/system/environment.ts";
import { run } from "../../src/system/process.ts";

/** A throw-away key without passphrase, in a GnuPG home that lives as long as the work. */
export interface SigningKey {
	/** Full fingerprint. */
	id: string;
	home: string;
	/** Writes a binary detached signature of `file`. */
	sign(file: string, signature: string): Promise<void>;
}

/**
 * Calls `work` with the test key, which is made on first use and kept in `secretFile`, so that what is
 * cached stays verifiable.
 */
export async function withSigningKey<Result>(
	secretFile: string,
	work: (key: SigningKey) => Promise<Result>,
): Promise<Result> {
	// gpg-agent's socket lies in the home, and its path must be short (unix(7))
	const home = await mkdtemp(join(runtimeDir(), "gnupg-"));
	const env = { GNUPGHOME: home };
	const gpg = async (...args: string[]): Promise<string> =>
		(await run("gpg", ["--batch", "--quiet", "--no-tty", ...args], { env }))
			.stdout;
	const remove = onInterrupt(async () => {
		await run("gpgconf", ["--kill", "all"], { env }).catch(() => undefined);
		await rm(home, { recursive: true, force: true });
	});
	try {
		if (!(await exists(secretFile))) {
			const user = "Arch test repository <nobody@localhost>";
			await gpg(
				"--passphrase",
				"",
				"--quick-generate-key",
				user,
				"ed25519",
				"sign",
				"never",
			);
			const temporary = `${secretFile}.tmp-${process.pid}`;
			await mkdir(join(secretFile, ".."), { recursive: true });
			await gpg("--output", temporary, "--export-secret-keys");
			await rename(temporary, secretFile);
		} else {
			await gpg("--import", secretFile);
		}
		const listing = await gpg("--with-colons", "--list-secret-keys");
		const id = /^fpr:+([0-9A-F]{40}):/m.exec(listing)?.[1] ?? "";
		return await work({
			id,
			home,
			async sign(file, signature) {
				const temporary = `${signature}.tmp-${process.pid}`;
				await gpg(
					"--yes",
					"--local-user",
					id,
					"--output",
					temporary,
					"--detach-sign",
					file,
				);
				await rename(temporary, signature);
			},
		});
	} finally {
		await remove();
	}
}

async function exists(path: string): Promise<boolean> {
	return access(path).then(
		() => true,
		() => false,
	);
}
