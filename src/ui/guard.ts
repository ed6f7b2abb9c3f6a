import { timingSafeEqual } from "node:crypto";

/** What is looked at to tell our own page from anybody else's. */
export interface GuardedRequest {
	method: string;
	/** Path without the query. */
	path: string;
	/** Of the query, once, when the address was opened. */
	queryToken?: string | undefined;
	host?: string | undefined;
	origin?: string | undefined;
	cookie?: string | undefined;
	/** `x-dock0-token`: what only a script of our page knows and may send. */
	token?: string | undefined;
	/** `sec-fetch-site`, which the browser sets and no page can (W3C Fetch Metadata). */
	site?: string | undefined;
}

export interface Secrets {
	port: number;
	/** In the address and then in the cookie. */
	access: string;
	/** In the page and then in the header of every POST. */
	action: string;
}

export type Verdict =
	| { kind: "allowed" }
	/** The address with the token was opened: set the cookie, and go to where the token is not shown. */
	| { kind: "enter" }
	| { kind: "refused"; status: 400 | 401 | 403 | 405; why: string };

/**
 * Decides whether a request may be answered. A page of another site can make a browser send requests here: by a name of
 * its own that leads to 127.0.0.1 (DNS rebinding; the Host header tells), or by a form or script (Origin, fetch
 * metadata, a strict cookie, and a header which it would have to ask for first). Pure.
 */
export function judge(request: GuardedRequest, secrets: Secrets): Verdict {
	const { method, path, origin, site } = request;
	const hosts = [`127.0.0.1:${secrets.port}`, `localhost:${secrets.port}`];
	if (request.host === undefined || !hosts.includes(request.host))
		return refused(400, "this name does not lead here");
	if (method !== "GET" && method !== "POST")
		return refused(405, "only GET and POST are answered");
	if (origin !== undefined && origin !== `http://${request.host}`)
		return refused(403, "the request comes from another page");
	// "same-site" is another port of this machine: another program.
	if (site !== undefined && site !== "same-origin" && site !== "none")
		return refused(403, "the request comes from another site");
	if (method === "GET" && path === "/" && request.queryToken !== undefined)
		return same(request.queryToken, secrets.access)
			? { kind: "enter" }
			: refused(401, "the token of the address is not the right one");
	if (!same(cookieOf(request.cookie, secrets.port), secrets.access))
		return refused(401, "open the address that dock0 ui has printed");
	if (method === "POST" && origin === undefined)
		return refused(403, "a change needs the Origin header");
	if (method === "POST" && !same(request.token, secrets.action))
		return refused(403, "a change needs the token of the page");
	return { kind: "allowed" };
}

/** The Set-Cookie header. Cookies are shared by all ports of a name, so the name holds ours. */
export function accessCookie({ port, access }: Secrets): string {
	return `${cookieName(port)}=${access}; Path=/; HttpOnly; SameSite=Strict`;
}

function cookieName(port: number): string {
	return `dock0-${port}`;
}

function cookieOf(
	header: string | undefined,
	port: number,
): string | undefined {
	return header
		?.split(/; */)
		.map((pair) => pair.split("="))
		.find(([name]) => name === cookieName(port))?.[1];
}

/** In a time that does not tell how much of it is right. */
function same(given: string | undefined, wanted: string): boolean {
	const [a, b] = [Buffer.from(given ?? ""), Buffer.from(wanted)];
	return a.length === b.length && timingSafeEqual(a, b);
}

function refused(status: 400 | 401 | 403 | 405, why: string): Verdict {
	return { kind: "refused", status, why };
}
