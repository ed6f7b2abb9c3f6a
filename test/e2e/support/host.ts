import { builtRelease } from "../../../src/pipeline/boot.ts";
import { loadProject, releaseFolder } from "../../../src/pipeline/project.ts";
import { chooseAccelerator } from "../../../src/vm/accelerator.ts";
import { bootVm } from "../../../src/vm/boot.ts";
import { releaseMachine } from "../../../src/vm/release-machine.ts";
import type { RunningVm } from "../../../src/vm/running-vm.ts";
import type { VmSettings } from "../../../src/vm/schema.ts";
import { dock0 } from "./dock0.ts";

/** Builds layers with the command line; returns the release's folder. */
export async function buildHost(
	files: readonly string[],
	output: string,
): Promise<string> {
	const { exitCode, stderr } = await dock0([
		"build",
		...files,
		"--output",
		output,
	]);
	if (exitCode !== 0)
		throw new Error(`the build ended with ${exitCode}:\n${stderr}`);
	return releaseFolder(await loadProject({ files }), output);
}

/** Starts a built host, each forwarded port on a free one of ours; the caller stops it. */
export async function bootHost(
	files: readonly string[],
	output: string,
	options: {
		name: string;
		stateFile?: string;
		/** Other settings for this one machine. */
		vm?: Partial<VmSettings>;
	},
): Promise<RunningVm> {
	const project = await loadProject({ files });
	const vm = { ...project.config.value.vm, ...options.vm };
	const { accelerator } = await chooseAccelerator(vm.accel);
	// Of the code that a running kernel changes in itself, what this leaves unchanged runs the most, and an
	// emulator of two processors can fall over it (docs/reliability.md).
	const unpatched = accelerator === "tcg" ? ["cgroup.memory=nokmem"] : [];
	const machine = await releaseMachine(
		{
			...(await builtRelease(project, output)),
			name: options.name,
			settings: {
				...vm,
				append: [...vm.append, ...unpatched],
				ports: vm.ports.map((port) =>
					typeof port === "string"
						? port.replace(/^\d+:/, "0:")
						: { ...port, host: 0 },
				),
				...(options.stateFile ? { state: "4G" } : {}),
			},
			reboot: false,
			...(options.stateFile ? { stateFile: options.stateFile } : {}),
		},
		accelerator,
	);
	const running = await bootVm({ name: options.name, machine });
	poweredOn.set(running, performance.now());
	return running;
}

const poweredOn = new WeakMap<RunningVm, number>();

/** Of a machine that `bootHost` started. */
export function secondsSincePowerOn(vm: RunningVm): number {
	return (performance.now() - (poweredOn.get(vm) ?? Number.NaN)) / 1000;
}
