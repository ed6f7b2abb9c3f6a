import { readFile, stat } from "node:fs/promises";
import { afterEach, describe, expect, it } from "vitest";
import { failure, imageUrl, openScenario, type Scenario } from "./scenario.ts";

let scenario: Scenario;
afterEach(() => scenario.close());

const booted = ({ linode }: Scenario) =>
	linode.configs.find(({ id }) => id === linode.booted);
const disk = ({ linode }: Scenario, label: RegExp) =>
	linode.disks.filter((one) => label.test(one.label));

describe("deploying to a Linode by an image", { timeout: 180_000 }, () => {
	it("puts the new system beside that of a stock server and boots it", async () => {
		scenario = await openScenario();
		expect((await scenario.deploy()).outcome).toBe("healthy");
		expect(scenario.problems()).toEqual([]);
		const { linode, driver, plans } = scenario;
		expect(driver.guest(linode.id)?.system).toBe("image good 1");
		expect(booted(scenario)).toMatchObject({
			label: expect.stringMatching(/^dock0-[0-9a-f]{8}$/),
			kernel: "linode/direct-disk",
			helpers: { network: false, distro: false },
		});
		expect(plans[0]?.server).toMatch(/^Linode \d+ "web1" \(eu-central, 127/);
		expect(plans[0]?.actions.join("\n")).toMatch(
			/shrink disk \d+ "Debian 12 Disk" from 25088 to 20064 MiB/,
		);
		expect(plans[0]?.losses).toEqual([]);
	});

	it("keeps the data disk at the next deploys, and names what of before the last goes", async () => {
		scenario = await openScenario();
		await scenario.deploy({ content: "good 1" });
		const [data] = disk(scenario, /^dock0-data/);
		await scenario.deploy({ content: "good 2" });
		await scenario.deploy({ content: "good 3" });
		expect(scenario.problems()).toEqual([]);
		expect(disk(scenario, /^dock0-data/)).toEqual([data]);
		expect(scenario.driver.written(data?.id ?? 0)).toEqual([
			"image good 1",
			"image good 2",
			"image good 3",
		]);
		expect(scenario.plans[1]?.losses).toEqual([]);
		expect(scenario.plans[2]?.losses).toEqual([
			expect.stringMatching(/^profile \d+ "dock0-/),
			expect.stringMatching(/^disk \d+ "dock0-boot-[0-9a-f]{8}" \(2000 MiB\)$/),
		]);
		expect(disk(scenario, /^dock0-boot/)).toHaveLength(2);
	});

	it("replaces the data disk, and removes what was before, when it is told to", async () => {
		scenario = await openScenario();
		await scenario.deploy();
		const [old] = disk(scenario, /^dock0-data/);
		await scenario.deploy({
			content: "good 2",
			settings: {
				previous: "remove",
				data: { size: "2G", redeploy: "replace" },
			},
		});
		expect(scenario.problems()).toEqual([]);
		const now = disk(scenario, /^dock0-data/);
		expect(now).toMatchObject([{ size: 2048 }]);
		expect(now[0]?.id).not.toBe(old?.id);
		expect(disk(scenario, /^dock0-boot/)).toHaveLength(1);
		expect(scenario.plans[1]?.losses.join("\n")).toContain(
			`disk ${old?.id} "${old?.label}" (1024 MiB), once the new host is healthy`,
		);
	});

	it("boots the old system again when the new one does not get healthy", async () => {
		scenario = await openScenario();
		expect(await failure(scenario.deploy({ content: "bad" }))).toBe(
			"DEPLOY_ROLLED_BACK",
		);
		expect(scenario.problems()).toEqual([]);
		const { driver, linode } = scenario;
		expect(driver.guest(linode.id)?.system).toBe("stock linode/debian12");
		expect(disk(scenario, /^dock0/)).toEqual([]);
		expect((await scenario.journal())?.outcome).toBe("rolled-back");
		expect((await scenario.deploy()).outcome).toBe("healthy");
	});

	it("rolls back when the old disk's content is too large to be shrunk", async () => {
		scenario = await openScenario({ diskTotal: 5000, diskSize: 4400 });
		expect(await failure(scenario.deploy())).toBe("DEPLOY_ROLLED_BACK");
		expect(scenario.problems()).toEqual([]);
	});

	it("refuses beforehand when there is no room", async () => {
		scenario = await openScenario();
		const { bed } = scenario;
		expect(
			await failure(scenario.deploy({ settings: { room: "refuse" } })),
		).toBe("DEPLOY_NO_ROOM");
		expect(bed.applied).toEqual([]);
	});

	it("needs no shrinking where there is room, and then stays up until the reboot", async () => {
		scenario = await openScenario({ diskSize: 20_000 });
		await scenario.deploy();
		expect(scenario.bed.jobs).toEqual([
			"disk_create",
			"disk_create",
			"linode_reboot",
		]);
		expect(scenario.problems()).toEqual([]);
	});

	it("touches nothing for a wrong label, a dry run, a no, or a token that may too little", async () => {
		scenario = await openScenario({
			scopes: "linodes:read_only events:read_only",
		});
		expect(await failure(scenario.deploy())).toBe("LINODE_SCOPE_MISSING");
		await scenario.close();
		scenario = await openScenario();
		expect(await failure(scenario.deploy({ host: "web" }))).toBe(
			"DEPLOY_NO_SERVER",
		);
		expect((await scenario.deploy({ dryRun: true })).outcome).toBe("planned");
		expect(
			(await scenario.deploy({ confirm: async () => false })).outcome,
		).toBe("declined");
		expect(await failure(scenario.deploy({ settings: { health: [] } }))).toBe(
			"DEPLOY_NO_HEALTH_CHECK",
		);
		expect(scenario.bed.applied).toEqual([]);
		expect(await scenario.journal()).toBeUndefined();
		expect(await failure(scenario.deploy({ abort: true }))).toBe(
			"DEPLOY_NOTHING_TO_UNDO",
		);
	});

	it("makes the server when it may, and unmakes it when that comes to nothing", async () => {
		scenario = await openScenario();
		const settings = {
			linode: { create: { type: "g6-nanode-1", region: "eu-central" } },
		};
		await scenario.deploy({ host: "web3", settings });
		const { bed, driver } = scenario;
		const made = bed.account.linodes.find(({ label }) => label === "web3");
		expect(driver.guest(made?.id ?? 0)?.system).toBe("image good 1");
		expect(
			await failure(
				scenario.deploy({ host: "web4", settings, content: "bad" }),
			),
		).toBe("DEPLOY_ROLLED_BACK");
		expect(bed.account.linodes.map(({ label }) => label)).toEqual([
			"web1",
			"web2",
			"web3",
		]);
		expect(scenario.problems()).toEqual([]);
	});

	it("refuses a second deploy of the same host at the same time", async () => {
		scenario = await openScenario();
		const answers = await Promise.all([
			failure(scenario.deploy()),
			failure(scenario.deploy()),
		]);
		expect(answers.sort()).toEqual(["DEPLOY_BUSY", "none"]);
		expect(scenario.problems()).toEqual([]);
	});

	it("uploads an image once for two hosts, and removes it after the second", async () => {
		scenario = await openScenario();
		await Promise.all([scenario.deploy(), scenario.deploy({ host: "web2" })]);
		const { bed } = scenario;
		expect(
			bed.applied.filter((request) => request === "POST /images/upload"),
		).toHaveLength(1);
		expect(bed.account.images).toEqual([]);
	});

	it("keeps the image for later when it is told to, and takes it again", async () => {
		scenario = await openScenario();
		const settings = { keepImage: true };
		await scenario.deploy({ settings });
		await scenario.deploy({ settings });
		expect(
			scenario.bed.applied.filter((one) => one === "POST /images/upload"),
		).toHaveLength(1);
	});

	it("tells of an image that vanishes, and of one that is too large to begin with", async () => {
		scenario = await openScenario({ imageLimit: 3 });
		await expect(scenario.deploy()).rejects.toThrow(/vanished/);
		expect(scenario.problems()).toEqual([]);
	});

	it("goes on where it stopped, or undoes it, after the token was refused", async () => {
		for (const abort of [false, true]) {
			scenario = await openScenario();
			const { bed } = scenario;
			bed.faults = {
				job: (_, action) => {
					if (action === "disk_create") bed.revoked.add(bed.token);
					return undefined;
				},
			};
			await expect(scenario.deploy()).rejects.toThrow(/Invalid Token/);
			bed.faults = {};
			bed.revoked.clear();
			expect((await scenario.deploy({ abort })).outcome).toBe(
				abort ? "undone" : "healthy",
			);
			expect(scenario.problems()).toEqual([]);
			if (!abort) await scenario.close();
		}
	});

	it("puts the watchdog back when it is interrupted, and goes on later", async () => {
		scenario = await openScenario();
		const { bed, linode } = scenario;
		const controller = new AbortController();
		bed.faults = {
			job: (_, action) => {
				if (action === "disk_create") controller.abort(new Error("Ctrl-C"));
				return undefined;
			},
		};
		await expect(
			scenario.deploy({ signal: controller.signal }),
		).rejects.toThrow();
		expect(linode.watchdog_enabled).toBe(true);
		bed.faults = {};
		await scenario.deploy();
		expect(scenario.problems()).toEqual([]);
	});

	it("undoes what is half done when meanwhile the image is another", async () => {
		scenario = await openScenario();
		expect(await failure(scenario.deploy({ killAtWrite: 12 }))).toBe("Killed");
		await scenario.deploy({ content: "good 2" });
		expect(scenario.problems()).toEqual([]);
		expect(scenario.driver.guest(scenario.linode.id)?.system).toBe(
			"image good 2",
		);
	});

	it("leaves a journal that only its owner can read, without the token", async () => {
		scenario = await openScenario();
		await scenario.deploy();
		const file = `${scenario.store.folder}/web1.json`;
		expect((await stat(file)).mode & 0o777).toBe(0o600);
		expect(await readFile(file, "utf8")).not.toContain(scenario.bed.token);
	});
});

describe("deploying to a Linode by a StackScript", { timeout: 180_000 }, () => {
	const settings = {
		strategy: "stackscript",
		stackscript: { url: imageUrl },
	};

	it("has a maker on a stock distribution write the disk, and removes it", async () => {
		scenario = await openScenario();
		await scenario.deploy({ settings });
		expect(scenario.problems()).toEqual([]);
		const { bed, driver, linode } = scenario;
		expect(driver.guest(linode.id)?.system).toBe("image good 1");
		expect(disk(scenario, /^dock0-maker/)).toEqual([]);
		expect(linode.configs).toHaveLength(2);
		expect(bed.account.stackscripts).toMatchObject([{ label: "dock0-maker" }]);
		expect(bed.applied).not.toContain("POST /images/upload");
		await scenario.deploy({ settings, content: "good 2" });
		expect(bed.account.stackscripts).toHaveLength(1);
	});

	it("brings an older script of ours up to date", async () => {
		scenario = await openScenario();
		const { bed } = scenario;
		bed.account.stackscripts.push({
			id: 7,
			label: "dock0-maker",
			description: "",
			script: "#!/bin/sh\n",
			images: ["any/all"],
			is_public: false,
			rev_note: "",
		});
		await scenario.deploy({ settings });
		expect(bed.account.stackscripts[0]?.script).toContain("gunzip");
		expect(bed.account.stackscripts).toHaveLength(1);
	});

	it("goes back when what was fetched is not the image", async () => {
		scenario = await openScenario();
		expect(
			await failure(
				scenario.deploy({
					settings: {
						...settings,
						stackscript: { url: "http://images.example.org/other.gz" },
					},
				}),
			),
		).toBe("DEPLOY_ROLLED_BACK");
		expect(scenario.problems()).toEqual([]);
	});

	it("goes on after being killed at any journal entry", async () => {
		for (let at = 2; ; at += 8) {
			scenario = await openScenario();
			const first = await failure(
				scenario.deploy({ settings, killAtWrite: at }),
			);
			if (first === "none") break;
			await scenario.clock.sleep(300_000);
			expect(await failure(scenario.deploy({ settings }))).toBe("none");
			expect(scenario.problems()).toEqual([]);
			await scenario.close();
		}
	});

	it("needs an address to fetch the image from", async () => {
		scenario = await openScenario();
		expect(
			await failure(scenario.deploy({ settings: { strategy: "stackscript" } })),
		).toBe("DEPLOY_NO_URL");
	});
});
