import { join } from "node:path";
import type { HostEntry, HostOverview } from "../pipeline/overview.ts";
import { type ListedRelease, releaseId } from "../pipeline/releases.ts";
import type { RunSummary } from "../pipeline/run-record.ts";
import { escapeHtml } from "../report/html.ts";
import { formatBytes } from "../report/numbers.ts";
import { describePort } from "../vm/ports.ts";

export interface PageInput {
	hosts: readonly HostEntry[];
	/** Of the host that is shown. */
	id: string;
	/** Its state, or what is wrong with its config. */
	host: HostOverview | { problem: string };
	/** The build that was begun here. */
	job: { running: boolean; failure?: string };
	/** See `Secrets` of guard.ts. */
	action: string;
	version: string;
}

/** The page of a host. All of its behaviour is in client.ts, which replaces what changes by a later one. */
export function hostPage(input: PageInput): string {
	const { hosts, id, host, action } = input;
	const title = "problem" in host ? id : host.name;
	return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="dock0-token" content="${escapeHtml(action)}">
<title>${escapeHtml(title)} · dock0</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
<script src="/client.js" defer></script>
</head>
<body data-host="${escapeHtml(id)}">
<a class="skip" href="#main">Skip to the host</a>
<div class="frame">
<aside>
<p class="brand">dock0 <small>${escapeHtml(input.version)}</small></p>
<nav aria-label="Hosts"><ul>${hosts.map((entry) => `<li><a href="${hostPath(entry.id)}"${entry.id === id ? ' aria-current="page"' : ""}>${escapeHtml(entry.id === "project" && entry.id === id ? title : entry.id)}</a></li>`).join("")}</ul></nav>
</aside>
<main id="main" tabindex="-1">
<div id="state">
${"problem" in host ? problem(title, host.problem) : state(input, host)}
</div>
${logSection()}
</main>
</div>
<div id="toast" role="status" aria-live="polite"></div>
<dialog id="confirm" aria-labelledby="confirm-title"><form method="dialog"><h2 id="confirm-title"></h2><p id="confirm-text"></p><div class="buttons"><button value="no" class="plain">Cancel</button><button value="yes" class="primary" id="confirm-yes"></button></div></form></dialog>
<dialog id="facts" aria-labelledby="facts-title"><form method="dialog"><h2 id="facts-title"></h2><div id="facts-text"></div><div class="buttons"><button value="no" class="primary">Close</button></div></form></dialog>
</body>
</html>
`;
}

/** Where a host's page is, and below it what belongs to it. */
export function hostPath(id: string): string {
	return `/hosts/${encodeURIComponent(id)}`;
}

function problem(title: string, text: string): string {
	return `<div class="top"><div><h1>${escapeHtml(title)}</h1><p class="sub"><span class="badge bad">config has mistakes</span></p></div></div>
<section><h2>The config cannot be used</h2><pre class="problem">${escapeHtml(text)}</pre><p class="empty">This page looks again by itself once it is mended.</p></section>`;
}

function state({ id, job }: PageInput, host: HostOverview): string {
	const current = host.releases.find((release) => release.current);
	const building = job.running || host.build?.state === "running";
	return `<div class="top">
<div><h1>${escapeHtml(host.name)}${current?.manifest ? ` <small>version ${escapeHtml(current.manifest.version)}</small>` : ""}</h1>
<p class="sub">${buildBadge(host.build, building)} ${vmBadge(host)} ${deployBadge(host)} <code>${escapeHtml(host.folder)}</code></p></div>
<div class="buttons">${
		job.running
			? '<button type="button" class="danger" data-act="cancel">Stop the build</button>'
			: `<button type="button" class="primary" data-act="build"${building ? " disabled" : ""}>Build</button>`
	}</div>
</div>
${job.failure && job.failure !== "stopped" ? `<section class="failure" aria-label="Why the build failed"><h2>The build failed</h2><pre class="problem">${escapeHtml(job.failure)}</pre></section>` : ""}
${cards(host, current)}
${releases(id, host.releases)}
<div class="columns">${machines(host)}${remote(host)}${deploy(host)}</div>`;
}

function cards(host: HostOverview, current: ListedRelease | undefined): string {
	const { manifest } = current ?? {};
	const list: [string, string][] = [
		[
			manifest ? formatBytes(sizeOf(current)) : "none",
			manifest ? "current release" : "no release yet",
		],
		[manifest?.kernel.version ?? "–", "kernel"],
		[
			host.bundle ? formatBytes(host.bundle.bytes) : "–",
			host.bundle ? `bundle ${host.bundle.sha256.slice(0, 12)}` : "no bundle",
		],
		[String(host.releases.length), "releases kept"],
	];
	return `<div class="cards">${list.map(([value, words]) => `<div class="card"><b>${escapeHtml(value)}</b><span class="soft">${escapeHtml(words)}</span></div>`).join("")}</div>`;
}

function releases(id: string, list: readonly ListedRelease[]): string {
	const rows = list.map((release) => {
		const { manifest, current, folder, built } = release;
		const release16 = releaseId(folder);
		const name = `${manifest?.version ?? "broken"} (${release16.slice(0, 8)})`;
		return `<tr tabindex="0" data-release="${release16}"${current ? ' aria-current="true"' : ""}>
<td class="key"><code>${release16.slice(0, 8)}</code> ${current ? '<span class="badge good">current</span>' : ""}</td>
<td>${escapeHtml(manifest?.version ?? "–")}</td>
<td class="key">${dateOf(built)}</td>
<td class="number">${manifest ? formatBytes(sizeOf(release)) : "–"}</td>
<td>${verified(release)}</td>
<td class="acts">${
			manifest
				? `<a href="${hostPath(id)}/releases/${release16}/report" target="_blank" rel="noopener">Report</a> <button type="button" class="link" data-act="verify" data-release="${release16}" data-name="${escapeHtml(name)}">Check files</button>${current ? "" : ` <button type="button" class="link" data-act="use" data-release="${release16}" data-name="${escapeHtml(name)}">Roll back</button>`}`
				: ""
		}</td></tr>`;
	});
	return `<section id="releases"><div class="head"><h2>Releases</h2><span class="badge soft">${list.length}</span><span class="grow"></span><span class="soft hint">newest first; arrows move, Enter opens the report</span></div>
${
	list.length === 0
		? '<p class="empty">Nothing is built yet. <b>Build</b> makes the first release.</p>'
		: `<div class="scroll"><table><thead><tr><th>Id</th><th>Version</th><th>Built</th><th class="number">Size</th><th>Verified</th><th><span class="hidden">What can be done</span></th></tr></thead><tbody>${rows.join("\n")}</tbody></table></div>`
}</section>`;
}

function machines({ vms }: HostOverview): string {
	const items = vms.map(
		({ name, qemu, ports, startedAt, ready }) =>
			`<li><b>${escapeHtml(name)}</b> <span class="badge ${ready ? "good" : "warn"}">${ready ? "ready" : "starting"}</span><br><span class="soft">process ${qemu.pid}, since ${dateOf(new Date(startedAt))}${ports.length > 0 ? `<br>${ports.map((port) => escapeHtml(describePort(port))).join("<br>")}` : ""}</span></li>`,
	);
	return `<section id="machines"><h2>Running machine</h2>${items.length > 0 ? `<ul class="plainlist">${items.join("")}</ul>` : '<p class="empty">None. <code>dock0 boot</code> or <code>dock0 dev</code> starts one.</p>'}</section>`;
}

function remote({ reachedAt }: HostOverview): string {
	return `<section id="remote"><h2>Running host</h2>${
		reachedAt
			? `<p class="sub">reached at <code>${escapeHtml(reachedAt)}</code></p><div class="buttons left"><button type="button" class="plain" data-act="status">Ask for its state</button> <button type="button" class="plain" data-act="rollback" data-name="${escapeHtml(reachedAt)}">Bundle before this one</button></div>`
			: '<p class="empty">Nothing says where it is reached; set <code>host.push.to</code>.</p>'
	}</section>`;
}

function deploy({ deploy: journal, deployRun }: HostOverview): string {
	if (!journal)
		return '<section id="deploy"><h2>Last deploy</h2><p class="empty">This host was not deployed from here.</p></section>';
	const facts: [string, string][] = [
		["by", `${journal.provider}, ${journal.strategy}`],
		["phase", journal.phase],
		["begun", dateOf(new Date(journal.started))],
		...(journal.ended
			? [["ended", dateOf(new Date(journal.ended))] as [string, string]]
			: []),
		[
			"image",
			`${journal.image.sha256.slice(0, 12)}, ${formatBytes(journal.image.bytes)}`,
		],
		["done", Object.keys(journal.results).join(", ") || "nothing yet"],
		...(journal.reason ? [["reason", journal.reason] as [string, string]] : []),
	];
	return `<section id="deploy"><div class="head"><h2>Last deploy</h2>${journal.outcome ? `<span class="badge ${journal.outcome === "healthy" ? "good" : "bad"}">${journal.outcome}</span>` : `<span class="badge warn">${deployRun?.state === "running" ? "running" : "unfinished"}</span>`}</div><dl>${facts.map(([name, value]) => `<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`).join("")}</dl></section>`;
}

function logSection(): string {
	return `<section id="log"><div class="head"><h2>Log</h2><span class="badge soft" id="log-state">no run yet</span><span class="grow"></span><div class="switch" role="group" aria-label="Log of"><button type="button" data-log="build" aria-pressed="true">build</button><button type="button" data-log="deploy" aria-pressed="false">deploy</button></div></div>
<ol id="steps" aria-label="Steps"></ol>
<pre id="lines" tabindex="0" aria-label="Lines of the log"></pre></section>`;
}

function sizeOf(release: ListedRelease | undefined): number {
	return Object.values(release?.manifest?.files ?? {}).reduce(
		(sum, { bytes }) => sum + bytes,
		0,
	);
}

function verified({ manifest, signer }: ListedRelease): string {
	if (!manifest) return '<span class="badge bad">broken</span>';
	if (signer === undefined)
		return '<span class="badge bad">signed by another key</span>';
	return signer === "nobody"
		? '<span class="badge soft">complete, not signed</span>'
		: `<span class="badge good" title="key ${escapeHtml(signer.id)}">signed</span>`;
}

function buildBadge(run: RunSummary | undefined, building: boolean): string {
	if (building) return '<span class="badge warn">building</span>';
	if (!run) return '<span class="badge soft">not built</span>';
	const words = {
		running: ["warn", "building"],
		done: ["good", "built"],
		failed: ["bad", "build failed"],
		"broken-off": ["bad", "build broken off"],
	} as const;
	const [kind, text] = words[run.state];
	return `<span class="badge ${kind}" title="${dateOf(new Date(run.ended ?? run.started))}">${text}</span>`;
}

function vmBadge({ vms }: HostOverview): string {
	return vms.length > 0
		? '<span class="badge good">machine runs</span>'
		: '<span class="badge soft">no machine runs</span>';
}

function deployBadge({ deployRun }: HostOverview): string {
	return deployRun?.state === "running"
		? '<span class="badge warn">deploying</span>'
		: "";
}

/** `2026-01-31 12:00 UTC`, also for the script, which shows it in the reader's own time. */
function dateOf(date: Date | undefined): string {
	if (!date || Number.isNaN(date.getTime())) return "–";
	const iso = date.toISOString();
	return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** Files of the page that ship with dock0, by address. */
export const pageFiles = {
	"/style.css": {
		type: "text/css; charset=utf-8",
		files: [
			join("src", "report", "page", "style.css"),
			join("src", "ui", "page", "style.css"),
		],
	},
	"/client.js": {
		type: "text/javascript; charset=utf-8",
		files: [join("dist", "ui-client.js")],
	},
} as const;
