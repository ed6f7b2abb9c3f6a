import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { packageFile } from "../system/package-files.ts";
import type { BootUnit } from "./boot-times.ts";
import type { Difference } from "./difference.ts";
import type { ReleaseFacts } from "./facts.ts";
import { escapeHtml } from "./html.ts";
import { sizeTree } from "./inspect.ts";
import { formatBytes } from "./numbers.ts";
import type { Finding } from "./vulnerabilities/database.ts";

export interface ReportInput {
	facts: ReleaseFacts;
	/** What changed since an older release. */
	changes?: Difference | undefined;
	vulnerabilities?: { database: string; findings: Finding[] } | undefined;
	boot?: BootUnit[] | undefined;
}

/**
 * The report as one HTML page that asks nothing of the network: style, script and data are in it, and its
 * own policy forbids everything else.
 */
export async function reportPage(input: ReportInput): Promise<string> {
	const [style, script] = await Promise.all(
		["style.css", "page.js"].map((name) =>
			readFile(packageFile(`src/report/page/${name}`), "utf8"),
		),
	);
	return assemble(input, style ?? "", script ?? "");
}

function assemble(input: ReportInput, style: string, script: string): string {
	const { facts, changes, vulnerabilities, boot } = input;
	const { entries, folder: _, ...shown } = facts;
	const data = {
		...shown,
		trees: {
			package: sizeTree(entries, "package"),
			folder: sizeTree(entries, "folder"),
		},
		changes,
		vulnerabilities,
		boot,
	};
	const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src '${sourceHash(script)}'`;
	const sections = [
		{
			id: "sizes",
			title: "Sizes",
			html: `<div class="head"><h2>Sizes</h2><span class="grow"></span><div class="switch" id="by" role="group" aria-label="Sizes by"><button type="button" data-by="package" aria-pressed="true">by package</button><button type="button" data-by="folder" aria-pressed="false">by folder</button></div></div>
<div id="crumbs" aria-live="polite"></div>
<div id="map" role="group" aria-label="Sizes as a treemap: arrows move, Enter opens, Escape goes back"></div>
<p class="empty">What lies in the root, before compression. Click or Enter opens a tile, Escape goes back, arrows move.</p>`,
		},
		...(changes
			? [
					{
						id: "changes",
						title: "Changes",
						html: `<div class="head"><h2>Changes</h2><span class="soft">since ${escapeHtml(shortName(changes.before))}</span></div><div id="change-lists"></div>`,
					},
				]
			: []),
		...(vulnerabilities
			? [
					vulnerabilities.findings.length > 0
						? listSection(
								"vulnerabilities",
								"Vulnerabilities",
								`known to ${vulnerabilities.database}`,
							)
						: {
								id: "vulnerabilities",
								title: "Vulnerabilities",
								html: `<div class="head"><h2>Vulnerabilities</h2></div><p class="empty">None of the packages is in ${escapeHtml(vulnerabilities.database)} with a weakness.</p>`,
							},
				]
			: []),
		listSection("packages", "Packages"),
		...(boot
			? [
					{
						id: "boot",
						title: "Boot",
						html: `<div class="head"><h2>Boot</h2><span class="soft">seconds since the kernel started</span></div><div class="scroll"><div class="timeline" id="timeline"></div></div>`,
					},
				]
			: []),
		{
			...listSection("services", "Services and ports"),
			html: `${listSection("services", "Services and ports").html}<h3>Ports</h3>${portList(facts)}`,
		},
		...(facts.settings
			? [listSection("settings", "Config", "and which layer set what")]
			: []),
		...(facts.kernelOptions
			? [
					listSection(
						"kernel",
						"Kernel options",
						`${facts.kernel.version}, what is on`,
					),
				]
			: []),
	];
	return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(`${facts.name} ${facts.version}`)}</title>
<style>
${style}</style>
</head>
<body>
<header>
<h1>${escapeHtml(facts.name)} <small>version ${escapeHtml(facts.version)}</small></h1>
<p class="sub"><span class="badge ${facts.signed ? "good" : "soft"}">${facts.signed ? "signed" : "not signed"}</span> kernel ${escapeHtml(facts.kernel.version)} · <code>${escapeHtml(facts.kernel.cmdline.join(" "))}</code></p>
${cards(input)}
${parts(facts)}
</header>
<nav aria-label="Parts of this page"><ul>${sections.map(({ id, title }) => `<li><a href="#${id}">${title}</a></li>`).join("")}</ul></nav>
<main>
<noscript><p>This page needs JavaScript; <code>dock0 inspect</code> tells the same in a terminal.</p></noscript>
${sections.map(({ id, html }) => `<section id="${id}">${html}</section>`).join("\n")}
</main>
<footer>Made by dock0 report. This page holds everything it shows and loads nothing.</footer>
<script type="application/json" id="data">${embed(data)}</script>
<script>${script}</script>
</body>
</html>
`;
}

function listSection(id: string, title: string, note = "") {
	return {
		id,
		title,
		html: `<div class="head"><h2>${title}</h2><span class="badge soft count"></span><span class="soft">${escapeHtml(note)}</span><span class="grow"></span><input type="search" placeholder="Filter" aria-label="Filter ${title.toLowerCase()}"></div><div class="table scroll" tabindex="0"></div>`,
	};
}

function cards({ facts, changes, vulnerabilities }: ReportInput): string {
	const total = facts.parts.reduce((sum, { bytes }) => sum + bytes, 0);
	const unpacked = facts.packages.reduce((sum, { bytes }) => sum + bytes, 0);
	const enabled = facts.services.filter(({ isStatic }) => !isStatic);
	const grown = (changes?.parts ?? []).reduce(
		(sum, { before = 0, after = 0 }) => sum + after - before,
		0,
	);
	const list: [string, string][] = [
		[
			formatBytes(total),
			changes
				? `in all, ${grown === 0 ? "as before" : `${grown < 0 ? "−" : "+"}${formatBytes(Math.abs(grown))}`}`
				: "in all",
		],
		[formatBytes(unpacked), "in the root, unpacked"],
		[
			String(facts.packages.filter(({ version }) => version).length),
			"packages",
		],
		[String(enabled.length), "enabled units"],
		...(changes
			? [[String(changes.files.length), "files changed"] as [string, string]]
			: []),
		...(vulnerabilities
			? [
					[
						String(vulnerabilities.findings.length),
						"known vulnerabilities",
					] as [string, string],
				]
			: []),
	];
	return `<div class="cards">${list.map(([value, words]) => `<div class="card"><b>${value}</b><span class="soft">${words}</span></div>`).join("")}</div>`;
}

const partColours = ["#0b62d6", "#d6790b", "#0f9d58", "#8e44ad", "#5b6776"];

function parts({ parts: list }: ReportInput["facts"]): string {
	const colour = (index: number) => partColours[index % partColours.length];
	const bars = list.map(
		({ name, bytes }, index) =>
			`<span style="flex:${bytes};background:${colour(index)}" title="${escapeHtml(name)}"></span>`,
	);
	const words = list.map(
		({ name, bytes }, index) =>
			`<span><i style="background:${colour(index)}"></i>${escapeHtml(name)} ${formatBytes(bytes)}</span>`,
	);
	return `<div class="parts" aria-hidden="true">${bars.join("")}</div><div class="legend">${words.join("")}</div>`;
}

function portList({ ports }: ReportInput["facts"]): string {
	return ports.length === 0
		? '<p class="empty">The config names none.</p>'
		: `<ul>${ports.map(({ port, from }) => `<li><code>${escapeHtml(port)}</code> <span class="soft">${escapeHtml(from)}</span></li>`).join("")}</ul>`;
}

/** The last two names of a path, which tell a release apart without the build machine's folders. */
function shortName(path: string): string {
	return path.split("/").slice(-2).join("/");
}

/** JSON that cannot end the element it stands in. */
function embed(data: unknown): string {
	return JSON.stringify(data).replaceAll("<", "\\u003c");
}

function sourceHash(script: string): string {
	return `sha256-${createHash("sha256").update(script).digest("base64")}`;
}
