import type { UpdateSettings } from "./schema.ts";

/**
 * What the update agent reads in the root (profiles/base/usr/lib/dock0): settings as lines of shell, and the
 * health commands, one a line. The schema allows no quotes in a URL and no line breaks in a command.
 */
export function updateFiles(settings: UpdateSettings): Record<string, string> {
	const { url, tries, health } = settings;
	return {
		"usr/lib/dock0/update.conf": [
			`tries=${tries}`,
			`health_timeout=${health.timeout}`,
			`url='${url ?? ""}'`,
			"",
		].join("\n"),
		"usr/lib/dock0/health-commands": health.commands
			.map((command) => `${command}\n`)
			.join(""),
	};
}
