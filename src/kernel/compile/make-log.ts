/** What matters of make's output. */
export interface MakeSummary {
	/** The error that the others follow from, with the lines of context that the compiler gave. */
	firstError: string | undefined;
	errors: number;
	/** Distinct warnings, in order. */
	warnings: string[];
}

// gcc, the assembler, ld, objtool, Kconfig and shell scripts, in this order
const errorPatterns = [
	/: (fatal )?error: /i,
	/: Error: /,
	/undefined reference to |multiple definition of |cannot find -l/,
	/^(ld|.*\/ld): .*(not found|failed|cannot)/,
	/^\S+:\d+: .*(syntax error|unknown option)/i,
	/: (command )?not found$|No such file or directory|No rule to make target/,
];
const consequence =
	/^make(\[\d+\])?: \*\*\* (?!No rule)|^make(\[\d+\])?: (Entering|Leaving|Target)/;

/** Finds the first real error and the warnings in make's output; `*** Error 2` lines are consequences. */
export function summariseMake(lines: readonly string[]): MakeSummary {
	const real = lines
		.map((line, index) => ({ line, index }))
		.filter(
			({ line }) =>
				!consequence.test(line) &&
				errorPatterns.some((pattern) => pattern.test(line)),
		);
	const first = real[0];
	return {
		firstError: first && withContext(lines, first.index),
		errors: real.length,
		warnings: [
			...new Set(lines.filter((line) => /(^|: )warning: /i.test(line))),
		],
	};
}

/** The compiler shows the source line and a caret below its message. */
function withContext(lines: readonly string[], index: number): string {
	const block = [lines[index] ?? ""];
	for (const line of lines.slice(index + 1, index + 4)) {
		if (!/^\s*\d*\s*\|/.test(line)) break;
		block.push(line);
	}
	return block.join("\n");
}
