import { type ExpectedError, stepFailure } from "../system/errors.ts";

/** Turns what QEMU complained of before the guest ran into an error for people. */
export function startFailure(complaint: string): ExpectedError {
	const text = complaint
		.replace(/^qemu-system-x86_64: /gm, "")
		.replace(/^warning: .*$/gm, "")
		.trim();
	const forward = /Could not set up host forwarding rule '([^']+)'/.exec(text);
	if (forward)
		return stepFailure({
			code: "VM_PORT_BUSY",
			message: `cannot listen on the forwarded port ${forward[1]}`,
			hint: "another program uses it (ports below 1024 need root): choose another, or 0 for any free one",
		});
	if (/Failed to get (?:"write"|shared "write") lock/.test(text))
		return stepFailure({
			code: "VM_DISK_BUSY",
			message: `another VM uses one of the disks: ${text}`,
			hint: "stop that VM, or give this one another name and so its own disk",
		});
	return stepFailure({
		code: "VM_START_FAILED",
		message: `QEMU did not start: ${text || "it ended without a word"}`,
		hint: "look at vm.qemuArgs and at the free memory of this machine",
	});
}
