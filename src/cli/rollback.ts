import { defineCommand } from "./command.ts";
import {
	lineTeller,
	type TargetOptions,
	targetFor,
	withTarget,
} from "./host-target.ts";

export const rollbackCommand = defineCommand((program) => {
	withTarget(
		program,
		"rollback",
		"bring the bundle before the present one back on a running host",
	).action(async (files: string[], options: TargetOptions) => {
		const { target } = await targetFor(files, options);
		const { rollBack } = await import("../deploy/push.ts");
		const { interruptSignal } = await import("../system/cleanup.ts");
		await rollBack(target, {
			signal: interruptSignal(),
			onLine: lineTeller(options),
		});
	});
});
