import { Argument } from "commander";
import { defineCommand, print } from "./command.ts";

export const completionCommand = defineCommand((program) => {
	program
		.command("completion")
		.description("print a completion script for your shell")
		.addArgument(
			new Argument("<shell>", "which one").choices(["bash", "zsh", "fish"]),
		)
		.action(async (shell: "bash" | "zsh" | "fish") => {
			const { wordsOf } = await import("./words.ts");
			const { completionScript } = await import(
				"../report/completion/script.ts"
			);
			print(completionScript(shell, wordsOf(program)).trimEnd());
		});
});
