import { packageVersion } from "../system/package-files.ts";
import { defineCommand, print } from "./command.ts";

export const manualCommand = defineCommand((program) => {
	program
		.command("manual")
		.description("print the manual page, in roff")
		.action(async () => {
			const { wordsOf } = await import("./words.ts");
			const { manualFacts, manualPage } = await import("../report/manual.ts");
			print(
				manualPage(wordsOf(program), {
					version: packageVersion(),
					...manualFacts,
				}).trimEnd(),
			);
		});
});
