import { describe, expect, it } from "vitest";
import { type GuardedRequest, judge } from "./guard.ts";

const secrets = { port: 8765, access: "let-me-in", action: "do-it" };
const read: GuardedRequest = {
	method: "GET",
	path: "/hosts/web1",
	host: "127.0.0.1:8765",
	cookie: "other=1; dock0-8765=let-me-in",
	site: "same-origin",
};
const change: GuardedRequest = {
	...read,
	method: "POST",
	origin: "http://127.0.0.1:8765",
	token: "do-it",
};
const verdict = (request: GuardedRequest) => {
	const given = judge(request, secrets);
	return given.kind === "refused" ? given.status : given.kind;
};

describe("who is let in", () => {
	it("is our own page", () => {
		expect(verdict(read)).toBe("allowed");
		expect(verdict(change)).toBe("allowed");
		expect(verdict({ ...read, host: "localhost:8765" })).toBe("allowed");
	});

	it("is who opens the address with the token", () => {
		const open = { ...read, path: "/", cookie: undefined };
		expect(verdict({ ...open, queryToken: "let-me-in" })).toBe("enter");
		expect(verdict({ ...open, queryToken: "let-me-i" })).toBe(401);
		expect(verdict(open)).toBe(401);
	});

	it.each([
		["another name that leads here", { host: "evil.example:8765" }, 400],
		["no name", { host: undefined }, 400],
		["another port's name", { host: "127.0.0.1:80" }, 400],
		["another site", { site: "cross-site" }, 403],
		["another program of this machine", { site: "same-site" }, 403],
		["another origin", { origin: "http://127.0.0.1:3000" }, 403],
		["an origin without a name", { origin: "null" }, 403],
		["the cookie of another port", { cookie: "dock0-1=let-me-in" }, 401],
		["a wrong cookie", { cookie: "dock0-8765=let-me-im" }, 401],
		["another method", { method: "PUT" }, 405],
	] as const)("is not %s", (_, difference, status) => {
		expect(verdict({ ...change, ...difference })).toBe(status);
	});

	it("is for a change only a script of our page", () => {
		expect(verdict({ ...change, token: undefined })).toBe(403);
		expect(verdict({ ...change, token: "do-i" })).toBe(403);
		expect(verdict({ ...change, origin: undefined })).toBe(403);
	});
});
