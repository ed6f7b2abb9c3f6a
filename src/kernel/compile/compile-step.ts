import { createWriteStream } from "node:fs";
import { access, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defineStep, type Step, type StepContext } from "../../plan/step.ts";
import { stepFailure } from "../../system/errors.ts";
import { parseConfig, valueIn } from "../kconfig/config-file.ts";
import { kernelOutputs } from "../packaged.ts";
import type { ConfigStep } from "./config-step.ts";
import { installHeaders, installModules } from "./install-modules.ts";
import { type MakeSettings, makeCommand } from "./make.ts";
import { summariseMake } from "./make-log.ts";
import { compilerTools, requireBuildTools, requireHeader } from "./tools.ts";
import type { treeStep } from "./tree-step.ts";

type TreeStep = ReturnType<typeof treeStep>;
type CompileNeeds = { tree: TreeStep; config: ConfigStep };
export type CompileStep = Step<
	| (typeof kernelOutputs)[number]
	| "config"
	| "System.map"
	| "make.log"
	| "warnings",
	CompileNeeds
>;

/**
 * The step that compiles: what every kernel step leaves, plus `config`, `System.map`, the whole
 * `make.log` and its distinct `warnings`; modular kernels also leave `headers.tar.zst`, from which
 * modules outside of the tree can be built.
 */
export function compileStep(options: {
	tree: TreeStep;
	config: ConfigStep;
	/** Seconds since 1970, the time stamp in the kernel. */
	epoch: number;
	jobs?: number | undefined;
}): CompileStep {
	return defineStep({
		name: "kernel/compile",
		title: "compiling the kernel",
		version: 1,
		needs: { tree: options.tree, config: options.config },
		inputs: { values: { epoch: options.epoch }, tools: compilerTools },
		outputs: [...kernelOutputs, "config", "System.map", "make.log", "warnings"],
		async run(context) {
			requireBuildTools();
			const output = join(context.temp, "build");
			await mkdir(output);
			const make: MakeSettings = {
				tree: join(context.needs.tree, "linux"),
				output,
				epoch: options.epoch,
				jobs: options.jobs,
			};
			const config = join(context.needs.config, "config");
			await copyFile(config, join(output, ".config"));
			const values = parseConfig(await readFile(config, "utf8"));
			if (valueIn(values, "OBJTOOL") === "y")
				await requireHeader("gelf.h", "libelf-dev");
			if (valueIn(values, "SYSTEM_TRUSTED_KEYRING") === "y")
				await requireHeader("openssl/evp.h", "libssl-dev");
			const warnings = await compile(context, make);
			const release = makeCommand(make, ["kernelrelease"]);
			const { stdout } = await context.run("make", ["-s", ...release.args], {
				env: release.env,
			});
			const version = stdout.trim().split("\n").at(-1) ?? "";
			await installModules(context, make, version);
			await installHeaders(context, make, version);
			const keep = async (from: string, name: string): Promise<void> =>
				copyFile(join(output, from), join(context.out, name));
			await keep("arch/x86/boot/bzImage", "vmlinuz");
			await keep("System.map", "System.map");
			await keep(".config", "config");
			await writeFile(join(context.out, "version"), version);
			await writeFile(
				join(context.out, "warnings"),
				warnings.map((line) => `${line}\n`).join(""),
			);
		},
	});
}

async function compile(
	context: StepContext<CompileNeeds>,
	make: MakeSettings,
): Promise<string[]> {
	const file = join(context.out, "make.log");
	const sink = createWriteStream(file);
	const lines: string[] = [];
	let compiled = 0;
	const { args, env } = makeCommand(make, ["all"]);
	const { exitCode } = await context.run("make", args, {
		env,
		okExitCodes: [0, 1, 2],
		onLine: (line) => {
			lines.push(line);
			sink.write(`${line}\n`);
			context.log(line);
			if (/^ {2}(CC|AS|LD) /.test(line)) {
				compiled += 1;
				context.progress(compiled, undefined, "items");
			}
		},
	});
	await new Promise<void>((resolve) => sink.end(() => resolve()));
	const { firstError, errors, warnings } = summariseMake(lines);
	if (warnings.length > 0) context.log(`${warnings.length} distinct warnings`);
	if (exitCode !== 0)
		throw stepFailure({
			code: "KERNEL_BUILD_FAILED",
			message: `make failed: ${firstError ?? lines.slice(-5).join("\n")}`,
			hint:
				errors > 1
					? `${errors - 1} further errors follow from it or come after it`
					: "nothing else went wrong before it",
		});
	await access(join(make.output, "arch/x86/boot/bzImage"));
	return warnings;
}
