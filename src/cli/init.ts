import { Option } from "commander";
import { defineCommand, isInteractive, print } from "./command.ts";

interface InitOptions {
	template?: string;
	name?: string;
	yes?: boolean;
}

export const initCommand = defineCommand((program) => {
	program
		.command("init")
		.description("write a small commented project that builds at once")
		.argument("[directory]", "where; made if it is not there", ".")
		.addOption(
			new Option("-t, --template <name>", "what to begin with").choices([
				"web-server",
				"swarm-node",
				"linode",
				"arch-minimal",
				"kiosk",
			]),
		)
		.option("--name <name>", "name of the host (default: that of the folder)")
		.option("-y, --yes", "ask nothing, take the defaults")
		.action(async (directory: string, options: InitOptions) => {
			const { resolve } = await import("node:path");
			const { initProject } = await import("../pipeline/init.ts");
			const folder = resolve(directory);
			const answers = await answersFor(folder, options);
			const files = await initProject({ directory: folder, ...answers });
			for (const file of files) print(`wrote ${file}`);
			const go = directory === "." ? "" : `cd ${directory} && `;
			print(`next: ${go}dock0 build && dock0 boot`);
		});
});

async function answersFor(folder: string, options: InitOptions) {
	const { nameForFolder, problemOfName, projectTemplates, templateNamed } =
		await import("../pipeline/init.ts");
	const name = options.name ?? nameForFolder(folder);
	const template = options.template
		? templateNamed(options.template)
		: "web-server";
	if (
		options.yes ||
		(options.template && options.name) ||
		!(isInteractive() && process.stdin.isTTY)
	)
		return { name, template };
	const { input, select } = await import("@inquirer/prompts");
	const { ExpectedError } = await import("../system/errors.ts");
	try {
		return {
			template: options.template
				? template
				: await select({
						message: "What shall it be?",
						choices: Object.entries(projectTemplates).map(
							([value, description]) => ({
								value: templateNamed(value),
								name: `${value.padEnd(13)} ${description}`,
								short: value,
							}),
						),
					}),
			name:
				options.name ??
				(await input({
					message: "Name of the host",
					default: name,
					validate: (text) => problemOfName(text) ?? true,
				})),
		};
	} catch (error) {
		if (error instanceof Error && error.name === "ExitPromptError")
			throw new ExpectedError(
				{
					code: "INIT_STOPPED",
					message: "stopped, and nothing was written",
					hint: "without questions: dock0 init --template web-server --yes",
				},
				{ cause: error },
			);
		throw error;
	}
}
