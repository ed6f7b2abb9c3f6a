import { copyFile, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { PackageSource } from "../plan/package-source.ts";
import { defineStep, type Step } from "../plan/step.ts";
import { stepFailure } from "../system/errors.ts";
import { isStaticProgram } from "./static-elf.ts";

// Debian's busybox-static; Arch's busybox is static too; merged /usr or not.
const places = [
	"usr/bin/busybox",
	"bin/busybox",
	"usr/lib/initcpio/busybox",
	"usr/sbin/busybox",
	"sbin/busybox",
];

/** The step that takes a static busybox out of a package: the shell and tools of the initramfs. */
export function busyboxStep(options: {
	package: string;
	packages: PackageSource;
}): Step<"busybox", Record<never, never>> {
	const { package: name, packages } = options;
	return defineStep({
		name: "kernel/busybox",
		title: `fetching ${name}`,
		version: 2,
		needs: {},
		inputs: {
			...packages.inputs,
			values: { ...packages.inputs.values, busyboxPackage: name },
		},
		outputs: ["busybox"],
		async run(context) {
			const root = join(context.temp, "root");
			await mkdir(root);
			await packages.extract(context, [name], root);
			const found = await findStatic(root);
			if (!found)
				throw stepFailure({
					code: "BUSYBOX_NOT_STATIC",
					message: `package ${name} holds no statically linked busybox`,
					hint: "use busybox-static (Debian) or busybox (Arch)",
				});
			await copyFile(found, join(context.out, "busybox"));
			await context.run("chmod", ["0755", join(context.out, "busybox")]);
		},
	});
}

async function findStatic(root: string): Promise<string | undefined> {
	for (const place of places) {
		const path = join(root, place);
		const isFile = await stat(path).then(
			(stats) => stats.isFile(),
			() => false,
		);
		if (isFile && (await isStaticProgram(path))) return path;
	}
	return undefined;
}
