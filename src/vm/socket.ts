import { closeSync, openSync } from "node:fs";
import { connect, type Socket } from "node:net";

/**
 * Connects to the unix socket `name` in `folder`. The folder is opened and named through /proc/self/fd,
 * so that its path may be longer than the 108 bytes of a socket address (unix(7)).
 * @throws the system's error when nobody listens there.
 */
export async function connectIn(folder: string, name: string): Promise<Socket> {
	const descriptor = openSync(folder, "r");
	try {
		return await new Promise<Socket>((resolve, reject) => {
			const socket = connect({ path: `/proc/self/fd/${descriptor}/${name}` });
			socket.once("error", reject);
			socket.once("connect", () => {
				socket.off("error", reject);
				resolve(socket);
			});
		});
	} finally {
		closeSync(descriptor);
	}
}
