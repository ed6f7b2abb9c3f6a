import {
	createServer,
	type IncomingMessage,
	type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { ExpectedError } from "./errors.ts";

export interface HttpServer {
	readonly port: number;
	/** Ends all connections, open streams too. */
	close(): Promise<void>;
}

/**
 * Serves HTTP to this machine alone: it listens on 127.0.0.1.
 * @param port 0: one that is free.
 * @throws ExpectedError (exit code 2) when the port is taken.
 */
export async function serveLocally(
	handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
	port = 0,
): Promise<HttpServer> {
	const server = createServer((request, response) => {
		handle(request, response).catch((error: unknown) => {
			const message = error instanceof Error ? error.message : String(error);
			if (response.headersSent) response.destroy();
			else
				response.writeHead(500, { "content-type": "text/plain" }).end(message);
		});
	});
	await new Promise<void>((resolve, reject) => {
		server.once("error", (error: NodeJS.ErrnoException) =>
			reject(
				error.code === "EADDRINUSE" || error.code === "EACCES"
					? new ExpectedError(
							{
								code: "UI_PORT_BUSY",
								message: `cannot listen on port ${port} of 127.0.0.1: ${error.message}`,
								hint: "choose another one by --port, or leave it out",
							},
							{ cause: error },
						)
					: error,
			),
		);
		server.listen(port, "127.0.0.1", resolve);
	});
	return {
		port: (server.address() as AddressInfo).port,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}
