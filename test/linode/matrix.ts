import { expect } from "vitest";
import { type JobFault, type RequestFault, requestFaults } from "./faults.ts";
import { failure, openScenario, type Scenario } from "./scenario.ts";

/**
 * One thing that goes wrong once in a deploy that would otherwise go well (or, with content `bad`, be
 * rolled back).
 */
export type Case = { content: "good 1" | "bad" } & (
	| { kind: "request"; at: number; fault: RequestFault }
	| { kind: "job"; at: number; fault: JobFault }
	| { kind: "token"; at: number }
	| { kind: "kill-write"; at: number }
	| { kind: "kill-request"; at: number; applied: boolean }
	| { kind: "foreign"; at: number }
);

export function nameOf(one: Case): string {
	const what = "fault" in one ? one.fault : "applied" in one ? one.applied : "";
	return `${one.content}: ${one.kind} ${what} at ${one.at}`;
}

/** Every fault at every request, job and journal entry of a deploy; the numbers come from a deploy that is watched. */
export async function allCases(): Promise<Case[]> {
	const cases: Case[] = [];
	for (const content of ["good 1", "bad"] as const) {
		const scenario = await openScenario();
		await failure(scenario.deploy({ content }));
		const requests = numbers(scenario.bed.requests.length);
		const jobs = numbers(scenario.bed.jobs.length);
		const journal = await scenario.journal();
		// An entry for each result, for each phase, and for what was found before.
		const writes = numbers(Object.keys(journal?.results ?? {}).length + 6);
		await scenario.close();
		for (const at of requests) {
			for (const fault of requestFaults)
				cases.push({ content, kind: "request", at, fault });
			cases.push({ content, kind: "token", at });
			cases.push({ content, kind: "foreign", at });
			for (const applied of [false, true])
				cases.push({ content, kind: "kill-request", at, applied });
		}
		for (const at of jobs)
			for (const fault of ["fail", "stuck"] as const)
				cases.push({ content, kind: "job", at, fault });
		for (const at of writes) cases.push({ content, kind: "kill-write", at });
	}
	return cases;
}

/** Runs a case until the deploy has ended for good, and checks what is left. @returns how it went. */
export async function runCase(one: Case): Promise<string> {
	const scenario = await openScenario();
	try {
		const steps = await untilEnded(scenario, one);
		const last = steps.at(-1);
		const journal = await scenario.journal();
		const story = `${nameOf(one)}: ${steps.join(", ")}\n${scenario.events.join("\n")}`;
		expect(scenario.problems(), story).toEqual([]);
		expect(twice(scenario), story).toEqual([]);
		expect(["none", "DEPLOY_ROLLED_BACK"], story).toContain(last);
		if (journal)
			expect(journal.outcome, story).toBe(
				last === "none" ? "healthy" : "rolled-back",
			);
		if (one.content === "bad") expect(last, story).toBe("DEPLOY_ROLLED_BACK");
		// A single request that fails is no reason to give up.
		else if (one.kind !== "job") expect(last, story).toBe("none");
		return steps.join(", ");
	} finally {
		await scenario.close();
	}
}

/** Deploys again and again, like a person would, until it is healthy or rolled back. */
async function untilEnded(scenario: Scenario, one: Case): Promise<string[]> {
	const { bed } = scenario;
	const { content } = one;
	const steps: string[] = [];
	bed.faults = {
		request(number) {
			if (number !== one.at) return undefined;
			if (one.kind === "token") bed.revoked.add(bed.token);
			if (one.kind === "foreign") disturb(scenario);
			return one.kind === "request" ? one.fault : undefined;
		},
		job: (number) =>
			one.kind === "job" && number === one.at ? one.fault : undefined,
	};
	const attempt = {
		content,
		...(one.kind === "kill-write" ? { killAtWrite: one.at } : {}),
		...(one.kind === "kill-request"
			? { killAtRequest: { number: one.at, applied: one.applied } }
			: {}),
	};
	steps.push(await failure(scenario.deploy(attempt)));
	while (!["none", "DEPLOY_ROLLED_BACK"].includes(steps.at(-1) ?? "")) {
		if (steps.length > 5) throw new Error(`no end: ${steps.join(", ")}`);
		bed.revoked.clear();
		bed.releaseJobs();
		await scenario.clock.sleep(120_000);
		steps.push(await failure(scenario.deploy({ content })));
	}
	return steps;
}

/** Things of other people in the same account: events of other servers, and a note about ours. */
function disturb({ bed, other, linode, clock }: Scenario): void {
	const event = (id: number, action: string, status: "finished" | "failed") =>
		bed.account.events.push({
			id: bed.account.nextId++,
			action,
			status,
			created: new Date(clock.now()).toISOString().slice(0, 19),
			entity: { id, type: "linode", label: "", url: "" },
			secondary_entity: null,
			message: null,
			percent_complete: 100,
		});
	event(other.id, "linode_reboot", "failed");
	event(other.id, "disk_create", "failed");
	event(linode.id, "linode_update", "finished");
	event(linode.id, "linode_config_update", "failed");
}

/** What was made more than once without being removed. */
function twice({ linode }: Scenario): string[] {
	const labels = [...linode.disks, ...linode.configs].map(({ label }) => label);
	return labels.filter((label, index) => labels.indexOf(label) !== index);
}

function numbers(count: number): number[] {
	return Array.from({ length: count }, (_, index) => index + 1);
}
