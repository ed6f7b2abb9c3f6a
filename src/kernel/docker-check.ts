import { access, copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { environment } from "../system/environment.ts";
import { ExpectedError, stepFailure } from "../system/errors.ts";
import { run } from "../system/process.ts";
import { hostAptPackages } from "./source/host-apt.ts";

/** One line of Docker's check-config.sh about a kernel option. */
export interface DockerCheckItem {
	/** Heading, e.g. `Generally Necessary` or `Optional Features`. */
	section: string;
	option: string;
	/** `enabled`, `enabled (as module)` or `missing`. */
	state: string;
}

export interface DockerCheck {
	items: DockerCheckItem[];
	/** Options that are missing although generally necessary. */
	missing: string[];
	/** Missing ones that only some features need. */
	missingOptional: string[];
}

const scriptInPackage = "usr/share/docker.io/contrib/check-config.sh";

/**
 * Runs Docker's own check-config.sh on a .config.
 * @throws ExpectedError when the script cannot be had, or read no option at all.
 */
export async function checkForDocker(config: string): Promise<DockerCheck> {
	await access(config).catch((cause: unknown) => {
		throw new ExpectedError(
			{
				code: "KERNEL_CONFIG_MISSING",
				message: `there is no kernel config ${config}`,
				hint: "name a .config, e.g. the `config` that a compiled kernel has beside it",
			},
			{ cause },
		);
	});
	const { stdout } = await run("bash", [await checkScript(), config], {
		okExitCodes: [0, 1],
		env: { LC_ALL: "C" },
	});
	const check = parseDockerCheck(stdout);
	if (!check.items.some(({ section }) => section === "Generally Necessary"))
		throw stepFailure({
			code: "KERNEL_CHECK_FAILED",
			message: `check-config.sh said nothing about ${config}`,
		});
	return check;
}

/**
 * Fails unless everything generally necessary is there.
 * @throws ExpectedError KERNEL_DOCKER_UNFIT (exit code 1).
 */
export function requireDockerFit({ missing }: DockerCheck): void {
	if (missing.length > 0)
		throw stepFailure({
			code: "KERNEL_DOCKER_UNFIT",
			message: `Docker needs ${missing.join(", ")}, which this kernel lacks`,
			hint: "add the shipped fragment `docker` to kernel.config",
		});
}

/** Reads the script's output. The lines about this machine rather than the config are left out. */
export function parseDockerCheck(output: string): DockerCheck {
	const items: DockerCheckItem[] = [];
	let section = "";
	for (const colored of output.split("\n")) {
		// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are escape sequences
		const line = colored.replace(/\x1b\[[\d;]*m/g, "");
		const heading = /^(\S[^:]*):\s*$/.exec(line)?.[1];
		if (heading && !heading.startsWith("-")) section = heading;
		const item = /^\s*- CONFIG_(\w+): (.+?)\s*$/.exec(line);
		if (item?.[1] && item[2])
			items.push({ section, option: `CONFIG_${item[1]}`, state: item[2] });
	}
	const missingIn = (necessary: boolean): string[] =>
		items
			.filter(
				(item) =>
					item.state === "missing" &&
					(item.section === "Generally Necessary") === necessary,
			)
			.map(({ option }) => option);
	return { items, missing: missingIn(true), missingOptional: missingIn(false) };
}

/** The installed script, or the one of the package docker.io, fetched once without installing it. */
async function checkScript(): Promise<string> {
	const installed = join("/", scriptInPackage);
	if (await exists(installed)) return installed;
	const { cacheDir, tempDir } = environment();
	const kept = join(cacheDir, "kernel", "check-config.sh");
	if (await exists(kept)) return kept;
	await mkdir(tempDir, { recursive: true });
	const temp = await mkdtemp(join(tempDir, `${process.pid}-docker-check-`));
	try {
		const packages = await hostAptPackages(["docker.io"]);
		await packages.extract(
			{
				out: temp,
				temp,
				signal: new AbortController().signal,
				log: () => undefined,
				progress: () => undefined,
				run,
				runInNamespace: run,
			},
			["docker.io"],
			join(temp, "root"),
		);
		await mkdir(join(cacheDir, "kernel"), { recursive: true });
		await copyFile(join(temp, "root", scriptInPackage), kept);
		return kept;
	} finally {
		await rm(temp, { recursive: true, force: true });
	}
}

const exists = (path: string): Promise<boolean> =>
	access(path).then(
		() => true,
		() => false,
	);
