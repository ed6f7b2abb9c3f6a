/** What a route answers. */
export interface Reply {
	status: number;
	body: object;
	headers?: Record<string, string>;
}

export interface Asked {
	method: string;
	path: string;
	query: URLSearchParams;
	filter: Record<string, unknown>;
	body: Record<string, unknown>;
}

export const ok = (body: object = {}): Reply => ({ status: 200, body });

export function refuse(status: number, reason: string, field?: string): Reply {
	return {
		status,
		body: { errors: [{ reason, ...(field === undefined ? {} : { field }) }] },
	};
}

export const notFound = (): Reply => refuse(404, "Not found");
export const busy = (): Reply => refuse(400, "Linode busy.");
