import { describe, expect, it } from "vitest";
import { refusal, sshArguments } from "./ssh-target.ts";

describe("sshArguments", () => {
	it("lets one's own options count before ours, and takes no destination for an option", () => {
		const words = sshArguments(
			{
				destination: "admin@web1",
				port: 2222,
				options: ["-o", "ConnectTimeout=60"],
			},
			"true",
		);
		expect(words.slice(0, 2)).toEqual(["-o", "ConnectTimeout=60"]);
		expect(words.slice(-5)).toEqual(["-p", "2222", "--", "admin@web1", "true"]);
		expect(words).toContain("BatchMode=yes");
	});
});

describe("refusal", () => {
	const target = { destination: "admin@web1", options: [] };

	it("says what the host said", () => {
		const error = refusal(target, {
			exitCode: 1,
			stdout: "",
			stderr: "dock0-bundle: FAILED: wrong signature\n",
		});
		expect(error.problems[0]).toMatchObject({
			code: "HOST_REFUSED",
			message: "admin@web1: dock0-bundle: FAILED: wrong signature",
		});
	});

	it("tells of sudo when that is what is missing", () => {
		const { problems } = refusal(target, {
			exitCode: 1,
			stdout: "",
			stderr: "sudo: a password is required",
		});
		expect(problems[0]?.hint).toContain("sudo");
	});
});
