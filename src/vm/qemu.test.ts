import { describe, expect, it } from "vitest";
import { parsePort } from "./ports.ts";
import { type Machine, qemuArguments } from "./qemu.ts";

const machine: Machine = {
	drives: [],
	memory: 512,
	cpus: 2,
	accelerator: "tcg",
	ports: [],
};
const channels = { logFile: "/log/console", monitor: "socket" } as const;

/** The values of each `-flag`. */
function valuesOf(flag: string, changes: Partial<Machine>): string[] {
	const args = qemuArguments({ ...machine, ...changes }, channels);
	return args.filter((_, index) => args[index - 1] === flag);
}

describe("qemuArguments", () => {
	it("starts a kernel directly", () => {
		const kernel = { kernel: "/k", initrd: "/i", cmdline: "console=ttyS0 a,b" };
		expect(valuesOf("-kernel", kernel)).toEqual(["/k"]);
		expect(valuesOf("-initrd", kernel)).toEqual(["/i"]);
		expect(valuesOf("-append", kernel)).toEqual(["console=ttyS0 a,b"]);
	});

	it("keeps the order of the drives, so that the guest's names are known", () => {
		const drives = [
			{
				file: "/root,1.squashfs",
				format: "raw",
				readonly: true,
				serial: "dock0-root",
			},
			{ file: "/state.img", format: "raw" },
		] as const;
		expect(valuesOf("-drive", { kernel: "/k", drives })).toEqual([
			"if=none,id=drive0,format=raw,readonly=on,file=/root,,1.squashfs",
			"if=none,id=drive1,format=raw,discard=unmap,file=/state.img",
		]);
		expect(
			valuesOf("-device", { kernel: "/k", drives }).filter((device) =>
				device.startsWith("virtio-blk"),
			),
		).toEqual([
			"virtio-blk-pci,drive=drive0,serial=dock0-root",
			"virtio-blk-pci,drive=drive1",
		]);
	});

	it("lets the firmware start the first drive when there is no kernel", () => {
		const drives = [
			{ file: "/d", format: "qcow2", bus: "virtio-scsi" },
		] as const;
		const devices = valuesOf("-device", { drives });
		expect(devices).toContain("scsi-hd,bus=scsi0.0,drive=drive0,bootindex=1");
		expect(devices).toContain("virtio-scsi-pci,id=scsi0");
	});

	it("emulates with threads, and uses the host's processor under KVM", () => {
		expect(valuesOf("-accel", {})).toEqual(["tcg,thread=multi"]);
		expect(valuesOf("-cpu", {})).toEqual(["max,-erms,-fsrm"]);
		expect(valuesOf("-accel", { accelerator: "kvm" })).toEqual(["kvm"]);
		expect(valuesOf("-cpu", { accelerator: "kvm" })).toEqual(["host"]);
	});

	it("forwards ports", () => {
		const ports = [parsePort("8080:80"), parsePort("0:53/udp")];
		expect(valuesOf("-netdev", { ports })).toEqual([
			"user,id=net0,hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=udp:127.0.0.1:0-:53",
		]);
	});

	it("ends at a reboot only when told so", () => {
		expect(qemuArguments(machine, channels)).not.toContain("-no-reboot");
		expect(qemuArguments({ ...machine, reboot: false }, channels)).toContain(
			"-no-reboot",
		);
	});

	it("starts EFI firmware from its two flash images", () => {
		const efi = { code: "/code", variables: "/vars" };
		expect(valuesOf("-drive", { efi })).toEqual([
			"if=pflash,unit=0,format=raw,readonly=on,file=/code",
			"if=pflash,unit=1,format=raw,file=/vars",
		]);
	});

	it("puts the user's arguments last", () => {
		const args = qemuArguments(
			{ ...machine, extraArgs: ["-m", "1G"] },
			channels,
		);
		expect(args.slice(-2)).toEqual(["-m", "1G"]);
	});
});
