// Runs the two rootfs steps for one settings file, for tests that do so as another user.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execute } from "../../src/plan/execute.ts";
import { keySteps } from "../../src/plan/key.ts";
import { rootfsSchema } from "../../src/rootfs/schema.ts";
import { customiseStep, packagesStep } from "../../src/rootfs/step.ts";
import { interruptSignal } from "../../src/system/cleanup.ts";
import { environment } from "../../src/system/environment.ts";
import { ExpectedError } from "../../src/system/errors.ts";

interface DriverInput {
	rootfs: unknown;
	config: unknown;
	workerFile: string;
	refresh: string;
}

const epoch = 1_735_689_600;

try {
	const input = JSON.parse(
		await readFile(process.argv[2] ?? "", "utf8"),
	) as DriverInput;
	const settings = rootfsSchema.parse(input.rootfs);
	const packages = packagesStep(settings, { refresh: input.refresh, epoch });
	const customised = customiseStep({
		packages,
		settings,
		config: input.config,
		epoch,
		workerFile: input.workerFile,
	});
	const entries = await execute({
		steps: await keySteps([customised]),
		observe: (event) => {
			if (event.type === "step:log") console.error(event.line);
			else if (event.type === "step:done")
				console.error(`${event.step} took ${event.seconds.toFixed(1)} s`);
		},
		signal: interruptSignal(),
		logDir: join(environment().cacheDir, "logs"),
	});
	const outputs = (step: { name: string }): string =>
		entries.get(step.name)?.outputs ?? "";
	console.log(
		JSON.stringify({
			packages: outputs(packages),
			customised: outputs(customised),
		}),
	);
} catch (error) {
	if (!(error instanceof ExpectedError)) throw error;
	console.log(
		JSON.stringify({ problems: error.problems, exitCode: error.exitCode }),
	);
	process.exitCode = error.exitCode;
}
