// Makes the container's image out of a static busybox and the rendered page, so that no registry is needed.
import { defineScript } from "dock0";

export default defineScript(async ({ rootfs, chroot, log }) => {
	await chroot(
		[
			"set -e",
			"image=$(mktemp -d)",
			'mkdir -p "$image/bin" "$image/www"',
			'cp /bin/busybox "$image/bin/busybox"',
			'ln -s busybox "$image/bin/httpd"',
			'ln -s busybox "$image/bin/sh"',
			'cp /usr/share/hello/index.html "$image/www/index.html"',
			'tar -c --sort=name --mtime=@0 --owner=0 --group=0 -f /usr/share/hello/image.tar -C "$image" .',
			'rm -rf "$image"',
		].join("\n"),
	);
	log(`packed ${rootfs.path("/usr/share/hello/image.tar")}`);
});
