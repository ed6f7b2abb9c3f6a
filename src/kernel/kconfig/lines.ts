export interface LogicalLine {
	text: string;
	/** Of its first physical line, from 1. */
	line: number;
}

/** Lines of a Kconfig file with continuations joined and help texts left out. */
export function logicalLines(source: string): LogicalLine[] {
	const physical = source.split("\n");
	const lines: LogicalLine[] = [];
	let at = 0;
	while (at < physical.length) {
		const line = at + 1;
		let text = physical[at] ?? "";
		at += 1;
		while (text.endsWith("\\") && at < physical.length) {
			text = `${text.slice(0, -1)} ${physical[at] ?? ""}`;
			at += 1;
		}
		if (/^\s*(---)?help(---)?\s*$/.test(text)) {
			at = endOfHelp(physical, at);
			continue;
		}
		if (text.trim() !== "") lines.push({ text: text.trim(), line });
	}
	return lines;
}

/** A help text ends where the indentation becomes less than that of its first line. */
function endOfHelp(lines: readonly string[], start: number): number {
	let first: number | undefined;
	for (let at = start; at < lines.length; at += 1) {
		const line = lines[at] ?? "";
		if (line.trim() === "") continue;
		const indent = indentation(line);
		first ??= indent;
		if (indent < first || indent === 0) return at;
	}
	return lines.length;
}

function indentation(line: string): number {
	let width = 0;
	for (const character of line) {
		if (character === " ") width += 1;
		else if (character === "\t") width += 8 - (width % 8);
		else break;
	}
	return width;
}
