import { resolve } from "node:path";
import {
	defineCommand,
	type OutputOptions,
	type ProjectOptions,
	print,
	printError,
	withOutput,
} from "./command.ts";

interface VerifyOptions extends ProjectOptions, OutputOptions {
	user?: string;
}

export const verifyCommand = defineCommand((program) => {
	withOutput(
		program
			.command("verify")
			.description(
				"build a release again with an empty cache and compare every byte; exit code 1 when one differs",
			)
			.argument("<release>", "the release's folder")
			.argument("[config...]", "the layers that it was built from")
			.option("-C, --directory <dir>", "work as if started in this folder"),
	)
		.option("--user <name>", "build as this user (only as root)")
		.action(
			async (release: string, files: string[], options: VerifyOptions) => {
				const { rebuildAndCompare } = await import("../pipeline/verify.ts");
				const { loadProject } = await import("../pipeline/project.ts");
				const { describeVerification } = await import("../report/verify.ts");
				const project = await loadProject({
					files,
					directory: options.directory,
				});
				const result = await rebuildAndCompare(
					resolve(project.startedIn, release),
					project,
					{
						files,
						user: options.user,
						onLine: options.quiet ? () => undefined : printError,
					},
				);
				if (options.json)
					print(JSON.stringify({ type: "verification", ...result }));
				else if (!options.quiet || result.different.length > 0)
					print(describeVerification(result));
				if (result.different.length > 0) process.exitCode = 1;
			},
		);
});
