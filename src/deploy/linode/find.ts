import { ExpectedError } from "../../system/errors.ts";
import type { DeployRun, Server } from "../provider.ts";
import { type Linode, linodeAnswer } from "./answers.ts";
import { type Client, UnsureError } from "./client.ts";
import { isNotFound, unreachable } from "./refusals.ts";
import type { LinodeSettings } from "./schema.ts";

/**
 * The one Linode that the settings mean. The API's filter is looked at again: a server is overwritten by
 * what follows, so it must be the right one.
 * @throws ExpectedError when several match.
 */
export async function findLinode(
	client: Client,
	settings: LinodeSettings,
	host: string,
): Promise<Linode | undefined> {
	if (settings.id !== undefined) {
		const found = await client
			.get(`/linode/instances/${settings.id}`, linodeAnswer)
			.catch((error: unknown) => {
				if (isNotFound(error)) return undefined;
				throw error;
			});
		if (found && settings.label !== undefined && found.label !== settings.label)
			throw new ExpectedError({
				code: "LINODE_AMBIGUOUS",
				message: `Linode ${settings.id} is called "${found.label}", but the config says "${settings.label}"`,
			});
		return found;
	}
	const { tag } = settings;
	const label = settings.label ?? (tag === undefined ? host : undefined);
	const matches = (
		await client.list(
			"/linode/instances",
			linodeAnswer,
			label === undefined ? { tags: tag } : { label },
		)
	).filter(
		(linode) =>
			(label === undefined || linode.label === label) &&
			(tag === undefined || linode.tags.includes(tag)),
	);
	if (matches.length > 1)
		throw new ExpectedError({
			code: "LINODE_AMBIGUOUS",
			message: `several Linodes match: ${matches.map((linode) => `${linode.id} "${linode.label}"`).join(", ")}`,
			hint: "name the one by deploy.linode.id",
		});
	return matches[0];
}

/** Makes an empty Linode that is off. Labels of Linodes are unique, so it is found again after a lost answer. */
export async function createLinode(
	client: Client,
	settings: LinodeSettings,
	run: DeployRun,
): Promise<Linode> {
	const { create } = settings;
	if (!create) throw new Error("nothing says how to create the Linode");
	const label = settings.label ?? run.host;
	await run.journal.once("created", async () => true);
	for (let count = 1; ; count++)
		try {
			return await client.post(
				"/linode/instances",
				{
					label,
					type: create.type,
					region: create.region,
					booted: false,
					tags: settings.tag ? [...create.tags, settings.tag] : create.tags,
					private_ip: create.privateIp,
					...(create.firewall === undefined
						? {}
						: { firewall_id: create.firewall }),
					...(create.userData === undefined
						? {}
						: {
								metadata: {
									user_data: Buffer.from(create.userData).toString("base64"),
								},
							}),
				},
				linodeAnswer,
			);
		} catch (error) {
			if (!(error instanceof UnsureError)) throw error;
			await client.clock.sleep(10_000, client.signal);
			const found = await findLinode(client, settings, run.host);
			if (found) return found;
			if (count >= 4) throw unreachable(error.message);
		}
}

export function serverOf(linode: Linode): Server {
	return {
		id: String(linode.id),
		label: linode.label,
		address: linode.ipv4[0] ?? "",
	};
}
