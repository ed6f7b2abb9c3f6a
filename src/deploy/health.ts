import { request } from "node:http";
import { connect } from "node:net";
import type { Clock } from "../system/clock.ts";
import { stepFailure } from "../system/errors.ts";
import { run } from "../system/process.ts";
import type { HealthCheck } from "./schema.ts";

/** Asks once. @returns undefined when fine, else what is wrong. */
export type Probe = (
	check: HealthCheck,
	address: string,
) => Promise<string | undefined>;

/** One question may take so long; milliseconds. */
const patience = 10_000;

/** How often in a row every check has to pass: a host that falls over right after its start is not healthy. */
const wantedPasses = 3;

/**
 * Waits until every check passes several times in a row.
 * @throws ExpectedError DEPLOY_UNHEALTHY with what was wrong at last.
 */
export async function waitHealthy(options: {
	checks: readonly HealthCheck[];
	address: string;
	timeoutSeconds: number;
	clock: Clock;
	signal: AbortSignal;
	probe: Probe;
}): Promise<void> {
	const { checks, address, clock, signal, probe } = options;
	const deadline = clock.now() + options.timeoutSeconds * 1000;
	let passes = 0;
	for (;;) {
		signal.throwIfAborted();
		const wrong = await firstFailure(checks, address, probe);
		passes = wrong === undefined ? passes + 1 : 0;
		if (passes >= wantedPasses) return;
		if (clock.now() >= deadline)
			throw stepFailure({
				code: "DEPLOY_UNHEALTHY",
				message: `the new host at ${address} is not healthy after ${options.timeoutSeconds} seconds: ${wrong ?? "it passed only now and then"}`,
			});
		await clock.sleep(passes > 0 ? 1000 : 2000, signal);
	}
}

/** Asks every check once. @returns what is wrong by the first of those that fail; undefined when none does. */
export async function firstFailure(
	checks: readonly HealthCheck[],
	address: string,
	probe: Probe,
): Promise<string | undefined> {
	const answers = await Promise.all(
		checks.map((check) => probe(check, address)),
	);
	return answers.find((answer) => answer !== undefined);
}

/** Really asks the host. */
export const probeHost: Probe = async (check, address) => {
	if ("tcp" in check) return probeTcp(address, check.tcp);
	if ("http" in check)
		return probeHttp(address, check.http, check.path, check.status);
	return probeSsh(address, check.ssh, check.user, check.command);
};

function probeTcp(address: string, port: number): Promise<string | undefined> {
	return new Promise((resolve) => {
		const socket = connect({ host: address, port, timeout: patience });
		const end = (answer: string | undefined): void => {
			socket.destroy();
			resolve(answer);
		};
		socket.once("connect", () => end(undefined));
		socket.once("timeout", () => end(`port ${port} does not answer`));
		socket.once("error", (error) => end(`port ${port}: ${error.message}`));
	});
}

function probeHttp(
	address: string,
	port: number,
	path: string,
	status: number,
): Promise<string | undefined> {
	return new Promise((resolve) => {
		const asked = request(
			{ host: address, port, path, timeout: patience, agent: false },
			(answer) => {
				answer.resume();
				resolve(
					answer.statusCode === status
						? undefined
						: `http port ${port} answers ${answer.statusCode} to ${path}, not ${status}`,
				);
			},
		);
		asked.once("timeout", () => asked.destroy(new Error("no answer in time")));
		asked.once("error", (error) =>
			resolve(`http port ${port}: ${error.message}`),
		);
		asked.end();
	});
}

async function probeSsh(
	address: string,
	port: number,
	user: string,
	command: string,
): Promise<string | undefined> {
	const { exitCode, stderr } = await run(
		"ssh",
		[
			...["-p", String(port), "-o", "BatchMode=yes"],
			...["-o", "ConnectTimeout=10", "-o", "StrictHostKeyChecking=accept-new"],
			...["--", `${user}@${address}`, command],
		],
		{ okExitCodes: Array.from({ length: 256 }, (_, code) => code) },
	);
	return exitCode === 0
		? undefined
		: `ssh port ${port}: '${command}' ended with ${exitCode}: ${stderr.trim().split("\n").at(-1) ?? ""}`;
}
