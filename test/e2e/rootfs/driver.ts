// Runs the rootfs steps for one settings file, so that a test can do so as another user and kill it.
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { BuildEvent } from "../../../src/plan/events.ts";
import { execute } from "../../../src/plan/execute.ts";
import { keySteps } from "../../../src/plan/key.ts";
import { defineStep } from "../../../src/plan/step.ts";
import type { PackageFile } from "../../../src/rootfs/backend.ts";
import { backendFor } from "../../../src/rootfs/backends.ts";
import {
	type RootfsSettings,
	rootfsSchema,
} from "../../../src/rootfs/schema.ts";
import { customiseStep, packagesStep } from "../../../src/rootfs/step.ts";
import { wholeStep } from "../../../src/rootfs/whole.ts";
import { interruptSignal } from "../../../src/system/cleanup.ts";
import { environment } from "../../../src/system/environment.ts";
import { ExpectedError } from "../../../src/system/errors.ts";

/** What the driver reads from the file that its argument names. */
interface DriverInput {
	rootfs: unknown;
	config?: unknown;
	/** Bundle of the worker. */
	worker: string;
	refresh?: string;
	/** Install exactly these. */
	locked?: PackageFile[];
	/** Unpack these packages instead of building a root. */
	extract?: string[];
}

const epoch = 1_735_689_600;

function observe(event: BuildEvent): void {
	if (event.type === "step:log") console.error(event.line);
	if (event.type === "step:done")
		console.error(`${event.step} took ${event.seconds.toFixed(1)} s`);
}

async function build(input: DriverInput, settings: RootfsSettings) {
	const packages = packagesStep(settings, {
		...(input.locked
			? { locked: input.locked }
			: { refresh: input.refresh ?? "first" }),
		epoch,
	});
	const customised = customiseStep({
		packages,
		settings,
		config: input.config ?? {},
		epoch,
		workerFile: input.worker,
	});
	const whole = wholeStep({ packages, customised, epoch });
	const entries = await execute({
		steps: await keySteps([whole]),
		observe,
		signal: interruptSignal(),
		logDir: join(environment().cacheDir, "logs"),
	});
	return {
		packages: entries.get(packages.name)?.outputs,
		changes: entries.get(customised.name)?.outputs,
		customised: entries.get(whole.name)?.outputs,
	};
}

async function extract(names: string[], settings: RootfsSettings) {
	const step = defineStep({
		name: "test/extract",
		title: "extracting",
		version: 1,
		needs: {},
		inputs: { values: { unique: randomUUID() } },
		outputs: ["target"],
		async run(context) {
			const target = join(context.out, "target");
			const records = await backendFor(settings).extract(
				context,
				settings,
				names,
				target,
			);
			console.error(JSON.stringify(records));
		},
	});
	const entries = await execute({
		steps: await keySteps([step]),
		observe,
		signal: interruptSignal(),
		logDir: join(environment().cacheDir, "logs"),
	});
	return { target: join(entries.get(step.name)?.outputs ?? "", "target") };
}

try {
	const input = JSON.parse(
		await readFile(process.argv[2] ?? "", "utf8"),
	) as DriverInput;
	const settings = rootfsSchema.parse(input.rootfs);
	const result = input.extract
		? await extract(input.extract, settings)
		: await build(input, settings);
	console.log(JSON.stringify(result));
} catch (error) {
	if (!(error instanceof ExpectedError)) throw error;
	const { problems, exitCode } = error;
	console.log(JSON.stringify({ problems, exitCode }));
	process.exitCode = exitCode;
}
