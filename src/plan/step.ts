import type { RunOptions, RunResult } from "../system/process.ts";

/** Data that has one canonical JSON form. */
export type Json =
	| string
	| number
	| boolean
	| null
	| readonly Json[]
	| { readonly [key: string]: Json | undefined };

/** Everything that decides a step's outputs; a change in any of them makes the step run again. */
export interface StepInputs {
	/** Named values, usually slices of the resolved config. */
	values?: Readonly<Record<string, Json | undefined>>;
	/** Named files or folders of the user's, hashed by content, mode and link target. */
	paths?: Readonly<Record<string, string | readonly string[] | undefined>>;
	/** Host programs whose version counts, e.g. `mksquashfs`. */
	tools?: readonly string[];
}

/**
 * A pure description of work: what goes in, what comes out, and how. `needs` are steps whose outputs
 * it reads; independent steps run side by side.
 */
export interface Step<
	Outputs extends string = string,
	Needs extends Record<string, AnyStep> = Record<string, AnyStep>,
> {
	/** Unique in a plan, `folder/what`, e.g. `rootfs/packages`. */
	readonly name: string;
	/** For people, in the present participle, e.g. `installing 42 packages`. */
	readonly title: string;
	/** Raised when `run` would make other outputs from the same inputs. */
	readonly version: number;
	readonly needs: Needs;
	readonly inputs: StepInputs;
	/** Names of the files or folders that `run` leaves in `context.out`. */
	readonly outputs: readonly Outputs[];
	run(context: StepContext<Needs>): Promise<void>;
}

export interface AnyStep extends Step<string, Record<string, AnyStep>> {}

/** What a running step has to work with. */
export interface StepContext<
	Needs extends Record<string, AnyStep> = Record<string, AnyStep>,
> {
	/** A fresh folder; after success it enters the cache by rename. */
	readonly out: string;
	/** Scratch space on the same file system, removed afterwards. */
	readonly temp: string;
	/** Folder of finished outputs for each of `needs`, e.g. `join(needs.packages, "rootfs.tar")`. Read only. */
	readonly needs: { readonly [Name in keyof Needs]: string };
	readonly signal: AbortSignal;
	/** One line for the step's log (and the terminal with --verbose). */
	log(line: string): void;
	/** `total` is undefined while unknown. */
	progress(
		done: number,
		total: number | undefined,
		unit: "bytes" | "%" | "items",
	): void;
	/** `run` of system/process.ts with the log and the abort signal already connected. */
	run(
		command: string,
		args: readonly string[],
		options?: RunOptions,
	): Promise<RunResult>;
	/** The same, as root of fresh namespaces; see `namespaceCommand`. */
	runInNamespace(
		command: string,
		args: readonly string[],
		options?: RunOptions,
	): Promise<RunResult>;
}

/** Gives a step its inferred type, so that `context.needs` is checked against `needs`. */
export function defineStep<
	Outputs extends string,
	Needs extends Record<string, AnyStep> = Record<never, never>,
>(step: Step<Outputs, Needs>): Step<Outputs, Needs> {
	return step;
}
