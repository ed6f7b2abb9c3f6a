/** What `--help` of every command says, as Markdown: asked of the program itself, so that it cannot lag behind. */
export async function commandsPage(root, run) {
	const help = async (words) => {
		const { stdout } = await run(
			process.execPath,
			[`${root}/bin/dock0.js`, ...words, "--help"],
			{ env: { ...process.env, COLUMNS: "100" } },
		);
		return stdout;
	};
	const sections = [];
	const visit = async (words) => {
		const text = await help(words);
		sections.push(
			words.length === 0
				? `\`\`\`\n${text.trim()}\n\`\`\``
				: `${"#".repeat(Math.min(words.length + 1, 3))} dock0 ${words.join(" ")}\n\n\`\`\`\n${text.trim()}\n\`\`\``,
		);
		const list = /^Commands:\n((?: {2}.*\n|\n)*)/m.exec(text)?.[1] ?? "";
		for (const [, name] of list.matchAll(/^ {2}([a-z][a-z-]*)/gm))
			if (name !== "help") await visit([...words, name]);
	};
	await visit([]);
	return `# Commands\n\nWhat \`--help\` says of each.\n\n${sections.join("\n\n")}\n`;
}
