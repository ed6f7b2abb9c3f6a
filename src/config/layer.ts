import type { Where } from "../system/errors.ts";

/** One config file, where it came from, and its text for messages. */
export interface Layer {
	/** Absolute path. */
	readonly file: string;
	/** For people: a shipped profile's name (`dock0/debian`) or the path, short if below the current folder. */
	readonly label: string;
	/** What messages show as the file. */
	readonly shownFile: string;
	readonly kind: "yaml" | "json" | "module";
	/** True when `extends` brought it in and nobody named it on the command line. */
	readonly inherited: boolean;
	/** Empty for modules, whose values have no known line. */
	readonly lines: readonly string[];
}

/** A place in a layer; line and column count from 1. */
export interface Origin {
	readonly layer: Layer;
	readonly line: number;
	readonly column: number;
}

/** Minified JSON has one endless line, which would bury the message. */
const widestColumn = 160;

/** The place as errors show it, with the text of the line where there is one. */
export function placeOf(origin: Origin): Where {
	const line = origin.layer.lines[origin.line - 1];
	const text =
		origin.column > widestColumn
			? undefined
			: line?.slice(0, widestColumn + 40);
	return {
		file: origin.layer.shownFile,
		line: origin.line,
		column: origin.column,
		...(text === undefined ? {} : { text }),
	};
}

/** `file:line` inside a sentence. */
export function mention(origin: Origin): string {
	return `${origin.layer.label}:${origin.line}`;
}

/** Turns offsets in a text into lines and columns, both from 1. */
export function originFinder(
	layer: Layer,
	text: string,
): (offset: number) => Origin {
	const starts = [0];
	for (
		let index = text.indexOf("\n");
		index >= 0;
		index = text.indexOf("\n", index + 1)
	)
		starts.push(index + 1);
	return (offset) => {
		let low = 0;
		let high = starts.length - 1;
		while (low < high) {
			const middle = Math.ceil((low + high) / 2);
			if ((starts[middle] ?? 0) <= offset) low = middle;
			else high = middle - 1;
		}
		return { layer, line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
	};
}
