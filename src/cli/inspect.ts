import { InvalidArgumentError } from "commander";
import { defineCommand, print } from "./command.ts";

interface InspectOptions {
	json?: boolean;
	most: number;
}

export const inspectCommand = defineCommand((program) => {
	program
		.command("inspect")
		.description("what a release holds: sizes, packages, services, ports")
		.argument("[release]", "its folder (default: this project's build)")
		.option("--most <count>", "how long the lists may be", parseCount, 15)
		.option("--json", "as one JSON document, whole")
		.action(async (release: string | undefined, options: InspectOptions) => {
			const { findRelease } = await import("../pipeline/find-release.ts");
			const { releaseFacts } = await import("../report/facts.ts");
			const { describeFacts } = await import("../report/inspect.ts");
			const facts = await releaseFacts(await findRelease(release));
			print(
				options.json
					? JSON.stringify(facts, undefined, 2)
					: describeFacts(facts, options.most),
			);
		});
});

export const diffCommand = defineCommand((program) => {
	program
		.command("diff")
		.description(
			"what changed from one release to another (default: this project's last two)",
		)
		.argument("[before]", "folder of the older release")
		.argument("[after]", "folder of the newer one")
		.option("--most <count>", "how long the lists may be", parseCount, 40)
		.option("--json", "as one JSON document, whole")
		.action(
			async (
				before: string | undefined,
				after: string | undefined,
				options: InspectOptions,
			) => {
				const { findReleases } = await import("../pipeline/find-release.ts");
				const { releaseFacts } = await import("../report/facts.ts");
				const { difference } = await import("../report/difference.ts");
				const { describeDifference } = await import("../report/inspect.ts");
				const [old, fresh] = await findReleases(before, after);
				const found = difference(
					await releaseFacts(old),
					await releaseFacts(fresh),
				);
				print(
					options.json
						? JSON.stringify(found, undefined, 2)
						: describeDifference(found, options.most),
				);
			},
		);
});

function parseCount(text: string): number {
	const count = Number(text);
	if (!Number.isInteger(count) || count < 1)
		throw new InvalidArgumentError("a number of 1 or more is wanted");
	return count;
}
