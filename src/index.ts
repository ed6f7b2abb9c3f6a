/** The programming interface: what scripts, TypeScript layers and other programs import from `dock0`. */

export type { BootProjectOptions } from "./pipeline/boot.ts";
export { bootProject as boot } from "./pipeline/boot.ts";
export type { BuildOptions, Release } from "./pipeline/build.ts";
export { buildProject as build } from "./pipeline/build.ts";
export type { PlannedStep } from "./pipeline/plan.ts";
export { planProject as plan } from "./pipeline/plan.ts";
export type { Project } from "./pipeline/project.ts";
export { loadProject } from "./pipeline/project.ts";
export type { Config } from "./pipeline/schema.ts";
export type { BuildEvent, Observer } from "./plan/events.ts";
export type { Manifest } from "./release/manifest.ts";
export type { Difference } from "./report/difference.ts";
export { difference as diff } from "./report/difference.ts";
export type { ReleaseFacts } from "./report/facts.ts";
export { releaseFacts as inspect } from "./report/facts.ts";
export type {
	Phase,
	RootfsFolder,
	Script,
	ScriptContext,
	WriteOptions,
} from "./rootfs/script.ts";
export { defineScript } from "./rootfs/script.ts";
export { ExpectedError } from "./system/errors.ts";
export type { BootEvent, BootMode, BootOutcome } from "./vm/release.ts";
