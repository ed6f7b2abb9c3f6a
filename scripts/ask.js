// Asks a URL until it answers, for at most two minutes; prints the answer.
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";

const url = process.argv[2];
const deadline = Date.now() + 120_000;
for (;;) {
	try {
		const answer = await fetch(url, { signal: AbortSignal.timeout(5000) });
		if (answer.ok) {
			process.stdout.write(await answer.text());
			break;
		}
	} catch (error) {
		if (Date.now() > deadline) throw error;
	}
	await pause(500);
}
