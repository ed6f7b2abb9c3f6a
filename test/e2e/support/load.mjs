// Asks the hosts of the command line for /, four at a time, a new connection each time, until standard
// input ends; then tells how many answers of which text there were, and every failure.
import http from "node:http";

const hosts = process.argv.slice(2);
const ok = {};
const failed = [];
let stopped = false;
process.stdin.on("end", () => {
	stopped = true;
});
process.stdin.resume();

const ask = (host) =>
	new Promise((done) => {
		const begun = new Date().toISOString();
		const fail = (error) => {
			const { localPort, bytesWritten } = request.socket ?? {};
			failed.push(
				`${host}: ${error.message} (${begun}, from port ${localPort}, ${bytesWritten} bytes sent)`,
			);
			done();
		};
		const request = http.get(
			{ host, agent: false, timeout: 20_000 },
			(answer) => {
				let text = "";
				answer.on("data", (chunk) => {
					text += chunk;
				});
				answer.on("error", fail);
				answer.on("end", () => {
					if (answer.statusCode !== 200)
						return fail(new Error(`status ${answer.statusCode}`));
					ok[text.trim()] = (ok[text.trim()] ?? 0) + 1;
					done();
				});
			},
		);
		request.on("timeout", () => request.destroy(new Error("no answer")));
		request.on("error", fail);
	});

await Promise.all(
	[...hosts, ...hosts].map(async (host) => {
		while (!stopped) await ask(host);
	}),
);
console.log(JSON.stringify({ ok, failed }));
