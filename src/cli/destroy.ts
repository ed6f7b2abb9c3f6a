import { defineCommand, print, printError } from "./command.ts";
import { confirmByTyping } from "./confirm.ts";
import { choiceOf, type HostOptions, withHosts } from "./hosts.ts";

export const destroyCommand = defineCommand((program) => {
	withHosts(
		program
			.command("destroy")
			.description("remove a host's server, with all of its disks"),
	)
		.option("-y, --yes", "do not ask")
		.action(
			async (files: string[], options: HostOptions & { yes?: boolean }) => {
				const { destroyServer } = await import("../pipeline/destroy.ts");
				const done = await destroyServer(
					choiceOf(files, options),
					async (label, losses) => {
						printError(
							["gone for good:", ...losses.map((loss) => `  ! ${loss}`)].join(
								"\n",
							),
						);
						return (
							options.yes === true || confirmByTyping("Destroy it?", label)
						);
					},
				);
				print(done ? "destroyed" : "left alone");
			},
		);
});
