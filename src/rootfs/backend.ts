import type { StepContext, StepInputs } from "../plan/step.ts";
import type { RootfsSettings } from "./schema.ts";

/** What a backend may use of a running step. */
export type BackendContext = Pick<
	StepContext,
	"out" | "temp" | "signal" | "log" | "progress" | "run" | "runInNamespace"
>;

/** One package, as `packages.json` lists it. */
export interface PackageRecord {
	name: string;
	version: string;
	arch: string;
	/** Installed size in bytes, as its maintainer states it. */
	size: number;
}

export interface InstallOptions {
	/** Seconds since 1970; no file in `rootfs.tar` is younger. */
	epoch: number;
}

/** A distribution: how its packages come into a tree. */
export interface PackageBackend {
	readonly name: RootfsSettings["backend"];
	/**
	 * What decides the result besides the package list; free of absolute paths in its values.
	 * @throws ExpectedError when the machine offers no default for something that the config leaves out.
	 */
	inputs(settings: RootfsSettings): StepInputs;
	/**
	 * Installs `settings.packages` with their dependencies into a new tree, in one transaction, and leaves
	 * `rootfs.tar` and `packages.json` (`PackageRecord[]`, sorted by name) in `context.out`.
	 * @throws ExpectedError (exit code 1) when a package is unknown, unsigned or fails to install.
	 */
	install(
		context: BackendContext,
		settings: RootfsSettings,
		options: InstallOptions,
	): Promise<void>;
	/**
	 * Downloads and verifies the named packages, without their dependencies, and unpacks their files into
	 * the folder `target`, running none of their scripts. A package without files of its own, such as
	 * `linux-image-cloud-amd64`, stands for what it depends on.
	 * @returns what was unpacked.
	 * @throws ExpectedError (exit code 1) when a package is unknown or its signature is wrong.
	 */
	extract(
		context: BackendContext,
		settings: RootfsSettings,
		packages: readonly string[],
		target: string,
	): Promise<PackageRecord[]>;
}

/** Checks the shape of a backend. */
export function defineBackend(backend: PackageBackend): PackageBackend {
	return backend;
}
