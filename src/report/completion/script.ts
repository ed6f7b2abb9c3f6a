import { bashCompletion } from "./bash.ts";
import { fishCompletion } from "./fish.ts";
import type { CommandWords } from "./words.ts";
import { zshCompletion } from "./zsh.ts";

const writers = {
	bash: bashCompletion,
	zsh: zshCompletion,
	fish: fishCompletion,
};

/** The completion script of a program for one shell. Pure. */
export function completionScript(
	shell: keyof typeof writers,
	root: CommandWords,
): string {
	return writers[shell](root);
}
