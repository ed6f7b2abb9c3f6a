import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ExtractContext } from "../../plan/package-source.ts";
import { stepFailure } from "../../system/errors.ts";

/**
 * Checks kernel.org's detached signature, which is over the unpacked tar
 * (https://www.kernel.org/signature.html).
 * @throws ExpectedError KERNEL_SIGNATURE_BAD when the archive was changed, KERNEL_SIGNATURE_UNTRUSTED
 * unless a key of `signers` made it.
 */
export async function verifySignature(
	context: ExtractContext,
	options: {
		archive: string;
		signature: string;
		keyring: string | undefined;
		signers: readonly string[];
	},
): Promise<void> {
	const home = join(context.temp, "gnupg");
	await mkdir(home, { mode: 0o700 });
	const gpg = ["--homedir", home, "--batch", "--no-tty"];
	await (options.keyring
		? context.run("gpg", [...gpg, "--import", options.keyring])
		: context.run(
				"gpg",
				// Only the fingerprints count, so it does not matter who hands out the keys.
				[
					...gpg,
					"--auto-key-locate",
					"clear,wkd",
					"--locate-keys",
					"gregkh@kernel.org",
					"sashal@kernel.org",
					"torvalds@kernel.org",
				],
				{ okExitCodes: [0, 2] },
			));
	const { stdout } = await context.run(
		"sh",
		[
			"-c",
			'archive=$1 signature=$2; shift 2; xz -dc "$archive" | gpg "$@" --status-fd 1 --verify "$signature" -',
			"verify",
			options.archive,
			options.signature,
			...gpg,
		],
		{ okExitCodes: [0, 1, 2] },
	);
	const signer = validSigner(stdout, options.signers);
	if (signer) {
		context.log(`signed by ${signer}`);
		return;
	}
	throw stepFailure({
		code: /BADSIG/.test(stdout)
			? "KERNEL_SIGNATURE_BAD"
			: "KERNEL_SIGNATURE_UNTRUSTED",
		message: describeStatus(stdout),
		hint: options.keyring
			? "kernel.keyring must hold the key, and kernel.signers its fingerprint"
			: "without network for the keys, set kernel.keyring to a file that holds them",
	});
}

/** The trusted primary key in gpg's status lines (doc/DETAILS of GnuPG: VALIDSIG), if there is one. */
export function validSigner(
	status: string,
	signers: readonly string[],
): string | undefined {
	if (/^\[GNUPG:\] BADSIG /m.test(status)) return undefined;
	for (const line of status.split("\n")) {
		const words = line.split(" ");
		if (words[1] !== "VALIDSIG") continue;
		const primary = words.at(-1) ?? "";
		if (signers.includes(primary)) return primary;
	}
	return undefined;
}

function describeStatus(status: string): string {
	if (/BADSIG/.test(status))
		return "the archive's signature is wrong: it was changed or damaged";
	const other = /VALIDSIG .* (\w{40})$/m.exec(status)?.[1];
	if (other) return `the archive is signed by ${other}, which is not trusted`;
	const missing = /NO_PUBKEY (\w+)/.exec(status)?.[1];
	if (missing) return `the key ${missing} that signed the archive is not known`;
	return "the archive's signature could not be checked";
}
