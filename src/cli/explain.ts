import { defineCommand, type ProjectOptions, print } from "./command.ts";

interface ExplainOptions extends ProjectOptions {
	config?: string[];
	json?: boolean;
}

export const explainCommand = defineCommand((program) => {
	program
		.command("explain")
		.description(
			"print resolved values, and which layer set, overrode or appended each",
		)
		.argument(
			"[key]",
			"a key such as vm.memory, or a map such as rootfs (default: everything)",
		)
		.option(
			"-c, --config <layers...>",
			"config layers, lowest first (default: found by itself)",
		)
		.option("-C, --directory <dir>", "work as if started in this folder")
		.option("--json", "as one JSON document")
		.action(async (key: string | undefined, options: ExplainOptions) => {
			const { loadProject } = await import("../pipeline/project.ts");
			const { formatExplanation } = await import("../config/explain.ts");
			const { config } = await loadProject({
				files: options.config ?? [],
				directory: options.directory,
			});
			const explanations = config.explain(key);
			print(
				options.json
					? JSON.stringify(explanations, undefined, 2)
					: formatExplanation(explanations),
			);
		});
});
