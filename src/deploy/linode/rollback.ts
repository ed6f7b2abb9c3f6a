import type { z } from "zod";
import type { DeployRun } from "../provider.ts";
import { diskAnswer, linodeAnswer, profileAnswer } from "./answers.ts";
import type { Before } from "./before.ts";
import type { Client } from "./client.ts";
import { deleteDisks, disksPath } from "./disks.ts";
import { runJob } from "./jobs.ts";
import {
	bootDiskLabel,
	dataDiskLabel,
	makerLabel,
	profileLabel,
} from "./names.ts";
import { profilesPath } from "./profiles.ts";

/** Repeats of a boot of the old system: nothing is left to fall back on. */
const insistence = 5;

/** Boots the old system again, if it may be down, and removes what the deploy made. */
export async function undo(
	client: Client,
	run: DeployRun,
	before: Before,
	jobSeconds: number,
): Promise<void> {
	const { journal } = run;
	const { results, id } = journal.record;
	const linode = before.linode.id;
	if (
		["switch", "shut-down", "maker-boot"].some(
			(name) => `${name}-after-0` in results,
		)
	)
		await bootOld(client, run, before, jobSeconds);
	for (const [name, label] of [
		["profile", profileLabel(id)],
		["maker-profile", makerLabel(id)],
	] as const)
		for (const profile of await made(client, run, name, {
			collection: profilesPath(linode),
			shape: profileAnswer,
			label,
		}))
			await client.delete(`${profilesPath(linode)}/${profile}`);
	for (const [name, label] of [
		["boot-disk", bootDiskLabel(id)],
		["data-disk", dataDiskLabel(id)],
		["maker-disk", makerLabel(id)],
	] as const)
		await deleteDisks(
			client,
			linode,
			await made(client, run, name, {
				collection: disksPath(linode),
				shape: diskAnswer,
				label,
			}),
			jobSeconds,
		);
}

async function bootOld(
	client: Client,
	run: DeployRun,
	before: Before,
	jobSeconds: number,
): Promise<void> {
	const linode = before.linode.id;
	const { status } = await client.get(
		`/linode/instances/${linode}`,
		linodeAnswer,
	);
	const job = {
		linode,
		timeoutSeconds: jobSeconds,
		repeats: insistence,
	};
	if (before.profile && before.linode.running) {
		run.report({
			type: "step",
			text: `booting the old system, profile "${before.profile.label}"`,
		});
		await runJob(client, run.journal, {
			...job,
			name: "boot-old",
			action: status === "offline" ? "boot" : "reboot",
			body: { config_id: before.profile.id },
		});
	} else if (status !== "offline")
		await runJob(client, run.journal, {
			...job,
			name: "stop-new",
			action: "shutdown",
		});
}

/** The numbers of what step `name` made; of a step that did not come to its end, by its label. */
async function made(
	client: Client,
	{ journal }: DeployRun,
	name: string,
	options: {
		collection: string;
		shape: z.ZodType<{ id: number; label: string }>;
		label: string;
	},
): Promise<number[]> {
	const { results } = journal.record;
	if (!(`${name}-begun` in results)) return [];
	// What is in the journal may have been made twice all the same, when an answer was lost.
	if (!(name in results)) await client.clock.sleep(15_000, client.signal);
	const found = await client.list(options.collection, options.shape, {
		label: options.label,
	});
	const ids = found
		.filter(({ label }) => label === options.label)
		.map(({ id }) => id);
	const known = results[name];
	return [...new Set(typeof known === "number" ? [known, ...ids] : ids)];
}
