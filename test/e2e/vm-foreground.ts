// Started by vm.test.ts as a program of its own, to be interrupted: boots a release in the foreground.
import { ExpectedError, formatProblem } from "../../src/system/errors.ts";
import { bootRelease } from "../../src/vm/release.ts";
import { vmSchema } from "../../src/vm/schema.ts";

const [folder = "", name = "", settings = "{}"] = process.argv.slice(2);
try {
	const outcome = await bootRelease({
		folder,
		rootFile: "root.squashfs",
		name,
		settings: vmSchema.parse(JSON.parse(settings)),
		mode: {
			kind: "foreground",
			terminal: { input: process.stdin, output: process.stdout },
		},
		onEvent: (event) => {
			if (event.type === "started") process.stderr.write(`pid ${event.pid}\n`);
		},
	});
	process.stderr.write(`outcome ${JSON.stringify(outcome)}\n`);
	process.exitCode = 0;
} catch (error) {
	if (!(error instanceof ExpectedError)) throw error;
	for (const problem of error.problems)
		process.stderr.write(`${formatProblem(problem)}\n`);
	process.exitCode = error.exitCode;
}
