import { defineCommand, print, printError } from "./command.ts";

export const vmCommand = defineCommand((program) => {
	const vm = program
		.command("vm")
		.description("machines that dock0 boot --detach left running");
	vm.command("list")
		.description("show them")
		.option("--json", "as one JSON document")
		.action(async (options: { json?: boolean }) => {
			const { listVms } = await import("../vm/detach.ts");
			const vms = await listVms();
			if (options.json) {
				print(JSON.stringify(vms, undefined, 2));
				return;
			}
			for (const { name, qemu, ports, startedAt } of vms)
				print(
					`${name}  pid ${qemu.pid}  since ${startedAt}  ${ports.map(({ host, guest }) => `${host}->${guest}`).join(" ")}`,
				);
			if (vms.length === 0) printError("none is running");
		});
	vm.command("stop")
		.description(
			"press the power button, and cut it off when that does not help",
		)
		.argument("<name>")
		.action(async (name: string) => {
			const { stopVm } = await import("../vm/detach.ts");
			print(`${name}: ${(await stopVm(name)).replace("-", " ")}`);
		});
	vm.command("console")
		.description("attach this terminal to the serial console; Ctrl-] leaves it")
		.argument("<name>")
		.action(async (name: string) => {
			const { connectConsole } = await import("../vm/detach.ts");
			const { attachTerminal } = await import("../vm/attach.ts");
			const { console, disconnect } = await connectConsole(name);
			try {
				await attachTerminal(console, {
					input: process.stdin,
					output: process.stdout,
				});
			} finally {
				disconnect();
			}
		});
});
