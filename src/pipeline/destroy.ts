import { rm } from "node:fs/promises";
import { journalFile, readJournal } from "../deploy/journal.ts";
import { isUnfinished } from "../deploy/machine.ts";
import { findServer } from "./deploy.ts";
import type { HostChoice } from "./hosts.ts";

/**
 * Removes the server of a host for good, and what is remembered of its deploys.
 * @returns whether it was removed.
 * @throws ExpectedError DEPLOY_NO_SERVER, DEPLOY_BUSY.
 */
export async function destroyServer(
	choice: HostChoice,
	confirm: (label: string, losses: string[]) => Promise<boolean>,
): Promise<boolean> {
	const { host, server, provider, store } = await findServer(choice);
	const lock = await store.lockHost(host);
	try {
		const losses = await provider.describe(server);
		if (!(await confirm(server.label, losses))) return false;
		await provider.destroy(server);
		const file = journalFile(store.folder, host);
		const record = await readJournal(file);
		await rm(file, { force: true });
		if (record && isUnfinished(record)) {
			const others = (await store.records()).some(
				(other) =>
					isUnfinished(other) && other.image.sha256 === record.image.sha256,
			);
			if (!others) await provider.forgetImage(record.image.sha256);
		}
		return true;
	} finally {
		await lock.release();
	}
}
