import {
	createHash,
	createPrivateKey,
	createPublicKey,
	generateKeyPairSync,
	type KeyObject,
} from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ExpectedError } from "../system/errors.ts";

/** A pair of key files: `NAME.key` is private, `NAME.pem` public. */
export interface KeyFiles {
	name: string;
	/** Absent when only the public half is there. */
	privateFile?: string;
	publicFile: string;
	/** See `keyId`. */
	id: string;
}

/** First 16 hex digits of the SHA-256 of the public key's DER form (SubjectPublicKeyInfo, RFC 5280). */
export function keyId(key: KeyObject): string {
	return createHash("sha256")
		.update(key.export({ type: "spki", format: "der" }))
		.digest("hex")
		.slice(0, 16);
}

/** A public key as PEM text. */
export function publicPem(key: KeyObject): string {
	return key.export({ type: "spki", format: "pem" }).toString();
}

/**
 * Makes a new Ed25519 key pair in `folder`: PKCS#8 and SubjectPublicKeyInfo PEM files (RFC 8410), the
 * private one readable by its owner only, and a .gitignore that keeps private ones out of git.
 * @throws ExpectedError when the name is no file name, or such a key exists.
 */
export async function newKey(folder: string, name: string): Promise<KeyFiles> {
	requireKeyName(name);
	const pair = generateKeyPairSync("ed25519");
	const privateFile = join(folder, `${name}.key`);
	const publicFile = join(folder, `${name}.pem`);
	await mkdir(folder, { recursive: true });
	const fresh = { flag: "wx" } as const;
	await writeFile(join(folder, ".gitignore"), "*.key\n", fresh).catch(
		ignoreExisting,
	);
	try {
		await writeFile(publicFile, publicPem(pair.publicKey), fresh);
		await writeFile(
			privateFile,
			pair.privateKey.export({ type: "pkcs8", format: "pem" }),
			{ ...fresh, mode: 0o600 },
		);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
		throw new ExpectedError({
			code: "KEY_EXISTS",
			message: `${folder} has a key ${name} already`,
			hint: "choose another name; `dock0 keys rotate` chooses one itself",
		});
	}
	return { name, privateFile, publicFile, id: keyId(pair.publicKey) };
}

function requireKeyName(name: string): void {
	if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name))
		throw new ExpectedError({
			code: "KEY_NAME_INVALID",
			message: `'${name}' cannot name a key`,
			hint: "use letters, digits, dots, hyphens and underscores",
		});
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
	if (error.code !== "EEXIST") throw error;
}

/** The keys of a folder, sorted by name; an absent folder has none. */
export async function listKeys(folder: string): Promise<KeyFiles[]> {
	const names = await readdir(folder).catch((): string[] => []);
	return Promise.all(
		names
			.filter((name) => name.endsWith(".pem"))
			.sort()
			.map(async (file) => {
				const name = file.slice(0, -".pem".length);
				const publicFile = join(folder, file);
				return {
					name,
					publicFile,
					...(names.includes(`${name}.key`)
						? { privateFile: join(folder, `${name}.key`) }
						: {}),
					id: keyId(await readPublicKey(publicFile)),
				};
			}),
	);
}

/**
 * Makes the successor of a key: `NAME-2` after `NAME`, `NAME-3` after `NAME-2`.
 * @throws ExpectedError when `name` does not exist, or its successor does.
 */
export async function rotateKey(
	folder: string,
	name: string,
): Promise<{ old: KeyFiles; next: KeyFiles }> {
	const old = await findKey(folder, name);
	const [, stem = name, count = "1"] = /^(.*?)(?:-(\d+))?$/.exec(name) ?? [];
	return { old, next: await newKey(folder, `${stem}-${Number(count) + 1}`) };
}

/** @throws ExpectedError (KEY_MISSING) when the folder has no such key. */
export async function findKey(folder: string, name: string): Promise<KeyFiles> {
	const keys = await listKeys(folder);
	const found = keys.find((key) => key.name === name);
	if (found) return found;
	throw new ExpectedError({
		code: "KEY_MISSING",
		message: `${folder} has no key ${name}`,
		hint:
			keys.length > 0
				? `it has ${keys.map((key) => key.name).join(", ")}`
				: `make one: dock0 keys new ${name}`,
	});
}

/**
 * Reads a public key file; a private one serves as well.
 * @throws ExpectedError when it is missing or no Ed25519 key.
 */
export async function readPublicKey(file: string): Promise<KeyObject> {
	const text = await readFile(file, "utf8").catch((error) => {
		throw missingKey(file, error);
	});
	return parse(file, () => createPublicKey(text));
}

/**
 * The private key of `release.sign`.
 * @throws ExpectedError when it is missing, readable by others, or no Ed25519 key.
 */
export function readPrivateKey(sign: {
	key?: string | undefined;
	pem?: string | undefined;
}): KeyObject {
	const { key: file, pem } = sign;
	if (file === undefined)
		return parse("release.sign.pem", () => createPrivateKey(pem ?? ""));
	let text: string;
	try {
		text = readFileSync(file, "utf8");
	} catch (error) {
		throw missingKey(file, error);
	}
	// Group and others: what ssh(1) refuses, too.
	if ((statSync(file).mode & 0o077) !== 0)
		throw new ExpectedError({
			code: "KEY_EXPOSED",
			message: `the private key ${file} can be read by others`,
			hint: `chmod 600 ${file}`,
		});
	return parse(file, () => createPrivateKey(text));
}

function missingKey(file: string, cause: unknown): ExpectedError {
	return new ExpectedError(
		{
			code: "KEY_MISSING",
			message: `the key ${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
			hint: "make one with dock0 keys new",
		},
		{ cause },
	);
}

function parse(what: string, read: () => KeyObject): KeyObject {
	try {
		const key = read();
		if (key.asymmetricKeyType === "ed25519") return key;
	} catch {
		// told below: the parser's words may quote the key
	}
	throw new ExpectedError({
		code: "KEY_INVALID",
		message: `${what} is no Ed25519 key in PEM form without a passphrase`,
		hint: "make one with dock0 keys new",
	});
}
