import { createInterface } from "node:readline/promises";
import { environment } from "../system/environment.ts";
import { ExpectedError } from "../system/errors.ts";

/**
 * Asks the person to type `answer`.
 * @throws ExpectedError NOT_CONFIRMED when there is nobody to ask.
 */
export async function confirmByTyping(
	question: string,
	answer: string,
): Promise<boolean> {
	if (!process.stdin.isTTY || !environment().stderrIsTty)
		throw new ExpectedError({
			code: "NOT_CONFIRMED",
			message: "this has to be confirmed, and there is no terminal to ask at",
			hint: "look at the plan with --dry-run, then give --yes",
		});
	const terminal = createInterface({
		input: process.stdin,
		output: process.stderr,
	});
	try {
		const typed = await terminal.question(`${question} Type ${answer}: `);
		return typed.trim() === answer;
	} finally {
		terminal.close();
	}
}
