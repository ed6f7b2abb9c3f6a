import { defineCommand, print } from "./command.ts";
import { type TargetOptions, targetFor, withTarget } from "./host-target.ts";

export const statusCommand = defineCommand((program) => {
	withTarget(
		program,
		"status",
		"ask a running host which bundle is in force, and how its containers are",
	).action(async (files: string[], options: TargetOptions) => {
		const { target } = await targetFor(files, options);
		const { hostStatus } = await import("../deploy/push.ts");
		const facts = await hostStatus(target);
		if (options.json) print(JSON.stringify({ type: "status", facts }));
		else
			for (const [name, value] of Object.entries(facts))
				print(`${name.padEnd(20)} ${value}`);
	});
});
