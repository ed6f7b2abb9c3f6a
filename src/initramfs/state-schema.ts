import * as z from "zod";

/** The config key `state`: the volume for what survives reboots, and what lives on it. */
export const stateSchema = z
	.strictObject({
		paths: z
			.array(z.string().startsWith("/", "an absolute path"))
			.default([])
			.describe(
				"folders that live on the state volume, or in RAM when there is none",
			),
		filesystem: z
			.enum(["ext4", "xfs", "btrfs"])
			.default("ext4")
			.describe(
				"what an empty state volume is made into; one that is there is used whatever it is",
			),
		label: z
			.string()
			.regex(
				/^[A-Za-z0-9._-]{1,16}$/,
				"up to 16 letters, digits, dots, dashes, underscores",
			)
			.default("dock0-state")
			.describe(
				"label of the state volume: only a device with it counts as one, unless `dock0.state=` names it by label or UUID; at most 12 characters for xfs",
			),
		init: z
			.enum(["empty", "force", "never"])
			.default("empty")
			.describe(
				"when to make the volume: `empty` if the device holds nothing at all, `force` also over what is no state volume (its data is lost), `never`",
			),
		grow: z
			.boolean()
			.default(true)
			.describe(
				"make the partition (the last of a GPT disk) and the file system larger at boot when the disk has grown",
			),
		check: z
			.boolean()
			.default(true)
			.describe("check and repair an ext4 file system before it is mounted"),
		encryption: z
			.enum(["none", "random", "file", "tpm"])
			.default("none")
			.describe(
				"`random`: by a new key at each boot, so that nothing survives one; `file`: LUKS with the key of `state.key`; `tpm`: LUKS with a key that only the TPM of this machine can read",
			),
		key: z
			.string()
			.regex(
				/^(\/dev\/[^\s:']+|(LABEL|UUID|PARTUUID|PARTLABEL)=[^\s:']+):\/[^\s']+$/,
				"DEVICE:/path, such as LABEL=keys:/state.key",
			)
			.optional()
			.describe(
				"`encryption: file`: the file with the key and the device that holds it, e.g. LABEL=keys:/state.key; `dock0.state.key=` on the kernel command line overrides it",
			),
		pcrs: z
			.array(z.int().min(0).max(23))
			.default([])
			.describe(
				"`encryption: tpm`: the TPM gives the key only while these registers are as they were when the volume was made, e.g. [7] for the Secure Boot keys; when one changes, the data is lost",
			),
	})
	.check((context) => {
		const { filesystem, label, encryption, key, pcrs } = context.value;
		if (filesystem === "xfs" && label.length > 12)
			context.issues.push({
				code: "custom",
				path: ["label"],
				input: label,
				message: "a label of xfs has at most 12 characters",
			});
		if (encryption === "file" && key === undefined)
			context.issues.push({
				code: "custom",
				path: ["key"],
				input: key,
				message: "`encryption: file` needs to know where the key lies",
			});
		if (encryption !== "tpm" && pcrs.length > 0)
			context.issues.push({
				code: "custom",
				path: ["pcrs"],
				input: pcrs,
				message: "only `encryption: tpm` has registers",
			});
	});

export type StateSettings = z.infer<typeof stateSchema>;
