import type { Clock } from "../../system/clock.ts";
import { ExpectedError, stepFailure } from "../../system/errors.ts";
import { shellWord } from "../../system/shell-word.ts";
import { firstFailure, type Probe, waitHealthy } from "../health.ts";
import type { DeployRun, Provider, Server } from "../provider.ts";
import type { DeploySettings } from "../schema.ts";
import type { SshTarget } from "../ssh-target.ts";
import { type SshBefore, sshBeforeSchema } from "./before.ts";
import {
	type Cargo,
	fileCargo,
	type Installer,
	initrdCargo,
	kexecCargo,
} from "./cargo.ts";
import { hashOfHead, headOf } from "./image-facts.ts";
import { entryOf, keptTable, startOf, tableBytes } from "./kept-table.ts";
import { planSsh, statePartition } from "./plan.ts";
import { lookAt, resolveTarget, send, shell } from "./server.ts";
import { waitForInstaller, whoAnswers } from "./wait.ts";

export interface SshOptions {
	settings: DeploySettings;
	host: string;
	clock: Clock;
	signal: AbortSignal;
	probe: Probe;
	/** The host's kernel parameters. */
	cmdline: readonly string[];
	/** Makes the installer, and does `work` while its files are there. */
	withInstaller<Result>(
		work: (installer: Installer) => Promise<Result>,
	): Promise<Result>;
}

interface Place {
	target: SshTarget;
	address: string;
	/** Of ssh, from here. */
	port: number;
}

/** Any server with ssh: its kernel starts our installer by kexec, which overwrites the disk. */
export function sshProvider(options: SshOptions): Provider {
	const { settings, host, clock, signal, probe } = options;
	const { ssh, timeouts } = settings;
	const folderOf = (run: DeployRun): string =>
		`/var/tmp/dock0-${run.journal.record.id}`;
	const beforeOf = (run: DeployRun): SshBefore =>
		sshBeforeSchema.parse(run.journal.record.before);
	const isDone = (run: DeployRun, name: string): boolean =>
		name in run.journal.record.results;
	let known: Place | undefined;

	async function place(): Promise<Place> {
		if (known) return known;
		const { to, port, options: more } = ssh;
		if (to === undefined)
			throw new ExpectedError({
				code: "DEPLOY_NO_SERVER",
				message: `deploy.ssh.to does not say where the server of ${host} is`,
				hint: "write for example to: root@web1.example.org",
			});
		const target: SshTarget = { destination: to, port, options: more };
		const resolved = await resolveTarget(target);
		known = {
			target: { ...target, user: resolved.user },
			address: ssh.address ?? resolved.address,
			port: resolved.port,
		};
		return known;
	}

	return {
		name: "ssh",
		strategy: "kexec",
		async check() {
			await place();
			if (settings.health.length === 0)
				throw new ExpectedError({
					code: "DEPLOY_NO_HEALTH_CHECK",
					message: "deploy.health is empty: nothing would prove the new host",
					hint: "write for example health: [{ tcp: 22 }]",
				});
		},
		async find() {
			const { target, address, port } = await place();
			return {
				id: target.destination,
				label: target.destination,
				address,
				sshOptions: [...target.options, "-p", String(port)],
			};
		},
		creation: () => undefined,
		async create() {
			throw new Error("nothing makes a server by ssh");
		},
		async inspect(run) {
			const { target, address } = await place();
			const facts = await lookAt(target, ssh.disk, signal);
			const head = await headOf(run.artefact.file, tableBytes);
			const state = entryOf(head, statePartition);
			return planSsh(
				facts,
				{
					bytes: run.artefact.bytes,
					diskBytes: run.artefact.diskBytes,
					stateAt: state === undefined ? undefined : startOf(head, state) * 512,
					signed: run.artefact.signed !== undefined,
				},
				{
					to: target.destination,
					address,
					named: ssh.disk,
					redeploy: settings.data.redeploy,
				},
			);
		},
		stage: (run) =>
			options.withInstaller(async (installer) => {
				const { target } = await place();
				const folder = folderOf(run);
				await must(
					target,
					`umask 077; mkdir -p ${folder}`,
					"SSH_TRANSFER_DAMAGED",
				);
				for (const cargo of await cargoOf(run, installer))
					await run.journal.once(`sent-${cargo.name}`, () =>
						deliver(run, target, cargo),
					);
				await must(
					target,
					`cd ${folder} && mkdir -p kexec && tar -xf kexec.tar -C kexec`,
					"SSH_TRANSFER_DAMAGED",
				);
				await load(run, target);
			}),
		async switch(run) {
			const { target, address, port } = await place();
			const before = beforeOf(run);
			if (!isDone(run, "kexec")) {
				const now = await whoAnswers(target, folderOf(run), signal);
				if (now.kind === "old" && now.boot === before.boot) {
					await load(run, target);
					run.report({
						type: "step",
						text: "starting the installer; the server goes off the air",
					});
					await run.journal.update({
						results: { ...run.journal.record.results, "kexec-begun": true },
					});
					await must(target, kexecCommand(folderOf(run)), "SSH_NO_KEXEC");
				} else if (!isDone(run, "kexec-begun"))
					throw stepFailure({
						code: "SSH_REBOOTED",
						message: `${target.destination} was rebooted meanwhile`,
						hint: "run the command again",
					});
				await run.journal.once("kexec", async () => clock.now());
			}
			await run.journal.once("written", async () => {
				const found = await waitForInstaller({
					...{ run, target, address, clock, signal },
					// Where ssh is forwarded, the installer is too.
					port,
					folder: folderOf(run),
					boot: before.boot,
					timeoutSeconds: timeouts.job,
					isHealthy: async () =>
						(await firstFailure(settings.health, address, probe)) === undefined,
				});
				return found;
			});
		},
		async verify(run) {
			const { address } = await place();
			run.report({ type: "step", text: "waiting until the host is healthy" });
			try {
				await waitHealthy({
					checks: settings.health,
					address,
					timeoutSeconds: timeouts.health,
					clock,
					signal: run.signal,
					probe,
				});
			} catch (error) {
				if (
					!(error instanceof ExpectedError) ||
					error.code !== "DEPLOY_UNHEALTHY"
				)
					throw error;
				throw stepFailure(
					{
						code: "DEPLOY_NO_WAY_BACK",
						message: error.message,
						hint: "the old system is overwritten; look at the server's console, or mend the image and deploy again after --abort",
					},
					error,
				);
			}
		},
		async keep() {
			// What was copied is gone with the old system.
		},
		async rollback(run) {
			if (run.journal.record.before === null) return;
			const { target } = await place();
			const folder = folderOf(run);
			if (isDone(run, "written")) {
				run.report({
					type: "note",
					text: "the disk is overwritten, so nothing can be undone; the deploy is forgotten",
				});
				return;
			}
			if (isDone(run, "kexec-begun")) await waitForOld(run, target);
			await must(
				target,
				`kexec=$(cat /sys/kernel/kexec_loaded 2> /dev/null || echo 0); [ "$kexec" != 1 ] || [ ! -d ${folder}/kexec ] || { cd ${folder} && ${kexec} -u; }; cd / && rm -rf ${folder}`,
				"HOST_REFUSED",
			);
		},
		async pause() {
			// The old system runs on as before, or the installer does; neither needs us.
		},
		async forgetImage() {
			// Nothing was uploaded to a place of its own.
		},
		async console() {
			throw noSuch("a serial console", "use the provider's own");
		},
		async destroy() {
			throw noSuch("a way to remove a server", "use the provider's own");
		},
		async describe(_: Server) {
			throw noSuch("a way to remove a server", "use the provider's own");
		},
	};

	async function cargoOf(
		run: DeployRun,
		installer: Installer,
	): Promise<Cargo[]> {
		const { artefact } = run;
		const before = beforeOf(run);
		const { signed } = artefact;
		const { kept } = before;
		const table = kept
			? keptTable(
					await headOf(artefact.file, tableBytes),
					statePartition,
					kept,
					kept.disk,
				)
			: {};
		return [
			await kexecCargo(installer.kexec),
			await fileCargo("kernel", installer.kernel),
			await initrdCargo(installer.initramfs, artefact.file, {
				plan: Buffer.from(
					installPlan(run.journal.record.id, before, {
						packed: artefact.sha256,
						sha256: before.whole
							? artefact.diskSha256
							: await hashOfHead(artefact.file, before.bytes),
					}),
				),
				...table,
				...(signed
					? {
							manifest: signed.manifest,
							signature: signed.signature,
							"key.pem": Buffer.from(signed.key),
						}
					: {}),
			}),
		];
	}

	async function deliver(
		run: DeployRun,
		target: SshTarget,
		cargo: Cargo,
	): Promise<true> {
		const megabytes = Math.ceil(cargo.bytes / 1024 / 1024);
		const text = `sending ${cargo.name} (${megabytes} MiB)`;
		run.report({ type: "step", text });
		let told = 0;
		await send(target, folderOf(run), cargo, {
			signal: run.signal,
			progress(fraction) {
				if (fraction < 1 && fraction - told < 0.1) return;
				told = fraction;
				run.report({ type: "progress", text, fraction });
			},
		});
		return true;
	}

	/** Again after each boot of the old system: it would have forgotten. */
	async function load(run: DeployRun, target: SshTarget): Promise<void> {
		const consoles = [
			...beforeOf(run).consoles.map((one) => `console=${one}`),
			...options.cmdline.filter((word) => word.startsWith("console=")),
		];
		// In memory without the limit that tmpfs has; a panic before the first byte ends in the old system.
		const parameters = [
			...["rootfstype=ramfs", "panic=30", "quiet"],
			...new Set(consoles),
		].join(" ");
		await must(
			target,
			`cd ${folderOf(run)} && ${kexec} -a -l kernel --initrd=initrd --command-line=${shellWord(parameters)} && [ "$(cat /sys/kernel/kexec_loaded)" = 1 ]`,
			"SSH_NO_KEXEC",
		);
	}

	async function must(
		target: SshTarget,
		lines: string,
		code: string,
	): Promise<void> {
		const answer = await shell(target, lines, signal);
		if (answer.exitCode === 0) return;
		throw stepFailure({
			code,
			message: `${target.destination}: ${answer.stderr.trim() || answer.stdout.trim() || `exit code ${answer.exitCode}`}`,
		});
	}

	async function waitForOld(run: DeployRun, target: SshTarget): Promise<void> {
		const deadline = clock.now() + timeouts.health * 1000;
		for (;;) {
			const now = await whoAnswers(target, folderOf(run), signal);
			if (now.kind === "old") return;
			if (clock.now() >= deadline)
				throw stepFailure({
					code: "SSH_INSTALLER_SILENT",
					message: `the old system of ${target.destination} does not answer`,
					hint: "look at its console",
				});
			await clock.sleep(2000, signal);
		}
	}
}

/** kexec as it was brought along, with its own loader and libraries. */
const kexec =
	"kexec/lib64/ld-linux-x86-64.so.2 --library-path kexec/usr/lib kexec/bin/kexec";

/**
 * Ends the old system in good order, so that disks that stay are unmounted, and then starts the loaded kernel;
 * without systemd all file systems are made read-only first (Documentation/admin-guide/sysrq.rst).
 */
function kexecCommand(folder: string): string {
	const hard = `sync; echo u > /proc/sysrq-trigger; sleep 1; ${kexec} -e`;
	const lines = `sleep 1; cd ${folder}; sync; if [ -d /run/systemd/system ]; then systemctl kexec && sleep 150; fi; ${hard}`;
	return `cd ${folder} && (setsid sh -c ${shellWord(lines)} < /dev/null > /dev/null 2>&1 &)`;
}

/** What install.sh reads. */
export function installPlan(
	id: string,
	before: SshBefore,
	hashes: { packed: string; sha256: string },
): string {
	const { network } = before;
	return Object.entries({
		id,
		disk: before.disk.identity,
		bytes: String(before.bytes),
		whole: before.whole ? "yes" : "no",
		...hashes,
		port: String(before.port),
		link: network.link,
		addresses: network.addresses.join(" "),
		routers: network.routers.join(" "),
	})
		.map(([key, value]) => `${key}=${shellWord(value)}\n`)
		.join("");
}

function noSuch(what: string, hint: string): ExpectedError {
	return new ExpectedError({
		code: "DEPLOY_NOT_BY_SSH",
		message: `the provider ssh knows no ${what.replace(/^an? /, "")}`,
		hint,
	});
}
