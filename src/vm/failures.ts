import { type ExpectedError, stepFailure } from "../system/errors.ts";

export interface GuestFailure {
	/** `panic`: the kernel has stopped. `emergency`: a person could still do something at the console. */
	kind: "panic" | "failed" | "emergency";
	line: string;
}

const signs: readonly [GuestFailure["kind"], RegExp][] = [
	// panic() in the kernel's kernel/panic.c
	["panic", /Kernel panic - not syncing/],
	["panic", /not syncing: .*Attempted to kill init/],
	// our initramfs
	["failed", /dock0: FAILED/],
	// systemd's emergency.service and rescue.service, and sulogin
	["emergency", /You are in (?:emergency|rescue) mode/],
	["emergency", /Cannot open access to console, the root account is locked/],
];

/** What a console line says about the end of a boot, if it does. */
export function findFailure(line: string): GuestFailure | undefined {
	for (const [kind, pattern] of signs)
		if (pattern.test(line)) return { kind, line: line.trim() };
	return undefined;
}

/** An error about a guest, with the end of its console below the message. */
export function guestError(
	code: string,
	message: string,
	guest: { tail: readonly string[]; logFile: string; hint?: string },
): ExpectedError {
	const shown = guest.tail.map((line) => `  | ${line}`).join("\n");
	const whole = `the whole console is in ${guest.logFile}`;
	return stepFailure({
		code,
		message: shown
			? `${message}; the end of its console:\n${shown}`
			: `${message}; it printed nothing on its console`,
		hint: guest.hint ? `${guest.hint}; ${whole}` : whole,
	});
}

/** The error for a failure seen on the console. */
export function failureError(
	failure: GuestFailure,
	guest: { tail: readonly string[]; logFile: string },
): ExpectedError {
	switch (failure.kind) {
		case "panic":
			return guestError("VM_GUEST_PANIC", "the guest's kernel panicked", {
				...guest,
				hint: /unable to mount root|No working init/i.test(failure.line)
					? "the initramfs or the root is missing or unusable"
					: "the lines above the panic say why",
			});
		case "failed":
			return guestError(
				"VM_GUEST_FAILED",
				"the guest's initramfs gave up",
				guest,
			);
		case "emergency":
			return guestError(
				"VM_GUEST_EMERGENCY",
				"the guest stopped in emergency mode",
				{ ...guest, hint: "a unit that the boot needs has failed" },
			);
	}
}
