import { Command } from "commander";
import { packageVersion } from "../system/package-files.ts";
import { bootCommand } from "./boot.ts";
import { buildCommand } from "./build.ts";
import { cleanCommand } from "./clean.ts";
import { completionCommand } from "./completion.ts";
import { configCommand } from "./config.ts";
import { consoleCommand } from "./console.ts";
import { deployCommand } from "./deploy.ts";
import { destroyCommand } from "./destroy.ts";
import { devCommand } from "./dev.ts";
import { diskCommand } from "./disk.ts";
import { doctorCommand } from "./doctor.ts";
import { addExamples } from "./examples.ts";
import { explainCommand } from "./explain.ts";
import { initCommand } from "./init.ts";
import { diffCommand, inspectCommand } from "./inspect.ts";
import { kernelCommand } from "./kernel.ts";
import { keysCommand } from "./keys.ts";
import { lockCommand } from "./lock.ts";
import { manualCommand } from "./manual.ts";
import { planCommand } from "./plan.ts";
import { pushCommand } from "./push.ts";
import { releaseCommand } from "./release.ts";
import { reportCommand } from "./report.ts";
import { rollbackCommand } from "./rollback.ts";
import { schemaCommand } from "./schema.ts";
import { sshCommand } from "./ssh.ts";
import { statusCommand } from "./status.ts";
import { uiCommand } from "./ui.ts";
import { verifyCommand } from "./verify.ts";
import { vmCommand } from "./vm.ts";

/** The whole command line, ready to parse. */
export function createProgram(): Command {
	const program = new Command("dock0")
		.description(
			"Turns a few stacked config files into a minimal, read-only Linux host, and boots it.",
		)
		.version(packageVersion())
		.showHelpAfterError("(dock0 --help shows what there is)")
		.showSuggestionAfterError();
	for (const register of [
		initCommand,
		buildCommand,
		bootCommand,
		devCommand,
		diskCommand,
		configCommand,
		pushCommand,
		statusCommand,
		rollbackCommand,
		planCommand,
		lockCommand,
		verifyCommand,
		explainCommand,
		schemaCommand,
		vmCommand,
		deployCommand,
		sshCommand,
		consoleCommand,
		destroyCommand,
		kernelCommand,
		releaseCommand,
		inspectCommand,
		diffCommand,
		reportCommand,
		uiCommand,
		keysCommand,
		cleanCommand,
		doctorCommand,
		completionCommand,
		manualCommand,
	])
		register(program);
	addExamples(program);
	program.addHelpText(
		"after",
		`
Exit codes: 0 done, 1 a step failed, 2 the input was bad, 128+n ended by signal n,
70 a bug of dock0. With --json, events on standard output; NO_COLOR turns colours off.`,
	);
	throwInsteadOfExit(program);
	return program;
}

/** Also for commands of commands, so that wrong usage ends with our exit code. */
function throwInsteadOfExit(command: Command): void {
	command.exitOverride();
	for (const child of command.commands) throwInsteadOfExit(child);
}
