/** A place in a file that a person wrote; line and column count from 1. */
export interface Where {
	file: string;
	line: number;
	column: number;
	/** The text of that line, shown below the message with a caret under the column. */
	text?: string;
}

export interface ProblemDetails {
	/** Stable, upper-case, e.g. `CONFIG_UNKNOWN_KEY`; listed in docs/errors.md. */
	code: string;
	message: string;
	where?: Where;
	/** What the reader can do about it. */
	hint?: string;
}

/** Exit codes of the command line: 1 a step failed, 2 the input was bad. */
export type FailureExitCode = 1 | 2;

/**
 * An error that a person can act upon. Anything else that is thrown is a bug of ours,
 * and is shown with its stack.
 */
export class ExpectedError extends Error {
	override readonly name = "ExpectedError";
	readonly problems: readonly ProblemDetails[];
	readonly exitCode: FailureExitCode;

	constructor(
		problems: ProblemDetails | readonly ProblemDetails[],
		options: { exitCode?: FailureExitCode; cause?: unknown } = {},
	) {
		const list: readonly ProblemDetails[] =
			"code" in problems ? [problems] : problems;
		super(list.map((problem) => problem.message).join("\n"), {
			cause: options.cause,
		});
		this.problems = list;
		this.exitCode = options.exitCode ?? 2;
	}

	get code(): string {
		return this.problems[0]?.code ?? "UNKNOWN";
	}
}

/** A step or a tool failed while it ran: exit code 1. */
export function stepFailure(
	details: ProblemDetails,
	cause?: unknown,
): ExpectedError {
	return new ExpectedError(details, { exitCode: 1, cause });
}

/** Formats problems for a terminal: message, place, the line with a caret, hint. */
export function formatProblem(problem: ProblemDetails): string {
	const lines = [`error: ${problem.message} [${problem.code}]`];
	const { where } = problem;
	if (where) {
		lines.push(`  at ${where.file}:${where.line}:${where.column}`);
		if (where.text !== undefined) {
			const number = String(where.line);
			const shown = where.text.replaceAll("\t", " ");
			lines.push(
				`  ${number} | ${shown}`,
				`  ${" ".repeat(number.length)} | ${" ".repeat(Math.max(0, where.column - 1))}^`,
			);
		}
	}
	if (problem.hint) lines.push(`  hint: ${problem.hint}`);
	return lines.join("\n");
}
