import { defineCommand, print } from "./command.ts";

export const doctorCommand = defineCommand((program) => {
	program
		.command("doctor")
		.description(
			"check that this machine has what dock0 needs, and say how to mend it",
		)
		.option("--json", "as one JSON document")
		.action(async (options: { json?: boolean }) => {
			const { examineHost } = await import("../pipeline/doctor.ts");
			const checks = await examineHost();
			if (options.json) print(JSON.stringify(checks, undefined, 2));
			else
				for (const { name, state, found, fix } of checks) {
					print(`${state.padEnd(6)}  ${name}: ${found}`);
					if (fix) print(`        fix: ${fix}`);
				}
			if (checks.some(({ state }) => state === "broken")) process.exitCode = 1;
		});
});
