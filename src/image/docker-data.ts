import * as z from "zod";

/** The config key `docker`: where Docker's storage driver keeps its data. */
export const dockerSchema = z
	.strictObject({
		storage: z
			.enum(["overlay2", "devicemapper-symlink"])
			.default("overlay2")
			.describe(
				"`devicemapper-symlink`: for Docker before version 25 with its devicemapper driver, whose data must not lie on the read-only root: its data file becomes a link to `docker.device`",
			),
		device: z
			.string()
			.regex(/^\/dev\/\S+$/, "a device, such as /dev/vdc")
			.optional()
			.describe("the device for `storage: devicemapper-symlink`"),
	})
	.check((context) => {
		const { storage, device } = context.value;
		if (storage === "devicemapper-symlink" && device === undefined)
			context.issues.push({
				code: "custom",
				path: ["device"],
				input: device,
				message: "`storage: devicemapper-symlink` needs a device to link to",
			});
	});

/**
 * The links that the root needs for that, target by path below `/`. With `/var/lib/docker` among the state
 * paths, the initramfs copies the link to the state volume when that path is first made there.
 */
export function dockerLinks(
	settings: z.infer<typeof dockerSchema>,
): Record<string, string> {
	const { storage, device } = settings;
	return storage === "devicemapper-symlink" && device !== undefined
		? { "var/lib/docker/devicemapper/devicemapper/data": device }
		: {};
}
