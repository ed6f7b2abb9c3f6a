/** What may go wrong with one request. */
export type RequestFault =
	/** 429 with Retry-After. */
	| "limited"
	/** 429 without. */
	| "limited-silent"
	| "error-500"
	| "error-503"
	/** A page of nginx's own with status 400, in HTML. */
	| "nginx-400"
	/** No answer, and the request is not applied. */
	| "hang"
	/** Applied, but no answer comes. */
	| "hang-after"
	/** Applied, and the answer breaks off in its middle. */
	| "broken-answer"
	/** The connection is reset before the request is applied. */
	| "reset"
	/** The connection is reset after the request was applied. */
	| "reset-after";

export const requestFaults: readonly RequestFault[] = [
	"limited",
	"limited-silent",
	"error-500",
	"error-503",
	"nginx-400",
	"hang",
	"hang-after",
	"broken-answer",
	"reset",
	"reset-after",
];

/** What may go wrong with a job. */
export type JobFault = "fail" | "stuck";

/** What goes wrong, decided for each request and each job; both count from 1. */
export interface Faults {
	request?: (
		number: number,
		request: { method: string; path: string },
	) => RequestFault | undefined;
	job?: (number: number, action: string) => JobFault | undefined;
}
