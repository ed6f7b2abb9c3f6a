// Static checks, side by side: types, lint, format and import direction, dead code, shell scripts.
import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";

const run = promisify(execFile);
const { stdout } = await run("git", [
	"ls-files",
	"--cached",
	"--others",
	"--exclude-standard",
]);
const tracked = stdout.split("\n").filter(Boolean);
// The parts of the init are checked as the one script they become, by its unit test; so are the recipes
// of the Arch test repository.
const shell = tracked.filter(
	(file) =>
		(file.endsWith(".sh") &&
			!/^(src\/initramfs|test\/arch-repository)\//.test(file)) ||
		file === ".ci/run" ||
		/^profiles\/(host|s6|systemd)\/usr\/lib\/dock0\/(?!s6\/(dhcpcd\.conf|getty\/down-signal)$)/.test(
			file,
		) ||
		/^(profiles|test\/hosts)\/s6.*\/(sbin\/init|run|finish|check|reload|PWRF\/.*)$/.test(
			file,
		) ||
		/^profiles\/.*\/(bin\/|dock0\/(ready|health$|update-report|identity\/(main|.*\.sh)))/.test(
			file,
		),
);
const checks = {
	types: ["npx", ["tsc", "-p", "."]],
	"types of the page": ["npx", ["tsc", "-p", "src/ui/page"]],
	lint: ["npx", ["biome", "check", "--error-on-warnings", "."]],
	"dead code": ["npx", ["knip", "--no-progress"]],
	// SC2187 only says that busybox is checked as dash.
	shell: ["shellcheck", ["-x", "-e", "SC2187", ...shell]],
};
let failed = 0;
await Promise.all(
	Object.entries(checks).map(async ([name, [command, args]]) => {
		try {
			await run(command, args, { maxBuffer: 64 * 1024 * 1024 });
			console.log(`check ${name}: fine`);
		} catch (error) {
			failed += 1;
			console.log(
				`check ${name}: FAILED\n${error.stdout ?? ""}${error.stderr ?? error}`,
			);
		}
	}),
);
process.exitCode = failed === 0 ? 0 : 1;
