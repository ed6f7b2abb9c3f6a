import { pathHook, type Recipe } from "../recipe.ts";

/**
 * The kernel as Arch packs it: the image as `vmlinuz` beside its modules, `pkgbase` telling whose they
 * are, and no modules.dep (kmod's hook makes it).
 */
export function linux(image: string): Recipe {
	return {
		name: "linux",
		from: [image, "linux-image-cloud-amd64", "linux-image-amd64"],
		description: "The Linux kernel and modules",
		depends: ["coreutils", "kmod"],
		ignoreDepends: ["kmod"],
		build: `
release=$(ls usr/lib/modules)
folder="usr/lib/modules/$release"
mv "boot/vmlinuz-$release" "$folder/vmlinuz"
mv "boot/config-$release" "$folder/config"
echo linux >"$folder/pkgbase"
chmod 0644 "$folder/vmlinuz" "$folder/config" "$folder/pkgbase"
rm -rf boot etc/kernel usr/share/initramfs-tools "$folder/build" "$folder/source"
`,
	};
}

export const kmod: Recipe = {
	name: "kmod",
	from: ["kmod"],
	files: {
		"usr/share/libalpm/hooks/60-depmod.hook": pathHook(
			"Updating module dependencies...",
			["usr/lib/modules/*/vmlinuz"],
			"/usr/share/libalpm/scripts/depmod",
			{ needsTargets: true },
		),
		"usr/share/libalpm/scripts/depmod": `#!/bin/sh
while IFS=/ read -r _ _ _ release _; do
	[ ! -d "/usr/lib/modules/$release/kernel" ] || depmod "$release" || exit 1
done
`,
	},
	build: "rm -f etc/modules\n",
};
