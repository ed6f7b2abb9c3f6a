import { shellWord } from "../system/shell-word.ts";
import { type BundleFile, textFile } from "./bundle-file.ts";

/** A service of s6 that says when it is ready, and has a log of its own. */
export interface S6Service {
	/** Services that must be ready before. */
	after: readonly string[];
	/** Others that it waits for, but five minutes at most. */
	afterIfPossible?: readonly string[];
	/** Lines of shell, the last of which becomes or stays the service. */
	run: readonly string[];
	/** Lines of shell that let it take new settings without an end. */
	reload: readonly string[];
	/** Lines of shell for after its end; $1 is its exit code, or 256 for a signal. */
	finish?: readonly string[];
	/** Seconds that its end, and `finish`, may take. */
	stopSeconds: number;
}

/** The service folder of s6-supervise(1), as profiles/s6 lays it out in memory at boot. */
export function s6Service(name: string, service: S6Service): BundleFile[] {
	const folder = `/etc/s6/services/${name}`;
	const { after, afterIfPossible = [], run, reload, finish } = service;
	const program = (path: string, lines: readonly string[]): BundleFile =>
		textFile(`${folder}/${path}`, ["#!/bin/sh", ...lines], 0o755);
	const milliseconds = String(service.stopSeconds * 1000);
	return [
		program("run", [
			"exec 2>&1",
			". /usr/lib/dock0/s6/services.sh",
			`await 0 ${after.map(shellWord).join(" ")}`,
			...(afterIfPossible.length > 0
				? [`await 300 ${afterIfPossible.map(shellWord).join(" ")}`]
				: []),
			...run,
		]),
		program("data/reload", reload),
		...(finish
			? [
					program("finish", finish),
					textFile(`${folder}/timeout-finish`, [milliseconds]),
				]
			: []),
		textFile(`${folder}/notification-fd`, ["3"]),
		textFile(`${folder}/timeout-kill`, [milliseconds]),
		textFile(`${folder}/logged`, []),
	];
}
