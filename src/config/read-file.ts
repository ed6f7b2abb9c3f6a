import { readFile, stat } from "node:fs/promises";
import { ExpectedError, type ProblemDetails } from "../system/errors.ts";

/** No config that a person wrote comes near; a log or an image given by mistake does. */
const largestConfig = 4 * 1024 * 1024;

/**
 * Reads a config file as text, without its byte order mark.
 * @param shown the path as messages name it
 * @param askedBy completes the problem, e.g. with the `extends:` that named the file
 * @throws ExpectedError when it is missing, a folder, unreadable, too large, or not UTF-8.
 */
export async function readConfigText(
	path: string,
	shown: string,
	askedBy: Pick<ProblemDetails, "where"> = {},
): Promise<string> {
	const fail = (code: string, message: string, hint?: string): never => {
		throw new ExpectedError({
			code,
			message,
			...(hint === undefined ? {} : { hint }),
			...askedBy,
		});
	};
	let bytes: Buffer;
	try {
		const found = await stat(path);
		if (found.isDirectory())
			fail(
				"CONFIG_IS_FOLDER",
				`'${shown}' is a folder, not a config file`,
				`name the file in it, e.g. ${shown}/dock0.yaml, or use -C ${shown}`,
			);
		// A pipe or a device could make us wait for ever.
		if (!found.isFile())
			fail("CONFIG_UNREADABLE", `'${shown}' is not an ordinary file`);
		if (found.size > largestConfig)
			fail(
				"CONFIG_TOO_LARGE",
				`'${shown}' is ${Math.ceil(found.size / 1024 / 1024)} MiB; a config file has at most ${largestConfig / 1024 / 1024} MiB`,
			);
		bytes = await readFile(path);
	} catch (error) {
		if (error instanceof ExpectedError) throw error;
		const { code } = error as NodeJS.ErrnoException;
		if (code === "ENOENT" || code === "ENOTDIR")
			return fail("CONFIG_FILE_MISSING", `there is no file '${shown}'`);
		return fail(
			"CONFIG_UNREADABLE",
			`'${shown}' cannot be read: ${reasons[code ?? ""] ?? code ?? String(error)}`,
		);
	}
	return decode(bytes, shown);
}

const reasons: Readonly<Record<string, string>> = {
	EACCES: "permission denied",
	EPERM: "permission denied",
	ELOOP: "its symbolic links form a circle",
	ENAMETOOLONG: "the name is too long",
};

/** Decodes UTF-8 strictly; says where the first bad byte is. */
function decode(bytes: Uint8Array, shown: string): string {
	const utf16 =
		(bytes[0] === 0xff && bytes[1] === 0xfe) ||
		(bytes[0] === 0xfe && bytes[1] === 0xff);
	try {
		// TextDecoder drops the byte order mark of UTF-8 by itself (https://encoding.spec.whatwg.org/#textdecoder)
		const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
		const zero = text.indexOf("\0");
		if (zero < 0) return text;
		throw encodingProblem(shown, text.slice(0, zero), "holds a zero byte");
	} catch (error) {
		if (error instanceof ExpectedError) throw error;
		if (utf16)
			throw encodingProblem(shown, "", "is written in UTF-16, not UTF-8");
		throw encodingProblem(shown, validStart(bytes), "is not valid UTF-8");
	}
}

function encodingProblem(
	shown: string,
	before: string,
	what: string,
): ExpectedError {
	const lines = before.split("\n");
	const last = lines.at(-1) ?? "";
	return new ExpectedError({
		code: "CONFIG_ENCODING",
		message: `'${shown}' ${what}`,
		where: {
			file: shown,
			line: lines.length,
			column: last.length + 1,
			text: last,
		},
		hint: "save the file as UTF-8 text",
	});
}

/** The longest start of `bytes` that is whole UTF-8. */
function validStart(bytes: Uint8Array): string {
	const loose = new TextDecoder("utf-8").decode(bytes);
	let searched = loose.indexOf("\uFFFD");
	// A replacement character may also stand in the file itself, as EF BF BD.
	const encoder = new TextEncoder();
	const offsetOfMark = bytes[0] === 0xef && bytes[1] === 0xbb ? 3 : 0;
	while (searched >= 0) {
		const at = offsetOfMark + encoder.encode(loose.slice(0, searched)).length;
		if (bytes[at] !== 0xef || bytes[at + 1] !== 0xbf || bytes[at + 2] !== 0xbd)
			return loose.slice(0, searched);
		searched = loose.indexOf("\uFFFD", searched + 1);
	}
	return loose;
}
