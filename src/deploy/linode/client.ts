import type { z } from "zod";
import type { Clock } from "../../system/clock.ts";
import { stepFailure } from "../../system/errors.ts";
import { packageVersion } from "../../system/package-files.ts";
import { type Attempt, judge } from "./refusals.ts";

export interface ClientOptions {
	/** Without a slash at the end, e.g. `https://api.linode.com/v4`. */
	url: string;
	token: string;
	clock: Clock;
	/** For one request; default 30. */
	requestSeconds?: number;
	/** How long requests that cannot be answered are repeated. */
	patienceSeconds: number;
	/** How long "Linode busy." is waited out. */
	busySeconds: number;
	signal: AbortSignal;
	/** Default: Node's own. */
	fetch?: typeof fetch;
	/** Told when a request has to be repeated. */
	onRetry?: (text: string) => void;
}

interface Ask {
	method: "GET" | "POST" | "PUT" | "DELETE";
	path: string;
	body?: object;
	/** https://techdocs.akamai.com/linode-api/reference/filtering-and-sorting */
	filter?: object;
}

/** A POST of which nobody knows whether it was applied. */
export class UnsureError extends Error {
	override readonly name = "UnsureError";
}

export interface Client {
	get<T extends z.ZodType>(path: string, shape: T): Promise<z.output<T>>;
	/** Every page of a collection. */
	list<T extends z.ZodType>(
		path: string,
		shape: T,
		filter?: object,
	): Promise<z.output<T>[]>;
	put(path: string, body: object): Promise<void>;
	/** @throws UnsureError when it may or may not have been applied. */
	post<T extends z.ZodType>(
		path: string,
		body: object,
		shape: T,
	): Promise<z.output<T>>;
	/** Something that is not there any more counts as deleted. */
	delete(path: string): Promise<void>;
	/** The scopes of the token, from the answer's headers; undefined when they are not told. */
	scopes(): Promise<string | undefined>;
	readonly clock: Clock;
	readonly signal: AbortSignal;
}

/** Largest page, so that a collection takes few requests: it is limited to 200 of them a minute. */
const pageSize = 500;

/**
 * A client of the Linode API v4, of just what a deploy needs: time limits, repeats with growing pauses,
 * paging, checked answers. docs/deploy.md says why it is not @linode/api-v4.
 */
export function linodeClient(options: ClientOptions): Client {
	const { clock, signal } = options;

	async function ask(
		request: Ask,
	): Promise<{ body: unknown; headers: Headers }> {
		const name = `${request.method} ${request.path}`;
		const begin = clock.now();
		let pause = 1000;
		for (let count = 1; ; count++) {
			signal.throwIfAborted();
			const verdict = judge(await attempt(request), name);
			if (verdict.kind === "done") return verdict;
			if (verdict.kind === "fail") throw verdict.error;
			if (verdict.kind === "unsure" && request.method === "POST")
				throw new UnsureError(`${name}: ${verdict.why}`);
			const limit = verdict.busy
				? options.busySeconds
				: options.patienceSeconds;
			// Half of it by chance, so that several hosts do not ask in step.
			const wait = verdict.waitMs ?? pause * (0.5 + Math.random() / 2);
			if (clock.now() + wait - begin > limit * 1000)
				throw stepFailure({
					code: verdict.busy ? "LINODE_BUSY" : "LINODE_UNREACHABLE",
					message: `${name} did not work for ${limit} seconds (${count} times): ${verdict.why}`,
					hint: verdict.busy
						? "another job of this Linode does not end; see it in the Cloud Manager"
						: "is the network up, and is status.linode.com green?",
				});
			if (count > 1 || wait > 3000)
				options.onRetry?.(
					`${name}: ${verdict.why}; again in ${Math.ceil(wait / 1000)}s`,
				);
			await clock.sleep(wait, signal);
			pause = Math.min(pause * 2, 30_000);
		}
	}

	async function attempt(request: Ask): Promise<Attempt> {
		const limit = AbortSignal.timeout((options.requestSeconds ?? 30) * 1000);
		let response: Response;
		try {
			response = await (options.fetch ?? fetch)(
				`${options.url}${request.path}`,
				{
					method: request.method,
					headers: {
						authorization: `Bearer ${options.token}`,
						accept: "application/json",
						"user-agent": `dock0/${packageVersion()}`,
						...(request.body ? { "content-type": "application/json" } : {}),
						...(request.filter
							? { "x-filter": JSON.stringify(request.filter) }
							: {}),
					},
					body: request.body ? JSON.stringify(request.body) : null,
					redirect: "error",
					signal: AbortSignal.any([signal, limit]),
				},
			);
		} catch (error) {
			signal.throwIfAborted();
			return { kind: "lost", ...networkFailure(error, limit.aborted) };
		}
		const { status, headers } = response;
		try {
			const text = await response.text();
			if (!headers.get("content-type")?.includes("json"))
				return {
					kind: "garbled",
					status,
					headers,
					why: `status ${status} with something that is no JSON`,
				};
			return { kind: "answer", status, headers, body: JSON.parse(text) };
		} catch (error) {
			signal.throwIfAborted();
			return {
				kind: "lost",
				sent: true,
				why: `the answer broke off: ${messageOf(error)}`,
			};
		}
	}

	function check<T extends z.ZodType>(
		shape: T,
		body: unknown,
		name: string,
	): z.output<T> {
		const parsed = shape.safeParse(body);
		if (parsed.success) return parsed.data;
		throw stepFailure({
			code: "LINODE_STRANGE_ANSWER",
			message: `${name} answered something unexpected: ${parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ")}`,
			hint: "is LINODE_URL right? Otherwise the API has changed: please report it",
		});
	}

	return {
		clock,
		signal,
		async get(path, shape) {
			const { body } = await ask({ method: "GET", path });
			return check(shape, body, `GET ${path}`);
		},
		async list(path, shape, filter) {
			const found: z.output<typeof shape>[] = [];
			for (let page = 1, pages = 1; page <= pages; page++) {
				const { body } = await ask({
					method: "GET",
					path: `${path}?page=${page}&page_size=${pageSize}`,
					...(filter ? { filter } : {}),
				});
				const { data, pages: count } = body as {
					data?: unknown[];
					pages?: number;
				};
				pages = count ?? 1;
				for (const item of data ?? [])
					found.push(check(shape, item, `GET ${path}`));
			}
			return found;
		},
		async put(path, body) {
			await ask({ method: "PUT", path, body });
		},
		async post(path, body, shape) {
			const answer = await ask({ method: "POST", path, body });
			return check(shape, answer.body, `POST ${path}`);
		},
		async delete(path) {
			try {
				await ask({ method: "DELETE", path });
			} catch (error) {
				if (!isGone(error)) throw error;
			}
		},
		async scopes() {
			const { headers } = await ask({ method: "GET", path: "/profile" });
			return headers.get("x-oauth-scopes") ?? undefined;
		},
	};
}

function isGone(error: unknown): boolean {
	return (error as { code?: unknown }).code === "LINODE_NOT_FOUND";
}

/** Errors of connecting: the request has not left this machine. */
const unsent = new Set([
	"ECONNREFUSED",
	"ENOTFOUND",
	"EAI_AGAIN",
	"EHOSTUNREACH",
	"ENETUNREACH",
	"UND_ERR_CONNECT_TIMEOUT",
]);

function networkFailure(
	error: unknown,
	timedOut: boolean,
): { sent: boolean; why: string } {
	if (timedOut) return { sent: true, why: "no answer in time" };
	const cause = error instanceof Error ? (error.cause ?? error) : error;
	const code = (cause as { code?: unknown } | undefined)?.code;
	return {
		sent: !(typeof code === "string" && unsent.has(code)),
		why: messageOf(cause),
	};
}

function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
