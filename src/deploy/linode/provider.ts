import type { Clock } from "../../system/clock.ts";
import { ExpectedError } from "../../system/errors.ts";
import { type Probe, waitHealthy } from "../health.ts";
import type { DeployRun, Inspection, Provider, Server } from "../provider.ts";
import type { DeploySettings } from "../schema.ts";
import type { Store } from "../store.ts";
import {
	diskAnswer,
	linodeAnswer,
	profileAnswer,
	profileOfUser,
} from "./answers.ts";
import { type Before, beforeSchema } from "./before.ts";
import { type Client, linodeClient } from "./client.ts";
import { deleteDisks, disksPath, makeDisk } from "./disks.ts";
import { createLinode, findLinode, serverOf } from "./find.ts";
import { ensureImage, releaseImage, requireUploadable } from "./image.ts";
import { planLinode } from "./inspect.ts";
import { eventsOfLinode, runJob } from "./jobs.ts";
import { lishArguments } from "./lish.ts";
import { fillByMaker } from "./maker.ts";
import { bootDiskLabel, dataDiskLabel } from "./names.ts";
import { makeProfile, profilesPath } from "./profiles.ts";
import { undo } from "./rollback.ts";
import { makerSettings, type Strategy, wantedScopes } from "./strategy.ts";
import { missingScopes } from "./token.ts";

export interface LinodeOptions {
	settings: DeploySettings;
	host: string;
	strategy: Strategy;
	url: string;
	token: string;
	store: Store;
	clock: Clock;
	signal: AbortSignal;
	probe: Probe;
	onRetry: (text: string) => void;
	/** For tests. */
	fetch?: typeof fetch;
	requestSeconds?: number;
}

/** Seconds that putting back the watchdog may take when a run stops halfway. */
const pausePatience = 20;

/** Linodes: a new disk and profile beside the old ones, and a reboot into it. */
export function linodeProvider(options: LinodeOptions): Provider {
	const { settings, host, store, probe, clock } = options;
	const { timeouts } = settings;
	const maker = makerSettings(options);
	const clientFor = (signal: AbortSignal, patienceSeconds: number): Client =>
		linodeClient({
			url: options.url,
			token: options.token,
			clock,
			signal,
			patienceSeconds,
			busySeconds: Math.min(timeouts.job, patienceSeconds * 4),
			onRetry: options.onRetry,
			...(options.fetch ? { fetch: options.fetch } : {}),
			...(options.requestSeconds
				? { requestSeconds: options.requestSeconds }
				: {}),
		});
	const client = clientFor(options.signal, timeouts.offline);
	const beforeOf = (run: DeployRun): Before =>
		beforeSchema.parse(run.journal.record.before);
	const setWatchdog = (on: Client, before: Before, enabled: boolean) =>
		on.put(`/linode/instances/${before.linode.id}`, {
			watchdog_enabled: enabled,
		});

	return {
		name: "linode",
		strategy: options.strategy,
		async check() {
			if (settings.health.length === 0)
				throw new ExpectedError({
					code: "DEPLOY_NO_HEALTH_CHECK",
					message: "deploy.health is empty: nothing would prove the new host",
					hint: "write for example health: [{ tcp: 22 }]",
				});
			const scopes = await client.scopes();
			const missing =
				scopes === undefined
					? []
					: missingScopes(scopes, wantedScopes[options.strategy]);
			if (missing.length > 0)
				throw new ExpectedError({
					code: "LINODE_SCOPE_MISSING",
					message: `the token lacks the scopes ${missing.join(", ")} (it has: ${scopes})`,
					hint: "make a token that has them at cloud.linode.com/profile/tokens",
				});
		},
		async find() {
			const linode = await findLinode(client, settings.linode, host);
			return linode && serverOf(linode);
		},
		creation() {
			const { create, label } = settings.linode;
			return (
				create &&
				`a Linode "${label ?? host}", ${create.type} in ${create.region}`
			);
		},
		async create(run) {
			run.report({ type: "step", text: `making ${this.creation()}` });
			return serverOf(await createLinode(client, settings.linode, run));
		},
		async inspect(run, server) {
			if (options.strategy === "image") requireUploadable(run.artefact);
			if (!server) return planOfCreation(this.creation() ?? "");
			const id = Number(server.id);
			return planLinode(
				{
					linode: await client.get(`/linode/instances/${id}`, linodeAnswer),
					disks: await client.list(disksPath(id), diskAnswer),
					profiles: await client.list(profilesPath(id), profileAnswer),
					events: await eventsOfLinode(client, id),
				},
				settings,
				run.artefact.diskBytes,
				maker?.size ?? 0,
			);
		},
		async stage(run) {
			const { journal } = run;
			const before = beforeOf(run);
			const linode = before.linode.id;
			const image = maker
				? undefined
				: await ensureImage({
						client,
						run,
						store,
						region: before.linode.region,
						uploadSeconds: timeouts.upload,
						idleSeconds: options.requestSeconds ?? 120,
					});
			await setWatchdog(client, before, false);
			await remove(run, "leftovers", before.leftovers);
			if (before.shrink) await shrink(run, before);
			run.report({ type: "step", text: "making the boot disk" });
			const boot = await makeDisk(client, journal, {
				linode,
				name: "boot-disk",
				label: bootDiskLabel(journal.record.id),
				size: before.bootSize,
				...(image === undefined ? {} : { image }),
				timeoutSeconds: timeouts.job,
			});
			if (maker)
				await fillByMaker({
					client,
					run,
					before,
					settings: maker,
					boot,
					jobSeconds: timeouts.job,
					workSeconds: timeouts.upload,
				});
			const data =
				before.newDataSize === null
					? before.data?.id
					: await makeDisk(client, journal, {
							linode,
							name: "data-disk",
							label: dataDiskLabel(journal.record.id),
							size: before.newDataSize,
							timeoutSeconds: timeouts.job,
						});
			await makeProfile(client, journal, before, { boot, data });
		},
		async switch(run) {
			const before = beforeOf(run);
			const linode = before.linode.id;
			// A run that stopped halfway put it on again.
			await setWatchdog(client, before, false);
			run.report({ type: "step", text: "booting the new host" });
			const { status } = await client.get(
				`/linode/instances/${linode}`,
				linodeAnswer,
			);
			await runJob(client, run.journal, {
				linode,
				name: "switch",
				action: status === "offline" ? "boot" : "reboot",
				body: { config_id: run.journal.record.results.profile },
				timeoutSeconds: timeouts.job,
			});
		},
		async verify(run) {
			const before = beforeOf(run);
			await setWatchdog(client, before, false);
			const linode = await client.get(
				`/linode/instances/${before.linode.id}`,
				linodeAnswer,
			);
			run.report({ type: "step", text: "waiting until the host is healthy" });
			await waitHealthy({
				checks: settings.health,
				address: serverOf(linode).address,
				timeoutSeconds: timeouts.health,
				clock,
				signal: run.signal,
				probe,
			});
		},
		async keep(run) {
			const before = beforeOf(run);
			await remove(run, "previous", before.previous);
			await setWatchdog(client, before, before.linode.watchdog);
			await forget(run, settings.keepImage);
		},
		async rollback(run) {
			if (run.journal.record.before === null) return;
			const before = beforeOf(run);
			if ("created" in run.journal.record.results) {
				await client.delete(`/linode/instances/${before.linode.id}`);
			} else {
				await undo(client, run, before, timeouts.job);
				await setWatchdog(client, before, before.linode.watchdog);
			}
			await forget(run, false);
		},
		async pause(run) {
			const before = beforeSchema.safeParse(run.journal.record.before);
			if (!before.success || !before.data.linode.watchdog) return;
			const { results } = run.journal.record;
			// It would boot the maker again, which runs its script only once.
			if ("maker-boot-after-0" in results && !("maker-done" in results)) return;
			const short = AbortSignal.timeout(pausePatience * 1000);
			await setWatchdog(clientFor(short, pausePatience), before.data, true);
		},
		async forgetImage(sha256) {
			if (settings.keepImage) return;
			await releaseImage({
				client,
				store,
				sha256,
				deploy: "",
				needed: async () => false,
			});
		},
		async console(server) {
			const { region } = await client.get(
				`/linode/instances/${server.id}`,
				linodeAnswer,
			);
			const { username } = await client.get("/profile", profileOfUser);
			return lishArguments(username, region, server.label);
		},
		async describe(server) {
			const id = Number(server.id);
			const disks = await client.list(disksPath(id), diskAnswer);
			return [
				`Linode ${server.id} "${server.label}" (${server.address}) with its addresses`,
				...disks.map(
					(disk) => `disk ${disk.id} "${disk.label}" (${disk.size} MiB)`,
				),
			];
		},
		async destroy(server: Server) {
			await client.delete(`/linode/instances/${server.id}`);
		},
	};

	async function forget(run: DeployRun, keep: boolean): Promise<void> {
		if (maker) return;
		const { id, image } = run.journal.record;
		await releaseImage({
			client,
			store,
			sha256: image.sha256,
			deploy: id,
			needed: async () => {
				// Under the lock: of hosts that end at the same time, the last one finds nobody who needs it.
				await run.journal.once("image-released", async () => true);
				return keep || (await run.imageNeeded(image.sha256));
			},
		});
	}

	async function remove(
		{ journal, report }: DeployRun,
		name: "leftovers" | "previous",
		{ profiles, disks }: Before["previous"],
	): Promise<void> {
		if (profiles.length + disks.length === 0) return;
		report({ type: "step", text: `removing what is not needed any more` });
		const { linode } = beforeSchema.parse(journal.record.before);
		await journal.once(`${name}-removed`, async () => {
			for (const { id } of profiles)
				await client.delete(`${profilesPath(linode.id)}/${id}`);
			await deleteDisks(
				client,
				linode.id,
				disks.map(({ id }) => id),
				timeouts.job,
			);
			return true;
		});
	}

	async function shrink(run: DeployRun, before: Before): Promise<void> {
		const { linode, shrink: disk } = before;
		if (!disk) return;
		run.report({
			type: "step",
			text: `shrinking disk "${disk.label}" to ${disk.to} MiB`,
		});
		if (linode.running)
			await runJob(client, run.journal, {
				linode: linode.id,
				name: "shut-down",
				action: "shutdown",
				timeoutSeconds: timeouts.job,
			});
		await runJob(client, run.journal, {
			linode: linode.id,
			name: "shrink",
			action: `disks/${disk.id}/resize`,
			body: { size: disk.to },
			timeoutSeconds: timeouts.job,
			repeats: 0,
		});
	}
}

function planOfCreation(what: string): Inspection {
	return {
		server: what,
		actions: [
			`make ${what}`,
			"upload the disk image, unless it is there already",
			"make its disks and its config profile, and boot it",
			"delete it again if it does not get healthy",
		],
		losses: [],
		before: null,
	};
}
