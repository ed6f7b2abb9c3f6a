import { StringDecoder } from "node:string_decoder";
import { stripVTControlCharacters } from "node:util";

/** How many complete lines are kept in memory; the log file has all. */
const keptLines = 20_000;

/** A place in the console's output: line number from 0, and column in that line. */
export interface Position {
	line: number;
	column: number;
}

/** Turns the bytes of a terminal into plain lines, the last of which may be incomplete (a prompt). */
export interface Transcript {
	add(chunk: Uint8Array): void;
	/** Number of complete lines so far, dropped ones included. */
	readonly lineCount: number;
	/** The incomplete last line, without control sequences. */
	readonly partial: string;
	/** A complete line by its number; undefined when it is not there or no longer kept. */
	lineAt(index: number): string | undefined;
	/** The number of the oldest kept line. */
	readonly first: number;
	/** The last `count` lines, the incomplete one included when it is not empty. */
	tail(count: number): string[];
}

export function createTranscript(): Transcript {
	const decoder = new StringDecoder("utf8");
	let kept: string[] = [];
	let dropped = 0;
	let rest = "";
	return {
		add(chunk) {
			const pieces = (rest + decoder.write(Buffer.from(chunk))).split("\n");
			rest = pieces.pop() ?? "";
			for (const piece of pieces) kept.push(plain(piece));
			if (kept.length > keptLines * 2) {
				dropped += kept.length - keptLines;
				kept = kept.slice(-keptLines);
			}
		},
		get lineCount() {
			return dropped + kept.length;
		},
		get partial() {
			return plain(rest);
		},
		lineAt: (index) => kept[index - dropped],
		get first() {
			return dropped;
		},
		tail(count) {
			const partial = plain(rest);
			const lines = kept.slice(-count);
			return (partial ? [...lines, partial] : lines).slice(-count);
		},
	};
}

/** What a terminal would show: no escape sequences, and after a carriage return only what overwrote the line. */
function plain(text: string): string {
	const visible = stripVTControlCharacters(text).replace(/\r+$/, "");
	return visible.slice(visible.lastIndexOf("\r") + 1);
}
