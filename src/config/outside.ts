import { resolve } from "node:path";
import { registerSecret } from "../system/secrets.ts";
import type { Part } from "./reference-text.ts";
import { plainScalar, type ResolvedScalar } from "./resolved.ts";
import { readSecretFile } from "./secret-file.ts";
import { unknownVariable } from "./unknown-reference.ts";

interface NotFound {
	readonly kind: "problem";
	readonly code: string;
	readonly message: string;
	readonly hint?: string;
}

/**
 * What `${env:…}` or `${file:…}` stands for. Everything that really came from outside is registered as a
 * secret; a default is not, since the config itself shows it.
 * @param folder what a file's path is relative to
 */
export function valueFromOutside(
	part: Extract<Part, { kind: "env" | "file" }>,
	folder: string,
	environment: Readonly<Record<string, string | undefined>>,
): ResolvedScalar | NotFound {
	if (part.kind === "file") {
		const read = readSecretFile(resolve(folder, part.path));
		return "text" in read
			? secret(read.text, folder)
			: {
					kind: "problem",
					code: "CONFIG_FILE_REFERENCE",
					message: read.error,
				};
	}
	const given = Object.hasOwn(environment, part.name)
		? environment[part.name]
		: undefined;
	// As in the shell, `:-` also stands in for an empty variable.
	if (part.fallback !== undefined && !given)
		return { ...plainScalar(part.fallback, folder), untyped: true };
	if (given !== undefined) return secret(given, folder);
	return {
		kind: "problem",
		code: "CONFIG_UNKNOWN_VARIABLE",
		...unknownVariable(part.name, environment),
	};
}

function secret(text: string, folder: string): ResolvedScalar {
	registerSecret(text);
	return { ...plainScalar(text, folder), secret: true, untyped: true };
}
