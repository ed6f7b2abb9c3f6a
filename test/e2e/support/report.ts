import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkout, dock0 } from "./dock0.ts";

/**
 * Builds two releases of the web server template below `folder`, and the report of the second with all
 * that a report can hold.
 * @returns the page's path
 */
export async function makeReport(folder: string): Promise<string> {
	const project = join(folder, "web1");
	const must = async (...args: string[]): Promise<void> => {
		const { exitCode, stderr } = await dock0(args, { cwd: folder });
		if (exitCode !== 0) throw new Error(`${args.join(" ")}:\n${stderr}`);
	};
	await must("init", "web1", "--yes");
	await must("build", "-C", "web1", "-o", "old");
	const config = await readFile(join(project, "dock0.yaml"), "utf8");
	await writeFile(
		join(project, "dock0.yaml"),
		`${config.replace("memory: 512", "memory: 768")}\nkernel: { cmdline+: [loglevel=3] }\nrelease: { version: "1.1" }\n`,
	);
	const page = join(project, "overlay/var/www/html");
	await writeFile(join(page, "index.html"), "<p>Another page\n");
	await mkdir(join(page, "more"));
	await writeFile(join(page, "more/new.html"), "<p>A new page\n");
	await must("build", "-C", "web1");
	const report = join(folder, "report.html");
	await must(
		...["report", "web1/build/web1", "--against", "web1/old/web1"],
		...["--vulnerabilities", checkout("test/fixtures/report/tracker.json")],
		...["--boot", checkout("test/fixtures/report/times.json")],
		...["-o", report],
	);
	return report;
}
