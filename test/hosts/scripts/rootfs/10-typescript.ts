import { defineScript } from "dock0";

export default defineScript(async ({ rootfs, config }) => {
	const { colour } = config.vars as { colour: string };
	await rootfs.write("/etc/e2e-typescript", `typescript says ${colour}\n`, {
		mode: 0o600,
	});
});
