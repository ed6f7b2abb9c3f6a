import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { PackageSource } from "../../plan/package-source.ts";
import { ExpectedError } from "../../system/errors.ts";
import { run } from "../../system/process.ts";

/**
 * Packages of the build host's own apt, at their candidate versions; apt checks signatures and hashes.
 * Works without being root.
 * @throws ExpectedError KERNEL_PACKAGE_UNKNOWN when apt does not know one of `names`.
 */
export async function hostAptPackages(
	names: readonly string[],
): Promise<PackageSource> {
	const versions: Record<string, string> = {};
	for (const name of names) versions[name] = await candidateVersion(name);
	return {
		inputs: { values: { aptVersions: versions } },
		async extract(context, packages, target) {
			const folder = join(context.temp, "apt");
			await mkdir(folder, { recursive: true });
			const wanted = packages.map((name) =>
				versions[name] ? `${name}=${versions[name]}` : name,
			);
			await context.run(
				"apt-get",
				["-o", "APT::Sandbox::User=root", "download", ...wanted],
				{ cwd: folder },
			);
			for (const file of (await readdir(folder)).sort())
				if (file.endsWith(".deb"))
					await context.run("dpkg-deb", ["-x", join(folder, file), target]);
		},
	};
}

async function candidateVersion(name: string): Promise<string> {
	const { stdout } = await run("apt-cache", ["policy", name], {
		env: { LC_ALL: "C" },
	});
	const version = /^\s*Candidate:\s*(\S+)/m.exec(stdout)?.[1];
	if (version && version !== "(none)") return version;
	throw new ExpectedError({
		code: "KERNEL_PACKAGE_UNKNOWN",
		message: `apt on this machine knows no package '${name}'`,
		hint: `${await similarPackages(name)}run apt-get update if its lists are old`,
	});
}

async function similarPackages(name: string): Promise<string> {
	const prefix = name.replace(/-?[\d.]+$/, "");
	const { stdout } = await run("apt-cache", ["pkgnames", prefix]);
	const found = stdout.split("\n").filter(Boolean).sort().slice(0, 5);
	return found.length > 0 ? `it knows ${found.join(", ")}; ` : "";
}
