import { expect } from "vitest";
import type { GuestShell } from "./guest.ts";

/** Checks in the guest that every way in which test/hosts/ puts files into the root has worked. */
export async function expectOwnFiles(
	guest: GuestShell,
	distribution: string,
): Promise<void> {
	const answer = await guest.get(
		"cd /etc; cat e2e-overlay e2e-template e2e-private e2e-typescript e2e-executable e2e-inside e2e-chroot-command e2e-finalize e2e-finalize-command",
	);
	expect(answer.split("\n").map((line) => line.trim())).toEqual([
		"from the overlay",
		"the colour is teal",
		"private teal",
		"typescript says teal",
		"rootfs",
		`inside ${distribution}`,
		"0",
		"trimmed before",
		"finalize",
	]);
	expect(
		await guest.get(
			"stat -c '%n %U:%g %a' /etc/e2e-private /etc/e2e-typescript /etc/e2e-overlay",
		),
	).toBe(
		[
			"/etc/e2e-private nobody:33 640",
			"/etc/e2e-typescript root:0 600",
			"/etc/e2e-overlay root:0 644",
		].join("\n"),
	);
}

/** Checks that the root is a squashfs nobody can write to, below a layer that forgets. */
export async function expectReadOnlyRoot(guest: GuestShell): Promise<void> {
	expect(await guest.get("awk '$2 == \"/\" { print $3 }' /proc/mounts")).toBe(
		"overlay",
	);
	expect(
		await guest.get(
			"awk '$2 == \"/run/dock0/root\" { print $3, substr($4, 1, 2) }' /proc/mounts",
		),
	).toBe("squashfs ro");
	expect((await guest.ask("touch /run/dock0/root/etc/no")).output).toMatch(
		/Read-only file system/,
	);
	await guest.get(
		"echo gone-after-reboot >/etc/e2e-written; cat /etc/e2e-written",
	);
}

/** Checks Docker by running a container from the image that the root carries. */
export async function expectDocker(guest: GuestShell): Promise<void> {
	const info = await guest.get(
		"docker info --format '{{.Driver}} {{.CgroupVersion}} {{len .Warnings}} {{.Warnings}}'",
	);
	expect(info).toMatch(/^overlay2 2 /);
	await guest.get("docker import /usr/share/e2e-image.tar e2e", 120);
	expect(
		await guest.get(
			"docker run --rm --memory 64m e2e /bin/sh -c 'echo from a container'",
			120,
		),
	).toBe("from a container");
}
