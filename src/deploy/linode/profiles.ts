import type { Journal } from "../journal.ts";
import { profileAnswer } from "./answers.ts";
import type { Before } from "./before.ts";
import type { Client } from "./client.ts";
import { createOnce } from "./create-once.ts";
import { profileLabel } from "./names.ts";

export const profilesPath = (linode: number): string =>
	`/linode/instances/${linode}/configs`;

/**
 * Makes the config profile that boots our disk. Kernel and each helper are given, since what the API takes
 * without them (its own kernel, every helper on) does not boot a partitioned disk.
 */
export async function makeProfile(
	client: Client,
	journal: Journal,
	before: Before,
	disks: { boot: number; data: number | undefined },
): Promise<number> {
	const collection = profilesPath(before.linode.id);
	const label = profileLabel(journal.record.id);
	const devices = [
		{ disk_id: disks.boot },
		...(disks.data === undefined ? [] : [{ disk_id: disks.data }]),
		...before.volumes.map((volume_id) => ({ volume_id })),
	];
	const id = await createOnce(client, journal, {
		name: "profile",
		label,
		collection,
		shape: profileAnswer,
		make: () =>
			client.post(
				collection,
				{
					label,
					comments: "made by dock0 deploy",
					kernel: "linode/direct-disk",
					devices: Object.fromEntries(
						devices.map((device, index) => [
							`sd${String.fromCharCode("a".charCodeAt(0) + index)}`,
							device,
						]),
					),
					root_device: "/dev/sda",
					run_level: "default",
					virt_mode: "paravirt",
					helpers: {
						updatedb_disabled: false,
						distro: false,
						modules_dep: false,
						network: false,
						devtmpfs_automount: false,
					},
					...(before.interfaces.length > 0
						? { interfaces: before.interfaces.map(newInterface) }
						: {}),
				},
				profileAnswer,
			),
	});
	return Number(id);
}

/** An interface as it is asked for: without what the API adds. */
function newInterface(
	found: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
	const { id: _, active: __, vpc_id: ___, ...asked } = found;
	return Object.fromEntries(
		Object.entries(asked).filter(([, value]) => value !== null),
	);
}
