import { resolve } from "node:path";
import {
	type JournalRecord,
	journalFile,
	readJournal,
} from "../deploy/journal.ts";
import { deployFolder } from "../deploy/store.ts";
import { ExpectedError } from "../system/errors.ts";
import { type ListedVm, listVms } from "../vm/detach.ts";
import { type BundleRecord, readBundleRecord } from "./bundle.ts";
import { chosenProject, type HostChoice, hostNames } from "./hosts.ts";
import type { Project } from "./project.ts";
import { targetOf } from "./push.ts";
import { type ListedRelease, releasesOf } from "./releases.ts";
import { lastRun, type RunSummary } from "./run-record.ts";

/** A host as `dock0 ui` lists it: of `hosts/`, or the project itself. */
export interface HostEntry {
	/** What it is called in addresses. */
	id: string;
	choice: HostChoice;
}

/** What is known of a host without asking it. */
export interface HostOverview {
	name: string;
	/** Of its first layer. */
	folder: string;
	releases: ListedRelease[];
	bundle?: BundleRecord;
	vms: ListedVm[];
	build?: RunSummary;
	deployRun?: RunSummary;
	deploy?: JournalRecord;
	/** Where `dock0 push` and `status` find it; undefined when nothing says so. */
	reachedAt?: string;
}

/**
 * The hosts that a command is about: those that are named; else, when no layers are given and `hosts/` holds some, all of
 * these; else the one of the layers.
 */
export async function listHosts(choice: HostChoice): Promise<HostEntry[]> {
	const names =
		choice.hosts && choice.hosts.length > 0
			? choice.hosts
			: choice.files.length > 0
				? []
				: await hostNames(resolve(choice.directory ?? "."));
	return names.length > 0
		? names.map((id) => ({ id, choice: { ...choice, hosts: [id] } }))
		: [{ id: "project", choice }];
}

/** @throws ExpectedError (exit code 2) with what is wrong in its config. */
export function loadHost({ choice }: HostEntry): Promise<Project> {
	return chosenProject(choice);
}

/** @throws ExpectedError when the journal of its deploy cannot be read. */
export async function hostOverview(
	project: Project,
	output?: string,
): Promise<HostOverview> {
	const { name, directory } = project;
	const [releases, bundle, vms, build, deployRun, deploy] = await Promise.all([
		releasesOf(project, output),
		project.config.value.host && readBundleRecord(project, output),
		listVms(),
		lastRun(name, "build"),
		lastRun(name, "deploy"),
		readJournal(journalFile(deployFolder(directory), name)),
	]);
	const reachedAt = destinationOf(project);
	return {
		name,
		folder: directory,
		releases,
		vms: vms.filter((vm) => vm.name === name),
		...(bundle ? { bundle } : {}),
		...(build ? { build } : {}),
		...(deployRun ? { deployRun } : {}),
		...(deploy ? { deploy } : {}),
		...(reachedAt ? { reachedAt } : {}),
	};
}

function destinationOf(project: Project): string | undefined {
	try {
		return targetOf(project).destination;
	} catch (error) {
		if (error instanceof ExpectedError) return undefined;
		throw error;
	}
}
