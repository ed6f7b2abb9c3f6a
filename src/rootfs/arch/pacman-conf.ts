import type { ArchSettings } from "./schema.ts";

/** Folders of pacman's state for one build; see `pacmanConf`. */
export interface PacmanFolders {
	/** The package database: `local/` is what is installed, `sync/` what the repositories have. */
	database: string;
	/** Downloaded packages. */
	cache: string;
	/** Home of gpg with the trusted keys. */
	gpg: string;
}

/** The text of a pacman.conf(5) for the settings. */
export function pacmanConf(
	settings: ArchSettings,
	folders: PacmanFolders,
): string {
	const lines = [
		"[options]",
		`DBPath = ${folders.database}/`,
		`CacheDir = ${folders.cache}/`,
		`GPGDir = ${folders.gpg}/`,
		"LogFile = /dev/null",
		`Architecture = ${settings.architecture === "x86_64_v3" ? "x86_64 x86_64_v3" : settings.architecture}`,
		`SigLevel = ${settings.sigLevel}`,
		"LocalFileSigLevel = Optional",
		"ParallelDownloads = 5",
	];
	for (const { name, servers, sigLevel } of settings.repositories) {
		lines.push("", `[${name}]`);
		if (sigLevel) lines.push(`SigLevel = ${sigLevel}`);
		for (const server of servers) lines.push(`Server = ${server}`);
	}
	return `${lines.join("\n")}\n`;
}
