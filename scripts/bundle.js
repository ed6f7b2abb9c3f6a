// Bundles src/ into dist/: one file per entry and shared chunks, so that a command loads only what it needs.
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";

/** zod brings its messages in fifty languages, half of its size; ours are our own, on top of the English ones. */
const englishOnly = {
	name: "english-only",
	setup({ onLoad }) {
		onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
			contents: 'export { default as en } from "./en.js";',
		}));
	},
};

const root = fileURLToPath(new URL("..", import.meta.url));
await rm(`${root}/dist`, { recursive: true, force: true });
const { metafile } = await build({
	metafile: true,
	absWorkingDir: root,
	entryPoints: {
		cli: "src/cli/main.ts",
		index: "src/index.ts",
		"rootfs-worker": "src/rootfs/worker.ts",
	},
	outdir: "dist",
	bundle: true,
	splitting: true,
	format: "esm",
	platform: "node",
	target: "node20",
	// jiti finds its own files by its place on disk.
	external: ["jiti"],
	// CommonJS dependencies call require() for Node's own modules.
	banner: {
		js: 'import { createRequire as dock0Require } from "node:module"; const require = dock0Require(import.meta.url);',
	},
	legalComments: "none",
	// Less to parse at each start; names stay, for stacks in bug reports.
	minifyWhitespace: true,
	minifySyntax: true,
	plugins: [englishOnly],
	logLevel: "warning",
});

// The script of the page that `dock0 ui` serves.
await build({
	absWorkingDir: root,
	entryPoints: { "ui-client": "src/ui/page/client.ts" },
	outdir: "dist",
	bundle: true,
	format: "iife",
	platform: "browser",
	target: "es2022",
	minifyWhitespace: true,
	logLevel: "warning",
});

// What is bundled comes with its licence, as most of them ask for.
const packages = new Set(
	Object.keys(metafile.inputs).flatMap((input) => {
		const match = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
		return match ? [match[1]] : [];
	}),
);
const notices = await Promise.all(
	[...packages].sort().map(async (name) => {
		const folder = `${root}/node_modules/${name}`;
		const { version, license } = JSON.parse(
			await readFile(`${folder}/package.json`, "utf8"),
		);
		const file = (await readdir(folder)).find((one) =>
			/^licen[cs]e/i.test(one),
		);
		const text = file ? await readFile(`${folder}/${file}`, "utf8") : "";
		return `${name} ${version} (${license})\n\n${text.trim()}\n`;
	}),
);
await writeFile(
	`${root}/dist/THIRD-PARTY-LICENCES.txt`,
	notices.join(`\n${"-".repeat(72)}\n\n`),
);

// The manual page is made from the commands, so that it cannot lag behind them.
const { stdout } = await promisify(execFile)(process.execPath, [
	`${root}/bin/dock0.js`,
	"manual",
]);
await mkdir(`${root}/man`, { recursive: true });
await writeFile(`${root}/man/dock0.1`, stdout);
