import { defineCommand, print } from "./command.ts";
import {
	lineTeller,
	type TargetOptions,
	targetFor,
	withTarget,
} from "./host-target.ts";

interface PushCommandOptions extends TargetOptions {
	output?: string;
	check?: boolean;
}

export const pushCommand = defineCommand((program) => {
	withTarget(
		program,
		"push",
		"send the host's bundle to the running host, which changes to it, and undoes it when it cuts itself off",
	)
		.option("-o, --output <dir>", "folder for the bundle, as of dock0 config")
		.option("--check", "only say what would change")
		.action(async (files: string[], options: PushCommandOptions) => {
			const { project, target } = await targetFor(files, options);
			const { buildBundle, hostOf } = await import("../pipeline/bundle.ts");
			const { checkBundle, pushBundle } = await import("../deploy/push.ts");
			const { interruptSignal } = await import("../system/cleanup.ts");
			const signal = interruptSignal();
			const bundle = await buildBundle(project, {
				output: options.output,
				signal,
			});
			const onLine = lineTeller(options);
			if (options.check) {
				await checkBundle(target, bundle.folder, { signal, onLine });
				return;
			}
			const begun = performance.now();
			const result = await pushBundle(target, bundle.folder, {
				confirmSeconds: hostOf(project).push.confirmSeconds,
				signal,
				onLine,
			});
			const seconds = (performance.now() - begun) / 1000;
			if (options.json)
				print(
					JSON.stringify({ type: "pushed", ...result, ...bundle, seconds }),
				);
			else if (!options.quiet)
				print(
					`${target.destination} has bundle ${bundle.record.sha256.slice(0, 12)}: ${result.bytes} bytes in ${seconds.toFixed(1)}s`,
				);
		});
});
