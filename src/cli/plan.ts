import {
	defineCommand,
	type ProjectOptions,
	print,
	withConfig,
} from "./command.ts";

interface PlanOptions extends ProjectOptions {
	json?: boolean;
}

export const planCommand = defineCommand((program) => {
	withConfig(
		program
			.command("plan")
			.description(
				"show the steps of a build, what is cached, and why the rest must run",
			),
	)
		.option("--json", "as one JSON document")
		.action(async (files: string[], options: PlanOptions) => {
			const { planProject, describePlan } = await import("../pipeline/plan.ts");
			const { loadProject } = await import("../pipeline/project.ts");
			const plan = await planProject(
				await loadProject({ files, directory: options.directory }),
			);
			print(
				options.json ? JSON.stringify(plan, undefined, 2) : describePlan(plan),
			);
		});
});
