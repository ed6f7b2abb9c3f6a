import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { hostStatus, rollBack } from "../deploy/push.ts";
import type { HostChoice } from "../pipeline/hosts.ts";
import {
	type HostEntry,
	hostOverview,
	listHosts,
	loadHost,
} from "../pipeline/overview.ts";
import { targetOf } from "../pipeline/push.ts";
import {
	checkRelease,
	keptRelease,
	releaseId,
	useRelease,
} from "../pipeline/releases.ts";
import { runRecordFile } from "../pipeline/run-record.ts";
import { releaseFacts } from "../report/facts.ts";
import { reportPage } from "../report/page.ts";
import { ExpectedError, formatProblem } from "../system/errors.ts";
import { type HttpServer, serveLocally } from "../system/http-server.ts";
import { packageFile, packageVersion } from "../system/package-files.ts";
import { maskSecrets } from "../system/secrets.ts";
import { followLines } from "../system/tail.ts";
import { accessCookie, judge, type Secrets } from "./guard.ts";
import { hostPage, hostPath, pageFiles } from "./html.ts";
import { createJobs, type Jobs } from "./jobs.ts";

export interface UiOptions extends HostChoice {
	/** As of `buildProject`. */
	output?: string | undefined;
	/** Default: one that is free. */
	port?: number | undefined;
}

export interface Ui {
	/** With the token that lets in. */
	address: string;
	/** Ends the server and the builds that were begun from the page. */
	close(): Promise<void>;
}

/** What a request is answered with by whom it concerns. */
interface Context {
	options: UiOptions;
	secrets: Secrets;
	jobs: Jobs;
	stop: AbortSignal;
}

/** Nothing but the page's own files, whatever might get into it. */
const policy =
	"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const commonHeaders = {
	"cache-control": "no-store",
	"content-security-policy": policy,
	"cross-origin-opener-policy": "same-origin",
	"cross-origin-resource-policy": "same-origin",
	"referrer-policy": "no-referrer",
	"x-content-type-options": "nosniff",
} as const;

/** Largest body of a request, in bytes: it holds a name. */
const largestBody = 4096;

/**
 * Serves the page of a project's hosts on 127.0.0.1, to whoever has the token.
 * @throws ExpectedError (exit code 2) when the port is taken.
 */
export async function serveUi(options: UiOptions): Promise<Ui> {
	const stop = new AbortController();
	const secrets: Secrets = {
		port: options.port ?? 0,
		access: randomBytes(24).toString("base64url"),
		action: randomBytes(24).toString("base64url"),
	};
	const jobs = createJobs({ output: options.output, describe });
	const context = { options, secrets, jobs, stop: stop.signal };
	const server: HttpServer = await serveLocally(
		(request, response) => answer(request, response, context),
		options.port,
	);
	secrets.port = server.port;
	return {
		address: `http://127.0.0.1:${server.port}/?token=${secrets.access}`,
		async close() {
			stop.abort();
			await server.close();
			await jobs.stop();
		},
	};
}

async function answer(
	request: IncomingMessage,
	response: ServerResponse,
	context: Context,
): Promise<void> {
	const { secrets } = context;
	const { headers, method = "" } = request;
	const url = new URL(request.url ?? "/", "http://127.0.0.1");
	for (const [name, value] of Object.entries(commonHeaders))
		response.setHeader(name, value);
	const verdict = judge(
		{
			method,
			path: url.pathname,
			queryToken: url.searchParams.get("token") ?? undefined,
			host: headers.host,
			origin: headers.origin,
			cookie: headers.cookie,
			token: single(headers["x-dock0-token"]),
			site: single(headers["sec-fetch-site"]),
		},
		secrets,
	);
	if (verdict.kind === "refused")
		return text(response, verdict.status, verdict.why);
	if (verdict.kind === "enter") {
		response.writeHead(303, {
			location: "/",
			"set-cookie": accessCookie(secrets),
		});
		response.end();
		return;
	}
	const hosts = await listHosts(context.options);
	const [, area, id = "", ...rest] = url.pathname
		.split("/")
		.map((part) => decode(part));
	if (url.pathname === "/") {
		response.writeHead(303, { location: hostPath(hosts[0]?.id ?? "") }).end();
		return;
	}
	if (method === "GET" && url.pathname in pageFiles)
		return file(response, url.pathname as keyof typeof pageFiles);
	const entry =
		area === "hosts" ? hosts.find((one) => one.id === id) : undefined;
	if (!entry) return text(response, 404, "there is no such page");
	if (method === "POST")
		return act(rest.join("/"), entry, request, response, context);
	const [what, name = "", part] = rest;
	if (what === undefined) return page(response, hosts, entry, context);
	if (what === "log" && (name === "build" || name === "deploy"))
		return follow(response, entry, name, context);
	if (what === "releases" && part === "report")
		return report(response, entry, name, context);
	return text(response, 404, "there is no such page");
}

async function page(
	response: ServerResponse,
	hosts: readonly HostEntry[],
	entry: HostEntry,
	{ options, secrets, jobs }: Context,
): Promise<void> {
	const host = await loadHost(entry)
		.then((project) => hostOverview(project, options.output))
		.catch((error: unknown) => {
			if (error instanceof ExpectedError) return { problem: describe(error) };
			throw error;
		});
	response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
	response.end(
		hostPage({
			...{ hosts, id: entry.id, host, job: jobs.of(entry.id) },
			...{ action: secrets.action, version: packageVersion() },
		}),
	);
}

/** What the buttons do; the answer is JSON with `text`, or with `problem`. */
async function act(
	action: string,
	entry: HostEntry,
	request: IncomingMessage,
	response: ServerResponse,
	{ options, jobs, stop }: Context,
): Promise<void> {
	const reply = (status: number, body: object): void => {
		response.writeHead(status, { "content-type": "application/json" });
		response.end(maskSecrets(JSON.stringify(body)));
	};
	try {
		const { release = "" } = await bodyOf(request);
		const project = await loadHost(entry);
		const { output } = options;
		switch (action) {
			case "build":
				return jobs.build(entry.id, project)
					? reply(202, { text: "The build has begun." })
					: reply(409, { problem: "A build of this host is running already." });
			case "cancel":
				return jobs.cancel(entry.id)
					? reply(202, { text: "The build is being stopped." })
					: reply(409, { problem: "No build runs that was begun here." });
			case "use": {
				const { folder } = await useRelease(project, release, output);
				return reply(200, {
					text: `${project.name} is release ${releaseId(folder).slice(0, 8)} now.`,
				});
			}
			case "verify": {
				const { folder } = await keptRelease(project, release, output);
				const signer = await checkRelease(project, folder);
				const by =
					signer === "nobody"
						? "It is not signed."
						: signer
							? `It is signed by key ${signer.id}.`
							: "It is signed by a key that this project does not trust.";
				return reply(200, {
					text: `Every file is what the manifest of ${releaseId(folder).slice(0, 8)} says. ${by}`,
				});
			}
			case "status":
				return reply(200, { facts: await hostStatus(targetOf(project), stop) });
			case "rollback": {
				const lines: string[] = [];
				await rollBack(targetOf(project), {
					signal: stop,
					onLine: (line) => lines.push(line),
				});
				return reply(200, { text: lines.join("\n") });
			}
			default:
				return reply(404, { problem: "There is no such action." });
		}
	} catch (error) {
		if (!(error instanceof ExpectedError)) throw error;
		reply(422, { problem: describe(error) });
	}
}

/** Server-sent events (WHATWG HTML): each line of the record, and `reset` when another run begins. */
async function follow(
	response: ServerResponse,
	entry: HostEntry,
	kind: "build" | "deploy",
	{ stop }: Context,
): Promise<void> {
	const { name } = await loadHost(entry);
	const gone = new AbortController();
	response.on("close", () => gone.abort());
	response.writeHead(200, { "content-type": "text/event-stream" });
	response.write(": here\n\n");
	const signal = AbortSignal.any([stop, gone.signal]);
	for await (const line of followLines(runRecordFile(name, kind), signal))
		response.write(
			line === undefined ? "event: reset\ndata:\n\n" : `data: ${line}\n\n`,
		);
	response.end();
}

async function report(
	response: ServerResponse,
	entry: HostEntry,
	id: string,
	{ options }: Context,
): Promise<void> {
	try {
		const project = await loadHost(entry);
		const { folder } = await keptRelease(project, id, options.output);
		const html = await reportPage({ facts: await releaseFacts(folder) });
		response.writeHead(200, {
			"content-type": "text/html; charset=utf-8",
			// Its own policy stands in it; being sandboxed, it is a stranger to this page.
			"content-security-policy": "sandbox allow-scripts",
		});
		response.end(html);
	} catch (error) {
		if (!(error instanceof ExpectedError)) throw error;
		text(response, 404, describe(error));
	}
}

async function file(
	response: ServerResponse,
	path: keyof typeof pageFiles,
): Promise<void> {
	const { type, files } = pageFiles[path];
	const parts = await Promise.all(
		files.map((name) => readFile(packageFile(name), "utf8")),
	);
	response.writeHead(200, { "content-type": type });
	response.end(parts.join("\n"));
}

async function bodyOf(request: IncomingMessage): Promise<{ release?: string }> {
	let body = "";
	for await (const chunk of request) {
		body += String(chunk);
		if (body.length > largestBody) throw new Error("the request is too large");
	}
	const parsed: unknown = body === "" ? {} : JSON.parse(body);
	const { release } = Object(parsed) as { release?: unknown };
	return typeof release === "string" ? { release } : {};
}

function text(response: ServerResponse, status: number, words: string): void {
	response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
	response.end(`${words}\n`);
}

function describe(error: unknown): string {
	return maskSecrets(
		error instanceof ExpectedError
			? error.problems.map(formatProblem).join("\n")
			: error instanceof Error
				? (error.stack ?? error.message)
				: String(error),
	);
}

function single(value: string | string[] | undefined): string | undefined {
	return Array.isArray(value) ? value[0] : value;
}

function decode(part: string): string {
	try {
		return decodeURIComponent(part);
	} catch {
		return "";
	}
}
