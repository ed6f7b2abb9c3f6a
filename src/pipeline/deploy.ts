import { resolve } from "node:path";
import { readArtefact } from "../deploy/artefact.ts";
import { probeHost } from "../deploy/health.ts";
import { journalFile, readJournal } from "../deploy/journal.ts";
import { linodeProvider } from "../deploy/linode/provider.ts";
import { chooseStrategy, type Strategy } from "../deploy/linode/strategy.ts";
import { linodeToken, linodeUrl } from "../deploy/linode/token.ts";
import { type DeployOutcome, deployHost } from "../deploy/machine.ts";
import type {
	Artefact,
	DeployEvent,
	Inspection,
	Provider,
	Server,
} from "../deploy/provider.ts";
import { runSeveral } from "../deploy/several.ts";
import { sshProvider } from "../deploy/ssh/provider.ts";
import { openStore, type Store } from "../deploy/store.ts";
import type { Observer } from "../plan/events.ts";
import { trustedKeys } from "../release/signature.ts";
import { interruptSignal } from "../system/cleanup.ts";
import { systemClock } from "../system/clock.ts";
import { environment } from "../system/environment.ts";
import { ExpectedError } from "../system/errors.ts";
import { buildDisk } from "./disk.ts";
import { chosenProjects, type HostChoice } from "./hosts.ts";
import { withInstaller } from "./installer.ts";
import type { Project } from "./project.ts";
import { recordRun } from "./run-record.ts";

/** A host with what its deploy works with. */
interface Target {
	project: Project;
	store: Store;
	provider: Provider;
	artefact: Artefact;
}

export interface DeployRequest extends HostChoice {
	/** Gzipped raw disk image for all hosts; without it each host's own is built. */
	image?: string | undefined;
	/** Of that build. */
	observe: Observer;
	dryRun?: boolean;
	abort?: boolean;
	/** Asked once, about all hosts. */
	confirm: (plans: readonly HostPlan[]) => Promise<boolean>;
	report: (event: DeployEvent) => void;
}

export interface HostPlan {
	host: string;
	plan: Inspection;
}

/**
 * Deploys one host or several: looks at all of them first, asks once, then goes on with as many at a time as
 * `deploy.concurrency` says; after a failure no further one begins.
 * @throws ExpectedError with the problems of every host that failed.
 */
export async function deployProjects(
	request: DeployRequest,
): Promise<DeployOutcome[]> {
	const projects = await chosenProjects(request);
	const targets: Target[] = [];
	for (const project of projects)
		targets.push(await targetOf(project, request));
	const plans = new Map<string, Inspection>();
	if (!request.abort)
		for (const target of targets) {
			const { plan } = await deployTarget(target, {
				...request,
				dryRun: true,
				confirm: async () => false,
			});
			if (plan) plans.set(target.project.name, plan);
		}
	const shown = [...plans].map(([host, plan]) => ({ host, plan }));
	if (request.dryRun)
		return shown.map(({ host, plan }) => ({ host, outcome: "planned", plan }));
	if (!request.abort && !(await request.confirm(shown)))
		return shown.map(({ host, plan }) => ({ host, outcome: "declined", plan }));
	const waiting = new Set(targets);
	const outcome = await runSeveral(
		targets.map((target) => ({
			name: target.project.name,
			work: () => {
				waiting.delete(target);
				return deployTarget(target, {
					...request,
					confirm: async (plan) =>
						requireSame(target.project.name, plans, plan),
					imageWanted: (sha256) =>
						[...waiting].some(({ artefact }) => artefact.sha256 === sha256),
				});
			},
		})),
		targets[0]?.project.config.value.deploy.concurrency ?? 1,
	);
	for (const { artefact, project, provider } of targets)
		if (
			outcome.left.includes(project.name) &&
			!(await isImageNeeded(targets, artefact))
		)
			await provider.forgetImage(artefact.sha256);
	if (outcome.failed.length > 0) throw together(outcome);
	return outcome.done.map(({ result }) => result);
}

function deployTarget(
	{ project, provider, store, artefact }: Target,
	request: Pick<DeployRequest, "report" | "dryRun" | "abort"> & {
		confirm: (plan: Inspection) => Promise<boolean>;
		imageWanted?: (sha256: string) => boolean;
	},
): Promise<DeployOutcome> {
	const deploy = (report: DeployRequest["report"]) =>
		deployHost({
			host: project.name,
			artefact,
			provider,
			store,
			clock: systemClock,
			signal: interruptSignal(),
			report,
			confirm: request.confirm,
			dryRun: request.dryRun ?? false,
			abort: request.abort ?? false,
			...(request.imageWanted ? { imageWanted: request.imageWanted } : {}),
		});
	if (request.dryRun) return deploy(request.report);
	return recordRun(project.name, "deploy", (record) =>
		deploy((event) => {
			record(event);
			request.report(event);
		}),
	);
}

/** What was agreed to must be what is done. */
function requireSame(
	host: string,
	plans: ReadonlyMap<string, Inspection>,
	plan: Inspection,
): boolean {
	const agreed = plans.get(host);
	if (
		agreed?.server.split(",")[0] === plan.server.split(",")[0] &&
		agreed?.losses.join("\n") === plan.losses.join("\n")
	)
		return true;
	throw new ExpectedError({
		code: "DEPLOY_PLAN_CHANGED",
		message: `${host}: the server has changed since its plan was shown`,
		hint: "is somebody else working on it? Look at the new plan: run the command again",
	});
}

async function isImageNeeded(
	targets: readonly Target[],
	artefact: Artefact,
): Promise<boolean> {
	const records = (
		await Promise.all(targets.map(({ store }) => store.records()))
	).flat();
	return records.some(
		({ phase, image }) => phase !== "done" && image.sha256 === artefact.sha256,
	);
}

function together(outcome: {
	failed: { name: string; error: unknown }[];
	left: string[];
}): unknown {
	const errors = outcome.failed.map(({ error }) => error);
	const [bug] = errors.filter((error) => !(error instanceof ExpectedError));
	if (bug) return bug;
	const expected = errors.filter((error) => error instanceof ExpectedError);
	return new ExpectedError(
		[
			...expected.flatMap(({ problems }) => problems),
			...(outcome.left.length > 0
				? [
						{
							code: "DEPLOY_STOPPED",
							message: `not begun after that failure: ${outcome.left.join(", ")}`,
						},
					]
				: []),
		],
		{ exitCode: expected[0]?.exitCode ?? 1 },
	);
}

/** The server of one host. @throws ExpectedError DEPLOY_NO_SERVER. */
export async function findServer(
	choice: HostChoice,
): Promise<{ host: string; server: Server; provider: Provider; store: Store }> {
	const [project] = await chosenProjects(choice);
	if (!project) throw new Error("no project was loaded");
	const store = await openStore(project.directory);
	const provider = await providerOf(project, store, "image", () => undefined);
	const server = await provider.find();
	if (server) return { host: project.name, server, provider, store };
	throw new ExpectedError({
		code: "DEPLOY_NO_SERVER",
		message: `there is no server for ${project.name}`,
		hint: "check deploy.linode.label, id or tag",
	});
}

/** An unfinished deploy is undone without its image. */
const noArtefact: Artefact = {
	file: "",
	sha256: "",
	bytes: 0,
	diskBytes: 0,
	diskSha256: "",
};

async function targetOf(
	project: Project,
	request: Pick<DeployRequest, "image" | "abort" | "observe" | "report">,
): Promise<Target> {
	const settings = project.config.value.deploy;
	const store = await openStore(project.directory);
	if (request.abort) {
		const record = await readJournal(journalFile(store.folder, project.name));
		const strategy =
			record?.strategy === "stackscript" ? "stackscript" : "image";
		return {
			project,
			store,
			artefact: noArtefact,
			provider: await providerOf(project, store, strategy, request.report),
		};
	}
	const artefact = await readArtefact(
		request.image === undefined
			? await builtImage(project, request.observe)
			: resolve(project.startedIn, request.image),
		Object.values(await trustedKeys(project.config.value.release)),
	);
	const strategy = chooseStrategy(settings, artefact);
	return {
		project,
		store,
		artefact,
		provider: await providerOf(
			project,
			store,
			strategy,
			request.report,
			request.observe,
		),
	};
}

async function builtImage(
	project: Project,
	observe: Observer,
): Promise<string> {
	const { disks } = await buildDisk(project, { observe, formats: ["gz"] });
	const [disk] = disks;
	if (!disk) throw new Error("no disk was written");
	return disk.file;
}

async function providerOf(
	project: Project,
	store: Store,
	strategy: Strategy,
	report: (event: DeployEvent) => void,
	observe: Observer = () => undefined,
): Promise<Provider> {
	const { deploy: settings, kernel } = project.config.value;
	if (settings.provider === "ssh")
		return sshProvider({
			settings,
			host: project.name,
			clock: systemClock,
			signal: interruptSignal(),
			probe: probeHost,
			cmdline: kernel.cmdline,
			withInstaller: (work) => withInstaller(project, observe, work),
		});
	return linodeProvider({
		settings,
		host: project.name,
		strategy,
		url: linodeUrl(environment().env),
		token: await linodeToken(settings.linode.tokenFile),
		store,
		clock: systemClock,
		signal: interruptSignal(),
		probe: probeHost,
		onRetry: (text) => report({ host: project.name, type: "note", text }),
	});
}
