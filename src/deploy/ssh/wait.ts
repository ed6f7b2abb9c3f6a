import type { Clock } from "../../system/clock.ts";
import { ExpectedError, stepFailure } from "../../system/errors.ts";
import type { DeployRun } from "../provider.ts";
import type { SshTarget } from "../ssh-target.ts";
import { askInstaller, shell } from "./server.ts";

/** What answers ssh: the old system, by the folder that we made there; another one; or nothing. */
export type Answerer =
	| { kind: "old"; boot: string }
	| { kind: "other" }
	| { kind: "nobody" };

export async function whoAnswers(
	target: SshTarget,
	folder: string,
	signal: AbortSignal,
): Promise<Answerer> {
	try {
		const { exitCode, stdout } = await shell(
			target,
			`[ -d ${folder} ] && cat /proc/sys/kernel/random/boot_id`,
			signal,
		);
		return exitCode === 0
			? { kind: "old", boot: stdout.trim() }
			: { kind: "other" };
	} catch (error) {
		if (error instanceof ExpectedError && error.code === "HOST_UNREACHABLE")
			return { kind: "nobody" };
		throw error;
	}
}

/** So long the old system may take to end; milliseconds. */
const patience = 240_000;

/**
 * Waits until the installer has written the disk.
 * @returns how that was seen: by its own word, or by a new host that is healthy.
 * @throws ExpectedError SSH_INSTALLER_REFUSED, SSH_NO_KEXEC: the old system is as it was; DEPLOY_NO_WAY_BACK;
 * SSH_INSTALLER_SILENT.
 */
export async function waitForInstaller(options: {
	run: DeployRun;
	target: SshTarget;
	address: string;
	port: number;
	folder: string;
	/** Of the old system, before. */
	boot: string;
	clock: Clock;
	signal: AbortSignal;
	timeoutSeconds: number;
	isHealthy: () => Promise<boolean>;
}): Promise<"told" | "healthy"> {
	const { run, target, address, port, clock, signal, boot } = options;
	const begun = clock.now();
	let told = "";
	for (;;) {
		signal.throwIfAborted();
		const report = await askInstaller(address, port);
		if (report?.id === run.journal.record.id) {
			const { state, message, percent } = report;
			if (`${message} ${percent}` !== told)
				run.report(
					state === "writing"
						? { type: "progress", text: message, fraction: percent / 100 }
						: { type: "step", text: message },
				);
			told = `${message} ${percent}`;
			if (state === "written") return "told";
			if (state === "refused")
				throw stepFailure({ code: "SSH_INSTALLER_REFUSED", message });
			if (state === "failed")
				throw stepFailure({
					code: "DEPLOY_NO_WAY_BACK",
					message,
					hint: "the old system is overwritten in part; the server's console has a shell",
				});
		} else {
			const now = await whoAnswers(target, options.folder, signal);
			const late = clock.now() - begun > patience;
			if (now.kind === "old" && now.boot !== boot)
				throw stepFailure({
					code: "SSH_INSTALLER_REFUSED",
					message:
						"the server runs its old system again; the installer gave up, or never came up",
					hint: "the server's console tells more",
				});
			if (now.kind === "old" && late)
				throw stepFailure({
					code: "SSH_NO_KEXEC",
					message: "the old system runs on; it did not start the installer",
				});
			// An old system that is ending may still answer, so that early health says nothing.
			if (now.kind !== "old" && late && (await options.isHealthy()))
				return "healthy";
		}
		if (clock.now() - begun > options.timeoutSeconds * 1000)
			throw stepFailure({
				code: "SSH_INSTALLER_SILENT",
				message: `nothing that is known answers at ${address} after ${options.timeoutSeconds} seconds`,
				hint: "look at the server's console",
			});
		await clock.sleep(1000, signal);
	}
}
