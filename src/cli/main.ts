import { Command, CommanderError } from "commander";
import { packageVersion } from "../system/package-files.ts";
import { bootCommand } from "./boot.ts";
import { buildCommand } from "./build.ts";
import { cleanCommand } from "./clean.ts";
import { doctorCommand } from "./doctor.ts";
import { explainCommand } from "./explain.ts";
import { reportFailure } from "./failure.ts";
import { initCommand } from "./init.ts";
import { kernelCommand } from "./kernel.ts";
import { keysCommand } from "./keys.ts";
import { planCommand } from "./plan.ts";
import { releaseCommand } from "./release.ts";
import { schemaCommand } from "./schema.ts";
import { vmCommand } from "./vm.ts";

const program = new Command("dock0")
	.description(
		"Turns a few stacked config files into a minimal, read-only Linux host, and boots it.",
	)
	.version(packageVersion())
	.showHelpAfterError("(dock0 --help shows what there is)")
	.showSuggestionAfterError()
	.addHelpText(
		"after",
		`
Examples:
  dock0 init                              begin a project
  dock0 build                             build the dock0.yaml of this folder
  dock0 build base.yaml hosts/web1.yaml   stack layers, the last one wins
  dock0 boot                              start what was built in QEMU
  dock0 explain vm.memory                 who set this value, and to what

Exit codes: 0 done, 1 a step failed, 2 the input was bad, 128+n ended by signal n.`,
	);

for (const register of [
	initCommand,
	buildCommand,
	bootCommand,
	planCommand,
	explainCommand,
	schemaCommand,
	vmCommand,
	kernelCommand,
	releaseCommand,
	keysCommand,
	cleanCommand,
	doctorCommand,
])
	register(program);

throwInsteadOfExit(program);
// `dock0 schema | head` closes the pipe early, which is no error of anybody's.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
	if (error.code !== "EPIPE") throw error;
	process.exit();
});

try {
	await program.parseAsync();
} catch (error) {
	if (error instanceof CommanderError)
		// --help and --version come here too, with exit code 0
		process.exitCode = error.exitCode === 0 ? 0 : 2;
	else
		process.exitCode = reportFailure(error, {
			json: process.argv.includes("--json"),
		});
}

/** Also for commands of commands, so that wrong usage ends with our exit code. */
function throwInsteadOfExit(command: Command): void {
	command.exitOverride();
	for (const child of command.commands) throwInsteadOfExit(child);
}
