import { readFile } from "node:fs/promises";
import type { ImageSignature } from "../../release/signed-image.ts";
import { stepFailure } from "../../system/errors.ts";
import { packageFile } from "../../system/package-files.ts";
import type { DeployRun } from "../provider.ts";
import type { StackScriptSettings } from "../schema.ts";
import { linodeAnswer, profileAnswer, stackScriptAnswer } from "./answers.ts";
import type { Before } from "./before.ts";
import { type Client, UnsureError } from "./client.ts";
import { createOnce } from "./create-once.ts";
import { deleteDisks, makeDisk } from "./disks.ts";
import { runJob } from "./jobs.ts";
import { makerLabel } from "./names.ts";
import { profilesPath } from "./profiles.ts";
import { unreachable } from "./refusals.ts";

/** One for all hosts of an account. */
const scriptLabel = "dock0-maker";

interface MakerOptions {
	client: Client;
	run: DeployRun;
	before: Before;
	settings: StackScriptSettings;
	/** The disk to write. */
	boot: number;
	jobSeconds: number;
	/** For fetching and writing the image. */
	workSeconds: number;
}

/**
 * Writes the boot disk by a maker: a stock distribution on a disk and a profile of its own, whose StackScript
 * fetches the image, writes it, checks it and switches off. The maker's disk and profile are removed then.
 */
export async function fillByMaker(options: MakerOptions): Promise<void> {
	const { client, run, before, settings, boot, jobSeconds } = options;
	const { journal, artefact } = run;
	if ("maker-removed" in journal.record.results) return;
	const linode = before.linode.id;
	const label = makerLabel(journal.record.id);
	run.report({ type: "step", text: "making the maker" });
	const disk = await makeDisk(client, journal, {
		linode,
		name: "maker-disk",
		label,
		size: settings.size,
		image: settings.image,
		timeoutSeconds: jobSeconds,
		script: async () => ({
			stackscript_id: await ensureScript(client),
			stackscript_data: {
				url: settings.url,
				bytes: String(artefact.diskBytes),
				sha256: artefact.diskSha256,
				target: "/dev/sdb",
				...signatureFields(artefact.signed),
			},
		}),
	});
	const collection = profilesPath(linode);
	const profile = await createOnce(client, journal, {
		name: "maker-profile",
		label,
		collection,
		shape: profileAnswer,
		make: () =>
			client.post(
				collection,
				{
					label,
					comments: "made by dock0 deploy, for writing a disk",
					kernel: "linode/grub2",
					devices: { sda: { disk_id: disk }, sdb: { disk_id: boot } },
					root_device: "/dev/sda",
					run_level: "default",
					virt_mode: "paravirt",
					// A stock distribution is made for these.
					helpers: {
						updatedb_disabled: true,
						distro: true,
						modules_dep: true,
						network: true,
						devtmpfs_automount: true,
					},
				},
				profileAnswer,
			),
	});
	run.report({ type: "step", text: "the maker fetches and writes the disk" });
	const { status } = await client.get(
		`/linode/instances/${linode}`,
		linodeAnswer,
	);
	await runJob(client, journal, {
		linode,
		name: "maker-boot",
		action: status === "offline" ? "boot" : "reboot",
		body: { config_id: profile },
		timeoutSeconds: jobSeconds,
	});
	await journal.once("maker-done", () => waitOff(options));
	await journal.once("maker-removed", async () => {
		await client.delete(`${collection}/${profile}`);
		await deleteDisks(client, linode, [disk], jobSeconds);
		return true;
	});
}

/** What the maker checks by itself, as text that a form can hold. */
function signatureFields(
	signed: ImageSignature | undefined,
): Record<string, string> {
	if (!signed) return {};
	const base64 = (bytes: Uint8Array): string =>
		Buffer.from(bytes).toString("base64");
	return {
		manifest: base64(signed.manifest),
		signature: base64(signed.signature),
		key: base64(Buffer.from(signed.key)),
	};
}

/** A guest that switches itself off makes no event; its status tells. */
async function waitOff({
	client,
	before,
	workSeconds,
}: MakerOptions): Promise<true> {
	const deadline = client.clock.now() + workSeconds * 1000;
	for (;;) {
		const { status } = await client.get(
			`/linode/instances/${before.linode.id}`,
			linodeAnswer,
		);
		if (status === "offline") return true;
		if (client.clock.now() >= deadline)
			throw stepFailure({
				code: "LINODE_MAKER_STUCK",
				message: `the maker has not switched off after ${workSeconds} seconds`,
				hint: "can a Linode fetch deploy.stackscript.url? dock0 console shows what the maker says",
			});
		await client.clock.sleep(5000, client.signal);
	}
}

/** Makes our StackScript, or brings it up to date. @returns its number. */
async function ensureScript(client: Client): Promise<number> {
	const script = await readFile(
		packageFile("profiles/linode/maker.sh"),
		"utf8",
	);
	const wanted = {
		label: scriptLabel,
		description: "Writes a disk image for dock0 deploy",
		script,
		images: ["any/all"],
		is_public: false,
	};
	for (let count = 1; ; count++) {
		const [found] = (
			await client.list("/linode/stackscripts", stackScriptAnswer, {
				mine: true,
				label: scriptLabel,
			})
		)
			.filter(({ label, mine }) => label === scriptLabel && mine)
			.sort((a, b) => a.id - b.id);
		if (found) {
			if (found.script !== script)
				await client.put(`/linode/stackscripts/${found.id}`, wanted);
			return found.id;
		}
		try {
			const made = await client.post(
				"/linode/stackscripts",
				wanted,
				stackScriptAnswer,
			);
			return made.id;
		} catch (error) {
			if (!(error instanceof UnsureError)) throw error;
			if (count >= 4) throw unreachable(error.message);
			await client.clock.sleep(15_000, client.signal);
		}
	}
}
