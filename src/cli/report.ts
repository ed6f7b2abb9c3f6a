import { defineCommand, print } from "./command.ts";

interface ReportOptions {
	output: string;
	against?: string;
	vulnerabilities?: string;
	boot?: string;
}

export const reportCommand = defineCommand((program) => {
	program
		.command("report")
		.description("write what a release holds as one HTML page")
		.argument("[release]", "its folder (default: this project's build)")
		.option("-o, --output <file>", "the page", "report.html")
		.option("--against <release>", "an older release, to show what changed")
		.option(
			"--vulnerabilities <file>",
			"the Debian security tracker's JSON, or OSV entries",
		)
		.option(
			"--boot <file>",
			"what systemd-analyze plot --json=short printed on the host",
		)
		.action(async (release: string | undefined, options: ReportOptions) => {
			const { findRelease } = await import("../pipeline/find-release.ts");
			const { writeReport } = await import("../report/report.ts");
			print(
				await writeReport({
					release: await findRelease(release),
					...options,
				}),
			);
		});
});
