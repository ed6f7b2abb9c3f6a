import { ExpectedError, stepFailure } from "../../system/errors.ts";
import { errorAnswer } from "./answers.ts";

/** What became of one HTTP request. */
export type Attempt =
	| { kind: "answer"; status: number; headers: Headers; body: unknown }
	/** An answer that did not come from the API itself, or did not come whole. */
	| { kind: "garbled"; status: number; headers: Headers; why: string }
	/** `sent`: whether the API may have got the request. */
	| { kind: "lost"; sent: boolean; why: string };

/**
 * What to do about an attempt:
 * - `done`: use the answer,
 * - `again`: it was certainly not applied, so it can be repeated after a while,
 * - `unsure`: it may have been applied. GET, PUT and DELETE are repeated all the same; for POST the caller
 *   has to look what became of it, since the API has no idempotency keys,
 * - `fail`: it will not work.
 */
export type Verdict =
	| { kind: "done"; body: unknown; headers: Headers }
	| { kind: "again" | "unsure"; why: string; waitMs?: number; busy?: boolean }
	| { kind: "fail"; error: ExpectedError };

/** Judges an attempt, by what the API is known to answer; `request` is like "POST /images/upload". */
export function judge(attempt: Attempt, request: string): Verdict {
	if (attempt.kind === "lost")
		return { kind: attempt.sent ? "unsure" : "again", why: attempt.why };
	const { status, headers } = attempt;
	if (attempt.kind === "garbled") {
		// nginx in front of the API sometimes refuses with a page of its own; the request went no further.
		if (status === 400 || status === 413 || status === 429)
			return { kind: "again", why: attempt.why, ...waitOf(headers) };
		return { kind: "unsure", why: attempt.why };
	}
	const { body } = attempt;
	if (status >= 200 && status < 300) return { kind: "done", body, headers };
	const reason = reasonOf(body) ?? `status ${status}`;
	if (status === 429 || status === 408)
		return { kind: "again", why: reason, ...waitOf(headers) };
	if (status === 400 && /^linode busy\.?$/i.test(reason))
		return { kind: "again", why: "the Linode is busy", busy: true };
	if (status === 503 && headers.has("x-maintenance-mode"))
		return fail(
			"LINODE_MAINTENANCE",
			"the Linode API is in maintenance",
			"try again later; status.linode.com tells how long",
		);
	if (status >= 500) return { kind: "unsure", why: reason, ...waitOf(headers) };
	if (status === 401)
		return fail(
			"LINODE_TOKEN_REFUSED",
			`the Linode API refuses the token: ${reason}`,
			"it may have expired or been revoked: make a new one at cloud.linode.com/profile/tokens",
		);
	if (status === 403)
		return fail(
			"LINODE_FORBIDDEN",
			`the token may not do ${request}: ${reason}`,
			"give the token, and its user, the scopes that docs/deploy.md lists",
		);
	if (status === 404) return fail("LINODE_NOT_FOUND", `${request}: ${reason}`);
	return fail("LINODE_REFUSED", `the Linode API refused ${request}: ${reason}`);
}

function fail(code: string, message: string, hint?: string): Verdict {
	return {
		kind: "fail",
		error: stepFailure({ code, message, ...(hint ? { hint } : {}) }),
	};
}

export function isNotFound(error: unknown): boolean {
	return error instanceof ExpectedError && error.code === "LINODE_NOT_FOUND";
}

/** The API's own words, with the field they are about. */
function reasonOf(body: unknown): string | undefined {
	const parsed = errorAnswer.safeParse(body);
	if (!parsed.success) return undefined;
	return parsed.data.errors
		.map(({ field, reason }) => (field ? `${field}: ${reason}` : reason))
		.join("; ");
}

/** Retry-After in seconds (RFC 9110, 10.2.3); else X-RateLimit-Reset, seconds since 1970. */
function waitOf(headers: Headers): { waitMs?: number; resetAt?: number } {
	const after = Number(headers.get("retry-after") ?? Number.NaN);
	return Number.isFinite(after) && after >= 0 ? { waitMs: after * 1000 } : {};
}

/** A request that could not be made to work, whatever was tried; the next run may. */
export function unreachable(why: string): ExpectedError {
	return stepFailure({
		code: "LINODE_UNREACHABLE",
		message: `the Linode API did not answer in a usable way: ${why}`,
		hint: "is the network up, and is status.linode.com green?",
	});
}
