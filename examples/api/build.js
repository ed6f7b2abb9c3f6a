// Plans, builds and looks at a project by dock0's programming interface: node build.js [FOLDER]
import { build, ExpectedError, inspect, loadProject, plan } from "dock0";

try {
	const project = await loadProject({ files: [], directory: process.argv[2] });
	const steps = await plan(project);
	const toRun = steps.filter(({ state }) => state === "runs");
	console.log(
		`${project.name}: ${toRun.length} of ${steps.length} steps to run`,
	);

	const { folder } = await build(project, {
		observe(event) {
			if (event.type === "step:done")
				console.log(`${event.title}: ${event.seconds.toFixed(1)} s`);
		},
	});

	const { packages, parts } = await inspect(folder);
	const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
	const [largest] = packages;
	console.log(`${folder}: ${(bytes / 1e6).toFixed(0)} MB`);
	console.log(`largest: ${largest?.name}`);
} catch (error) {
	// What a person can mend has a code, a message and a hint; anything else is a bug.
	if (!(error instanceof ExpectedError)) throw error;
	for (const { code, message, hint } of error.problems)
		console.error(`${code}: ${message}${hint ? ` (${hint})` : ""}`);
	process.exitCode = error.exitCode;
}
