/** The programming interface: what scripts, TypeScript layers and other programs import from `dock0`. */

export type { BuildOptions, Release } from "./pipeline/build.ts";
export { buildProject as build } from "./pipeline/build.ts";
export type { Project } from "./pipeline/project.ts";
export { loadProject } from "./pipeline/project.ts";
export type { Config } from "./pipeline/schema.ts";
export type { BuildEvent, Observer } from "./plan/events.ts";
export type { Manifest } from "./release/manifest.ts";
export type {
	Phase,
	RootfsFolder,
	Script,
	ScriptContext,
	WriteOptions,
} from "./rootfs/script.ts";
export { defineScript } from "./rootfs/script.ts";
export { ExpectedError } from "./system/errors.ts";
