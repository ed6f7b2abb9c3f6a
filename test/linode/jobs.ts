import type { Account, FakeEvent, FakeJob, FakeLinode } from "./account.ts";
import { configEntity, linodeEntity, newEvent } from "./answers.ts";
import type { VmDriver } from "./driver.ts";
import type { Faults } from "./faults.ts";
import type { BedClock } from "./virtual-clock.ts";

export interface JobRow {
	/** Adds a job to a Linode's row; they run one after the other. */
	add(
		linode: FakeLinode,
		job: Omit<FakeJob, "event"> & {
			action: string;
			secondary?: FakeEvent["secondary_entity"];
		},
	): FakeEvent;
	/** Lets jobs that a fault holds go on. */
	release(): void;
	/** How many jobs have begun so far, by action. */
	readonly begun: readonly string[];
}

/** Runs each Linode's jobs in a row, and tells of them by events. */
export function jobRow(options: {
	account: Account;
	clock: BedClock;
	faults: () => Faults;
}): JobRow {
	const { account, clock, faults } = options;
	const begun: string[] = [];
	const held = new Set<() => void>();

	function next(linode: FakeLinode): void {
		const job = linode.jobs[0];
		if (!job) return;
		clock.after(1000, () => {
			begun.push(job.event.action);
			const fault = faults().job?.(begun.length, job.event.action);
			job.event.status = "started";
			job.begin?.();
			const end = async (): Promise<void> => {
				const fine = fault === "fail" ? false : await job.finish();
				if (!fine) job.fail?.();
				job.event.status = fine ? "finished" : "failed";
				job.event.percent_complete = fine ? 100 : 50;
				linode.jobs.shift();
				next(linode);
			};
			if (fault === "stuck") held.add(() => clock.after(0, end));
			else clock.after(job.takes, end);
		});
	}

	return {
		begun,
		add(linode, { action, secondary = null, ...job }) {
			const event = newEvent(account, clock.now(), {
				action,
				status: "scheduled",
				entity: linodeEntity(linode),
				secondary_entity: secondary,
			});
			linode.jobs.push({ event, ...job });
			if (linode.jobs.length === 1) next(linode);
			return event;
		},
		release() {
			for (const go of held) go();
			held.clear();
		},
	};
}

/** Seconds that jobs take, as recorded from the real provider; milliseconds. */
export const jobTimes = {
	boot: 24_000,
	shutdown: 28_000,
	disk: 17_000,
	diskFromImage: 50_000,
	diskDelete: 9000,
	diskResize: 30_000,
	imageUnpack: 60_000,
} as const;

/** Boots a config profile by a job; a job that fails leaves the Linode off. */
export function addBoot(
	row: JobRow,
	driver: VmDriver,
	linode: FakeLinode,
	options: {
		action: "linode_boot" | "linode_reboot" | "lassie_reboot";
		config: number;
		takes: number;
	},
): FakeEvent | undefined {
	const config = linode.configs.find(({ id }) => id === options.config);
	if (!config) return undefined;
	return row.add(linode, {
		action: options.action,
		secondary: configEntity(linode, config),
		takes: options.takes,
		begin() {
			linode.status =
				options.action === "linode_boot" ? "booting" : "rebooting";
		},
		async finish() {
			await driver.shutdown(linode);
			linode.booted = config.id;
			await driver.boot(linode, config);
			linode.status = "running";
			return true;
		},
		fail() {
			void driver.shutdown(linode);
			linode.status = "offline";
		},
	});
}
