import { dirname } from "node:path";
import { Script } from "node:vm";
import { Eta } from "eta";
import { type ExpectedError, stepFailure } from "../../system/errors.ts";

/**
 * Renders one template (https://eta.js.org) with the config as `it`. Nothing is escaped, since the
 * results are not HTML; newlines stay unless a tag asks otherwise (`-%>`). Other templates are included
 * relative to the template's folder.
 * @throws ExpectedError (exit code 1) that names `file` and the line, also when a value is undefined.
 */
export function renderTemplate(
	file: string,
	text: string,
	config: unknown,
): string {
	const eta = new Eta({
		views: dirname(file),
		autoEscape: false,
		autoTrim: [false, false],
		autoFilter: true,
		filterFunction: requireValue,
		debug: true,
		cache: false,
	});
	try {
		return eta.renderString(text, config as object);
	} catch (error) {
		throw explain(file, text, error, () => eta.compileToString(text));
	}
}

function requireValue(value: unknown): string {
	if (value === undefined || value === null)
		throw new TypeError(
			`the value is ${String(value)}; is the key in the config?`,
		);
	if (typeof value === "object" && !Array.isArray(value))
		throw new TypeError("the value is a map; name one of its keys");
	return String(value);
}

function explain(
	file: string,
	text: string,
	error: unknown,
	compile: () => string,
): ExpectedError {
	const message = error instanceof Error ? error.message : String(error);
	const isSyntax = message.startsWith("Bad template syntax");
	const parsed = /^(.*) at line (\d+) col (\d+):/s.exec(message);
	// With `debug`, eta heads the message of what the template threw by its line.
	const thrown = /^(?:.*:)?(?:line )?(\d+)\n/.exec(message);
	const line = isSyntax
		? syntaxErrorLine(compile())
		: Number(parsed?.[2] ?? thrown?.[1] ?? 1);
	return stepFailure(
		{
			code: "TEMPLATE_FAILED",
			message: `template ${file}, line ${line}: ${
				isSyntax
					? (message.split("\n")[2] ?? "syntax error")
					: (parsed?.[1] ?? message.split("\n").at(-1) ?? message)
			}`,
			where: {
				file,
				line,
				column: Number(parsed?.[3] ?? 1),
				text: text.split("\n")[line - 1] ?? "",
			},
		},
		error,
	);
}

/** Compiles the generated code again for V8's line, then looks back for eta's note of the template's. */
function syntaxErrorLine(code: string): number {
	let failedAt = 0;
	try {
		new Script(`(function (it, options) {${code}\n})`, {
			filename: "template",
		});
	} catch (error) {
		const stack = error instanceof Error ? (error.stack ?? "") : "";
		failedAt = Number(/^template:(\d+)/.exec(stack)?.[1] ?? 0);
	}
	const before = code.split("\n").slice(0, failedAt).join("\n");
	return Number([...before.matchAll(/^__eta\.line=(\d+)/gm)].at(-1)?.[1] ?? 1);
}
