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

/** The file that a package came in. */
export interface PackageFile {
	name: string;
	version: string;
	arch: string;
	/** Path below the archive's URI (Debian), or file name in the repository (Arch). */
	file: string;
	/** Name of the pacman repository; absent for Debian. */
	repository?: string | undefined;
	sha256: string;
	/** Size of the file in bytes. */
	bytes: number;
}

/** A package's file, and what its maintainer says of it; `origins.json` lists them. */
export interface PackageOrigin extends PackageFile {
	/** Name and version of the source package, when they are others than the package's own. */
	source?: string | undefined;
	sourceVersion?: string | undefined;
	homepage?: string | undefined;
	/** `Name <address>`. */
	maintainer?: string | undefined;
	/** As the package's database words them; Debian's has none. */
	licences?: string[] | undefined;
	description?: string | undefined;
}

export interface InstallOptions {
	/** Seconds since 1970; no file in `rootfs.tar` is younger. */
	epoch: number;
	/** Exactly these packages and no others, instead of what the mirrors offer now. */
	locked?: readonly PackageFile[] | undefined;
}

export interface ExtractOptions {
	/** Also unpack the packages of shared libraries that the named ones depend on, and so on. */
	libraries?: boolean;
}

/** A distribution: how its packages come into a tree. */
export interface PackageBackend {
	readonly name: RootfsSettings["backend"];
	/**
	 * What decides the result besides the package list; free of absolute paths in its values.
	 * @throws ExpectedError when the machine offers no default for something that the config leaves out.
	 */
	inputs(settings: RootfsSettings): StepInputs;
	/** The same for an installation of locked packages, whose mirrors do not count. */
	lockedInputs(
		settings: RootfsSettings,
		locked: readonly PackageFile[],
	): StepInputs;
	/**
	 * Installs `settings.packages` with their dependencies into a new tree, in one transaction, and leaves
	 * `rootfs.tar`, `packages.json` (`PackageRecord[]`) and `origins.json` (`PackageOrigin[]`), both sorted
	 * by name, in `context.out`.
	 * @throws ExpectedError (exit code 1) when a package is unknown, unsigned or fails to install.
	 */
	install(
		context: BackendContext,
		settings: RootfsSettings,
		options: InstallOptions,
	): Promise<void>;
	/**
	 * Downloads and verifies the named packages, without their dependencies (but see `ExtractOptions`), and
	 * unpacks their files into the folder `target`, running none of their scripts. A package without files of its own, such as
	 * `linux-image-cloud-amd64`, stands for what it depends on.
	 * @returns what was unpacked.
	 * @throws ExpectedError (exit code 1) when a package is unknown or its signature is wrong.
	 */
	extract(
		context: BackendContext,
		settings: RootfsSettings,
		packages: readonly string[],
		target: string,
		options?: ExtractOptions,
	): Promise<PackageOrigin[]>;
	/**
	 * Makes sure that the files of locked packages are on this machine: kept from before, in the pool
	 * (`rootfs.pool`), or still offered by the mirrors; each is verified by its SHA-256.
	 * @returns a file for each package, in their order.
	 * @throws ExpectedError (PACKAGE_GONE, exit code 1) naming those that are nowhere.
	 */
	fetch(
		context: FetchContext,
		settings: RootfsSettings,
		packages: readonly PackageFile[],
	): Promise<string[]>;
	/** Unpacks one package's file into the folder `target`. */
	unpack(context: FetchContext, file: string, target: string): Promise<void>;
	/** What the maintainer says in a package's file. */
	describe(context: FetchContext, file: string): Promise<PackageOrigin>;
}

/** What fetching packages uses of a running step. */
export type FetchContext = Pick<
	StepContext,
	"temp" | "signal" | "log" | "run" | "runInNamespace"
>;

/** Checks the shape of a backend. */
export function defineBackend(backend: PackageBackend): PackageBackend {
	return backend;
}
