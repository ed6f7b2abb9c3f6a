import { expect, it } from "vitest";
import { type Attempt, judge } from "./refusals.ts";

const errors = (reason: string): object => ({ errors: [{ reason }] });
const answer = (
	status: number,
	body: unknown,
	headers: Record<string, string> = {},
): Attempt => ({
	kind: "answer",
	status,
	body,
	headers: new Headers(headers),
});

it.each<[string, Attempt, object]>([
	["success", answer(200, {}), { kind: "done" }],
	[
		"a rate limit that tells how long",
		answer(429, errors("Too many requests"), { "retry-after": "7" }),
		{ kind: "again", waitMs: 7000 },
	],
	["one that does not", answer(429, errors("no")), { kind: "again" }],
	[
		"a busy Linode",
		answer(400, errors("Linode busy.")),
		{ kind: "again", busy: true },
	],
	[
		"nginx's own page",
		{
			kind: "garbled",
			status: 400,
			headers: new Headers(),
			why: "no JSON",
		},
		{ kind: "again" },
	],
	["a server error", answer(500, errors("oops")), { kind: "unsure" }],
	[
		"a gateway's page",
		{
			kind: "garbled",
			status: 502,
			headers: new Headers(),
			why: "no JSON",
		},
		{ kind: "unsure" },
	],
	[
		"a connection that was refused",
		{ kind: "lost", sent: false, why: "" },
		{ kind: "again" },
	],
	[
		"a connection that broke",
		{ kind: "lost", sent: true, why: "" },
		{ kind: "unsure" },
	],
	[
		"maintenance",
		answer(503, errors("down"), { "x-maintenance-mode": "all" }),
		{ kind: "fail", error: { code: "LINODE_MAINTENANCE" } },
	],
	[
		"a bad token",
		answer(401, errors("Invalid Token")),
		{ kind: "fail", error: { code: "LINODE_TOKEN_REFUSED" } },
	],
	[
		"a missing scope",
		answer(403, errors("no")),
		{ kind: "fail", error: { code: "LINODE_FORBIDDEN" } },
	],
	[
		"a missing thing",
		answer(404, errors("Not found")),
		{ kind: "fail", error: { code: "LINODE_NOT_FOUND" } },
	],
	[
		"a bad request, with the field",
		answer(400, { errors: [{ field: "size", reason: "too large" }] }),
		{
			kind: "fail",
			error: {
				code: "LINODE_REFUSED",
				message: expect.stringContaining("size: too large"),
			},
		},
	],
])("judges %s", (_, attempt, verdict) => {
	expect(judge(attempt, "POST /x")).toMatchObject(verdict);
});
