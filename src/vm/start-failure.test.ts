import { describe, expect, it } from "vitest";
import { startFailure } from "./start-failure.ts";

describe("startFailure", () => {
	it.each([
		[
			"VM_PORT_BUSY",
			"qemu-system-x86_64: -netdev user,id=net0: Could not set up host forwarding rule 'tcp:127.0.0.1:8080-:80'",
			"tcp:127.0.0.1:8080-:80",
		],
		[
			"VM_DISK_BUSY",
			'qemu-system-x86_64: -drive x: Failed to get "write" lock\nIs another process using the image [/s.img]?',
			"/s.img",
		],
		[
			"VM_START_FAILED",
			"qemu-system-x86_64: warning: noise\nqemu-system-x86_64: -bad: invalid option",
			"did not start: -bad: invalid option",
		],
		["VM_START_FAILED", "", "without a word"],
	])("%s", (code, complaint, part) => {
		const error = startFailure(complaint);
		expect(error).toMatchObject({ code, exitCode: 1 });
		expect(error.message).toContain(part);
	});
});
