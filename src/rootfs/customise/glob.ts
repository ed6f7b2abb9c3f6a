/**
 * A test for paths of the root file system. `*` and `?` stop at slashes, `**` does not; `{a,b}` and
 * `[a-z]` (`[!a-z]`) as in a shell; `\` takes the next character as it is. A pattern that matches a
 * folder matches all that is in it.
 */
export function globMatcher(pattern: string): (path: string) => boolean {
	const expression = new RegExp(`^(?:${translate(pattern)})(?:/.*)?$`, "s");
	return (path) => expression.test(path);
}

/** The same, but a folder's pattern matches the folder alone. */
export function exactGlobMatcher(pattern: string): (path: string) => boolean {
	const expression = new RegExp(`^(?:${translate(pattern)})$`, "s");
	return (path) => expression.test(path);
}

/** Whether a path has characters that mean something in a pattern. */
export function isGlob(path: string): boolean {
	return /[*?[{\\]/.test(path);
}

/** A test for paths that any of the patterns match. */
export function anyMatcher(
	patterns: readonly string[],
): (path: string) => boolean {
	if (patterns.length === 0) return () => false;
	const matchers = patterns.map(globMatcher);
	return (path) => matchers.some((matches) => matches(path));
}

function translate(pattern: string): string {
	let result = "";
	let braces = 0;
	for (let index = 0; index < pattern.length; index++) {
		const character = pattern[index] as string;
		const rest = pattern.slice(index);
		const set = setAt(rest);
		if (rest.startsWith("**/")) {
			result += "(?:.*/)?";
			index += 2;
		} else if (rest.startsWith("**")) {
			result += ".*";
			index += 1;
		} else if (character === "*") result += "[^/]*";
		else if (character === "?") result += "[^/]";
		else if (set) {
			result += `(?!/)[${set[1] ? "^" : ""}${ranges(set[2] ?? "")}]`;
			index += set[0].length - 1;
		} else if (character === "\\" && rest.length > 1) {
			result += literal(rest[1] as string);
			index += 1;
		} else if (character === "{" && closes(rest)) {
			braces += 1;
			result += "(?:";
		} else if (character === "}" && braces > 0) {
			braces -= 1;
			result += ")";
		} else if (character === "," && braces > 0) result += "|";
		else result += literal(character);
	}
	return result;
}

/** The set at the start of `rest`. */
function setAt(rest: string): RegExpExecArray | null {
	return /^\[(!|\^)?(\]?[^\]]+)\]/.exec(rest);
}

/** Whether the brace at the start of `rest` has its partner, outside of sets as translate() sees them. */
function closes(rest: string): boolean {
	let depth = 0;
	for (let index = 0; index < rest.length; index++) {
		const set = setAt(rest.slice(index));
		if (set) index += set[0].length - 1;
		else if (rest[index] === "\\") index += 1;
		else if (rest[index] === "{") depth += 1;
		else if (rest[index] === "}" && --depth === 0) return true;
	}
	return false;
}

/** The inside of a set; a range that runs backwards has no characters, as in a shell. */
function ranges(text: string): string {
	const escaped = (character = ""): string =>
		character.replace(/[\\\]^[-]/, "\\$&");
	let result = "";
	for (let index = 0; index < text.length; index++) {
		const from = text[index] as string;
		const to = text[index + 2];
		if (text[index + 1] !== "-" || to === undefined) result += escaped(from);
		else {
			if (from <= to) result += `${escaped(from)}-${escaped(to)}`;
			index += 2;
		}
	}
	return result;
}

function literal(character: string): string {
	return character.replace(/[.*+?^${}()|[\]\\/-]/, "\\$&");
}
