import type { HostPlan } from "../pipeline/deploy.ts";
import { defineCommand, print, printError } from "./command.ts";
import { confirmByTyping } from "./confirm.ts";
import { choiceOf, type HostOptions, withHosts } from "./hosts.ts";

interface DeployOptions extends HostOptions {
	image?: string;
	dryRun?: boolean;
	abort?: boolean;
	yes?: boolean;
	json?: boolean;
	quiet?: boolean;
}

export const deployCommand = defineCommand((program) => {
	withHosts(
		program
			.command("deploy")
			.description("turn a server into this host, or back if that fails"),
	)
		.option("--all", "every host that has a layer in hosts/")
		.option(
			"--image <file>",
			"gzipped raw disk image (default: built, as by dock0 disk)",
		)
		.option("--dry-run", "show what would be done, and touch nothing")
		.option("--abort", "undo a deploy that stopped halfway")
		.option("-y, --yes", "do not ask")
		.option("--json", "one JSON object a line on standard output")
		.option("-q, --quiet", "say only what went wrong")
		.action(async (files: string[], options: DeployOptions) => {
			const { deployProjects } = await import("../pipeline/deploy.ts");
			const { describeDeployEvent, describeDeployPlan } = await import(
				"../deploy/describe.ts"
			);
			const plainly = !options.json && !options.quiet;
			const { observer } = await import("./observer.ts");
			const progress = await observer(options);
			const outcomes = await deployProjects({
				...choiceOf(files, options),
				image: options.image,
				observe: progress.observe,
				dryRun: options.dryRun === true,
				abort: options.abort === true,
				confirm(plans) {
					progress.stop();
					return confirmPlans(plans, options, describeDeployPlan);
				},
				report(event) {
					if (options.json) print(JSON.stringify(event));
					else if (!options.quiet) printError(describeDeployEvent(event));
				},
			}).finally(() => progress.stop());
			for (const outcome of outcomes)
				if (options.json)
					print(JSON.stringify({ type: "outcome", ...outcome }));
				else if (outcome.outcome === "planned" && outcome.plan)
					print(describeDeployPlan(outcome.host, outcome.plan));
				else if (plainly) print(`${outcome.host}: ${outcome.outcome}`);
		});
});

async function confirmPlans(
	plans: readonly HostPlan[],
	options: DeployOptions,
	describe: (host: string, plan: HostPlan["plan"]) => string,
): Promise<boolean> {
	if (!options.json && !options.quiet)
		for (const { host, plan } of plans) printError(describe(host, plan));
	if (options.yes) return true;
	const [first] = plans;
	return plans.length === 1 && first
		? confirmByTyping("Go ahead?", first.host)
		: confirmByTyping(`Go ahead with ${plans.length} hosts?`, "yes");
}
