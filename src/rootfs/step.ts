import { join } from "node:path";
import { canonicalJson } from "../plan/canonical.ts";
import {
	type AnyStep,
	defineStep,
	type Json,
	type Step,
} from "../plan/step.ts";
import { sha256 } from "../system/files.ts";
import type { PackageFile } from "./backend.ts";
import { backendFor } from "./backends.ts";
import { changesArchive, keptList } from "./customise/job.ts";
import { customise, overlayFolders, templateSources } from "./customise.ts";
import { formatFiles } from "./lock.ts";
import type { RootfsSettings } from "./schema.ts";

export interface PackagesStepOptions {
	/** Another value makes the step look at the mirrors again. */
	refresh?: string;
	/** Exactly these packages instead of what the mirrors offer. */
	locked?: readonly PackageFile[];
	/** Seconds since 1970. */
	epoch: number;
}

/** Installs the packages: `rootfs.tar` and `packages.json` (`PackageRecord[]`). */
export function packagesStep(
	settings: RootfsSettings,
	{ refresh, locked, epoch }: PackagesStepOptions,
) {
	const backend = backendFor(settings);
	const inputs = locked
		? backend.lockedInputs(settings, locked)
		: backend.inputs(settings);
	return defineStep({
		name: "rootfs/packages",
		title: `installing ${settings.packages.length} packages`,
		version: 2,
		needs: {},
		inputs: {
			...inputs,
			values: {
				...inputs.values,
				backend: settings.backend,
				packages: settings.packages,
				refresh,
				locked: locked && sha256(formatFiles(locked)),
				epoch,
			},
		},
		outputs: ["rootfs.tar", "packages.json", "origins.json"],
		run: (context) => backend.install(context, settings, { epoch, locked }),
	});
}

export interface CustomiseStepOptions {
	/** The step that leaves `rootfs.tar`. */
	packages: AnyStep;
	settings: RootfsSettings;
	/** What templates and scripts see, secrets included; only a hash of it enters the step's key. */
	config: unknown;
	/** Folders (the project's, dock0's own) whose place on this machine says nothing; default none. */
	movable?: readonly string[];
	/** Seconds since 1970. */
	epoch: number;
	/** Bundle of worker.ts; default the one in dock0's `dist/`. */
	workerFile?: string;
}

/** Leaves all that differs from the packages' tree (`changes.tar`), and the paths of all that does not (`kept`). */
export type CustomiseStep = Step<typeof changesArchive | typeof keptList>;

/** Overlay, templates, scripts, commands and trimming. */
export function customiseStep(options: CustomiseStepOptions): CustomiseStep {
	const { settings, config, epoch } = options;
	const templates = templateSources(settings);
	// Without anyone to read it, a change in the config changes nothing here.
	const readsConfig =
		templates.length > 0 ||
		settings.scripts !== undefined ||
		settings.chroot.length > 0 ||
		settings.finalize.length > 0;
	return defineStep({
		name: "rootfs/customise",
		title: "placing files and running scripts",
		version: 2,
		needs: { packages: options.packages },
		inputs: {
			values: {
				config: readsConfig
					? sha256(configKey(config, options.movable ?? []))
					: undefined,
				templates: templates.map(({ to, mode, owner }) => ({
					to,
					mode,
					owner,
				})),
				links: settings.links,
				permissions: settings.permissions,
				chroot: settings.chroot,
				finalize: settings.finalize,
				trim: settings.trim,
				epoch,
			},
			paths: {
				overlay: overlayFolders(settings),
				templates: templates.map(({ from }) => from),
				scripts: settings.scripts,
			},
			tools: ["tar"],
		},
		outputs: [changesArchive, keptList],
		run: (context) =>
			customise(context, {
				source: join(context.needs.packages, "rootfs.tar"),
				target: context.out,
				settings,
				config,
				epoch,
				workerFile: options.workerFile,
			}),
	});
}

/**
 * The config as text, without the place of the folders in it, so that two checkouts of one project share
 * what they build.
 */
export function configKey(config: unknown, movable: readonly string[]): string {
	// Longest first, since one may lie in another; each keeps a name of its own.
	const folders = movable
		.map((path, index) => ({ path, name: `<${index}>` }))
		.sort((a, b) => b.path.length - a.path.length);
	const relative = (value: unknown): unknown => {
		if (typeof value === "string") {
			const folder = folders.find(
				({ path }) => value === path || value.startsWith(`${path}/`),
			);
			return folder ? folder.name + value.slice(folder.path.length) : value;
		}
		if (Array.isArray(value)) return value.map(relative);
		if (typeof value !== "object" || value === null) return value;
		return Object.fromEntries(
			Object.entries(value).map(([key, member]) => [key, relative(member)]),
		);
	};
	return canonicalJson(relative(config) as Json);
}
