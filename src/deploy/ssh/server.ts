import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { installerFolder } from "../../initramfs/init-script.ts";
import { stepFailure } from "../../system/errors.ts";
import { packageFile } from "../../system/package-files.ts";
import { run } from "../../system/process.ts";
import { shellWord } from "../../system/shell-word.ts";
import {
	askAsRoot,
	type RemoteAnswer,
	type SshTarget,
	sendAsRoot,
} from "../ssh-target.ts";
import type { Cargo } from "./cargo.ts";
import { type Facts, parseFacts } from "./facts.ts";

/** Runs lines of shell as root. @throws ExpectedError HOST_UNREACHABLE. */
export function shell(
	target: SshTarget,
	lines: string,
	signal?: AbortSignal,
): Promise<RemoteAnswer> {
	return askAsRoot(target, `sh -c ${shellWord(lines)}`, { signal });
}

/** Where ssh really goes, and as whom: ssh -G resolves aliases of ssh_config(5). */
export async function resolveTarget({
	destination,
	port,
	options,
}: SshTarget): Promise<{ address: string; port: number; user: string }> {
	const { stdout } = await run("ssh", [
		...options,
		...(port === undefined ? [] : ["-p", String(port)]),
		...["-G", "--", destination],
	]);
	const value = (key: string): string =>
		new RegExp(`^${key} (.*)$`, "m").exec(stdout)?.[1] ?? "";
	return {
		address: value("hostname"),
		port: Number(value("port")),
		user: value("user"),
	};
}

/** Looks at a server and changes nothing. */
export async function lookAt(
	target: SshTarget,
	disk: string | undefined,
	signal: AbortSignal,
): Promise<Facts> {
	const script = await Promise.all(
		[
			join(installerFolder, "identity.sh"),
			packageFile("profiles/ssh/look.sh"),
		].map((file) => readFile(file)),
	);
	const answer = await askAsRoot(
		target,
		`sh -s -- ${shellWord(disk ?? "")} "$SSH_CONNECTION"`,
		{ input: Buffer.concat(script), signal },
	);
	if (answer.exitCode !== 0 && answer.stdout === "")
		throw stepFailure({
			code: "HOST_REFUSED",
			message: `${target.destination}: ${answer.stderr.trim() || `exit code ${answer.exitCode}`}`,
			hint: "the login has to be root's, or one with sudo without a password",
		});
	return parseFacts(answer.stdout);
}

/**
 * Sends a file into a folder of the server, and has its hash compared there.
 * @throws ExpectedError SSH_TRANSFER_DAMAGED.
 */
export async function send(
	target: SshTarget,
	folder: string,
	{ name, bytes, chunks }: Cargo,
	options: { signal: AbortSignal; progress: (fraction: number) => void },
): Promise<void> {
	const hash = createHash("sha256");
	const answer = await sendAsRoot(
		target,
		`sh -c ${shellWord(`umask 077; cd ${folder} && cat > ${name}.part && sha256sum ${name}.part && mv ${name}.part ${name}`)}`,
		async (stdin) => {
			let sent = 0;
			for await (const chunk of chunks()) {
				options.signal.throwIfAborted();
				hash.update(chunk);
				if (stdin.destroyed) return;
				if (!stdin.write(chunk)) await drained(stdin);
				sent += chunk.length;
				options.progress(sent / bytes);
			}
		},
		options.signal,
	);
	if (answer.exitCode === 0 && answer.stdout.startsWith(hash.digest("hex")))
		return;
	throw stepFailure({
		code: "SSH_TRANSFER_DAMAGED",
		message: `${name} did not arrive at ${target.destination} as it was sent: ${answer.stderr.trim() || "its hash differs"}`,
		hint: "is /var/tmp full there?",
	});
}

/** Until the stream takes more, or takes nothing any more. */
async function drained(stream: Writable): Promise<void> {
	const closed = new AbortController();
	const close = (): void => closed.abort();
	stream.once("close", close);
	try {
		await once(stream, "drain", { signal: closed.signal });
	} catch {
		// closed, or broken: what ssh says of it is the message
	} finally {
		stream.off("close", close);
	}
}

/** What the installer says of itself. */
export interface InstallerReport {
	id: string;
	state: "checking" | "writing" | "written" | "refused" | "failed";
	percent: number;
	message: string;
}

/** Asks the installer; undefined when nothing or something else answers. */
export function askInstaller(
	address: string,
	port: number,
): Promise<InstallerReport | undefined> {
	return new Promise((resolve) => {
		const asked = request(
			{ host: address, port, path: "/progress", timeout: 5000, agent: false },
			(answer) => {
				let text = "";
				answer.setEncoding("utf8").on("data", (chunk: string) => {
					text = (text + chunk).slice(0, 1000);
				});
				answer.on("error", () => resolve(undefined));
				answer.on("end", () => resolve(parseReport(text)));
			},
		);
		asked.once("timeout", () => asked.destroy());
		asked.once("close", () => resolve(undefined));
		asked.once("error", () => resolve(undefined));
		asked.end();
	});
}

export function parseReport(text: string): InstallerReport | undefined {
	const match =
		/^([0-9a-f]+) (checking|writing|written|refused|failed) (\d+) (.*)/.exec(
			text,
		);
	if (!match) return undefined;
	const [, id = "", state = "", percent, message = ""] = match;
	return {
		id,
		state: state as InstallerReport["state"],
		percent: Number(percent),
		message,
	};
}
