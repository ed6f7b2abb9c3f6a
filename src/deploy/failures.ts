import { ExpectedError, stepFailure } from "../system/errors.ts";

/** Codes after which the same command, run again, may simply go on. */
const resumable = new Set([
	"LINODE_UNREACHABLE",
	"LINODE_TOKEN_REFUSED",
	"LINODE_MAINTENANCE",
	"LINODE_JOB_STUCK",
	"LINODE_BUSY",
	"HOST_UNREACHABLE",
	"SSH_INSTALLER_SILENT",
	"DEPLOY_NO_WAY_BACK",
]);

/**
 * Whether a failure says nothing about the new host: the run was interrupted, the API could not be
 * reached, or dock0 itself has a bug. Then nothing is rolled back and the journal stays for the next run.
 */
export function isResumable(error: unknown): boolean {
	return !(error instanceof ExpectedError) || resumable.has(error.code);
}

/** The failure of a deploy that was undone. */
export function rolledBack(host: string, reason: string): ExpectedError {
	return stepFailure({
		code: "DEPLOY_ROLLED_BACK",
		message: `${host}: the deploy failed and was undone: ${reason}`,
		hint: "the server is as it was before; mend the cause and deploy again",
	});
}

/** The failure of a deploy that stopped halfway, made readable for the person who must run it again. */
export function unfinished(host: string, error: unknown): unknown {
	if (!(error instanceof ExpectedError)) return error;
	const [problem] = error.problems;
	return stepFailure(
		{
			code: error.code,
			message: `${host}: ${problem?.message ?? error.message}`,
			hint: `${problem?.hint ? `${problem.hint}; ` : ""}the deploy is half done and remembered: run the same command again to go on, or dock0 deploy --abort to undo it`,
		},
		error,
	);
}
