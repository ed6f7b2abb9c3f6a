import { run } from "../../../src/system/process.ts";

/**
 * Runs a line of shell as the user admin of a guest, as soon as its ssh server lets us in.
 * @returns what it says, trimmed; throws unless it ends with 0.
 */
export async function sshAnswer(options: {
	/** The private key's file. */
	key: string;
	/** The forwarded port on this machine. */
	port: number | undefined;
	line: string;
}): Promise<string> {
	const { key, port, line } = options;
	const words = [
		...["-i", key, "-o", "StrictHostKeyChecking=no"],
		...["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"],
		...["-o", "BatchMode=yes", "-o", "ConnectTimeout=60"],
		...["-p", String(port), "admin@127.0.0.1", line],
	];
	const deadline = Date.now() + 120_000;
	for (;;) {
		const { exitCode, stdout, stderr } = await run("ssh", words, {
			okExitCodes: Array.from({ length: 256 }, (_, code) => code),
		});
		if (exitCode === 0) return stdout.trim();
		// 255 is ssh's own: nobody listens yet.
		if (exitCode !== 255 || Date.now() > deadline)
			throw new Error(`'${line}' ended with ${exitCode}: ${stdout}${stderr}`);
	}
}
