import { hostForward, type PortForward } from "./ports.ts";

export type Accelerator = "kvm" | "tcg";

export interface Drive {
	/** Absolute path. */
	file: string;
	format: "raw" | "qcow2";
	readonly?: boolean;
	/** Shown by the guest as the disk's serial number, at most 20 characters (virtio specification, 5.2). */
	serial?: string;
	/** Default `virtio-blk`: the guest calls them /dev/vda, vdb… in order; with `virtio-scsi` /dev/sda… */
	bus?: "virtio-blk" | "virtio-scsi";
	/** What the guest writes goes to a file of QEMU's own, which vanishes with it. */
	throwAway?: boolean;
}

/** OVMF's two flash images. */
export interface EfiFirmware {
	code: string;
	/** A copy of the template, of this VM's own, since the guest writes to it. */
	variables: string;
}

/** A virtual machine as data. */
export interface Machine {
	/** With a kernel the machine starts it directly; without, the firmware starts the first drive. */
	kernel?: string;
	initrd?: string;
	cmdline?: string;
	drives: readonly Drive[];
	/** MiB */
	memory: number;
	cpus: number;
	accelerator: Accelerator;
	ports: readonly PortForward[];
	/** Absent: SeaBIOS. */
	efi?: EfiFirmware;
	/** With `false` the machine ends when the guest reboots. Default true. */
	reboot?: boolean;
	/** Added last, as they are. */
	extraArgs?: readonly string[];
}

/** Names inside the VM's folder, which is QEMU's working folder: socket addresses are limited to 108 bytes, unix(7). */
export const channelNames = {
	serial: "serial.sock",
	monitor: "qmp.sock",
	ready: "ready",
} as const;

/** The name of the virtio-serial port to which the guest writes `READY`. */
export const readyPortName = "dock0.ready";

export interface ChannelOptions {
	/** Where QEMU itself writes all serial output, whoever listens; absolute. */
	logFile: string;
	/** With `stdio`, a second monitor speaks on standard input and output. */
	monitor: "stdio" | "socket";
}

/**
 * The arguments of qemu-system-x86_64 for `machine`. It starts stopped (`-S`): no output is lost before
 * somebody listens; the monitor's `cont` lets it go.
 *
 * The machine type is q35: microvm would save some hundred milliseconds of firmware, but distribution
 * kernels print nothing on it (their virtio-mmio and platform drivers are modules) and it has no disk firmware.
 */
export function qemuArguments(
	machine: Machine,
	channels: ChannelOptions,
): string[] {
	return [
		"-nodefaults",
		"-no-user-config",
		"-display",
		"none",
		"-S",
		"-machine",
		"q35",
		...accelerationArguments(machine.accelerator),
		"-m",
		`${machine.memory}M`,
		"-smp",
		String(machine.cpus),
		...(machine.reboot === false ? ["-no-reboot"] : []),
		...firmwareArguments(machine.efi),
		...kernelArguments(machine),
		...driveArguments(machine),
		...networkArguments(machine.ports),
		"-object",
		"rng-random,id=rng0,filename=/dev/urandom",
		"-device",
		"virtio-rng-pci,rng=rng0",
		...channelArguments(channels),
		...(machine.extraArgs ?? []),
	];
}

/**
 * All that QEMU can emulate but "fast strings": a kernel that sees these copies and clears memory byte by byte, which
 * an emulator does one by one (a start takes a twentieth longer).
 */
const emulatedCpu = "max,-erms,-fsrm";

/** Also used by the probe, so that it tries what is used afterwards. */
export function accelerationArguments(accelerator: Accelerator): string[] {
	return accelerator === "kvm"
		? ["-accel", "kvm", "-cpu", "host"]
		: ["-accel", "tcg,thread=multi", "-cpu", emulatedCpu];
}

function firmwareArguments(efi: EfiFirmware | undefined): string[] {
	if (!efi) return [];
	return [
		"-drive",
		`if=pflash,unit=0,format=raw,readonly=on,file=${quote(efi.code)}`,
		"-drive",
		`if=pflash,unit=1,format=raw,file=${quote(efi.variables)}`,
	];
}

function kernelArguments(machine: Machine): string[] {
	if (machine.kernel === undefined) return [];
	return [
		"-kernel",
		machine.kernel,
		...(machine.initrd === undefined ? [] : ["-initrd", machine.initrd]),
		...(machine.cmdline === undefined ? [] : ["-append", machine.cmdline]),
	];
}

function driveArguments({ drives, kernel }: Machine): string[] {
	const needsScsi = drives.some(({ bus }) => bus === "virtio-scsi");
	return [
		...(needsScsi ? ["-device", "virtio-scsi-pci,id=scsi0"] : []),
		...drives.flatMap((drive, index) => {
			// Discarded blocks are freed, so that a sparse disk stays sparse.
			const access = drive.readonly
				? "readonly=on"
				: `discard=unmap${drive.throwAway ? ",snapshot=on" : ""}`;
			const device =
				drive.bus === "virtio-scsi" ? "scsi-hd,bus=scsi0.0" : "virtio-blk-pci";
			const serial = drive.serial ? `,serial=${quote(drive.serial)}` : "";
			const boot = kernel === undefined ? `,bootindex=${index + 1}` : "";
			return [
				"-drive",
				`if=none,id=drive${index},format=${drive.format},${access},file=${quote(drive.file)}`,
				"-device",
				`${device},drive=drive${index}${serial}${boot}`,
			];
		}),
	];
}

function networkArguments(ports: readonly PortForward[]): string[] {
	return [
		"-netdev",
		["user,id=net0", ...ports.map(hostForward)].join(","),
		"-device",
		// romfile= leaves out the network boot firmware, which takes time and is never used.
		"virtio-net-pci,netdev=net0,romfile=",
	];
}

function channelArguments({ logFile, monitor }: ChannelOptions): string[] {
	return [
		"-chardev",
		`socket,id=serial0,path=${channelNames.serial},server=on,wait=off,logfile=${quote(logFile)},logappend=off`,
		"-serial",
		"chardev:serial0",
		"-device",
		"virtio-serial-pci",
		// A file and not a socket: it keeps what was said while nobody listened (a detached VM), and the
		// guest's write never blocks for want of a reader.
		"-chardev",
		`file,id=ready0,path=${channelNames.ready}`,
		"-device",
		`virtserialport,chardev=ready0,name=${readyPortName}`,
		"-chardev",
		`socket,id=monitor0,path=${channelNames.monitor},server=on,wait=off`,
		"-mon",
		"chardev=monitor0,mode=control",
		...(monitor === "stdio"
			? [
					"-chardev",
					"stdio,id=monitor1,signal=off",
					"-mon",
					"chardev=monitor1,mode=control",
				]
			: []),
	];
}

/** A comma inside a value is written twice; see "-drive" in qemu-system-x86_64(1). */
function quote(value: string): string {
	return value.replaceAll(",", ",,");
}
