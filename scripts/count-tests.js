// Prints the plain closing line from vitest's JSON report; a failed check outside of it counts as one failure.
import { readFileSync } from "node:fs";
import process from "node:process";

const [, , file, status] = process.argv;
let passed = 0;
let failed = 0;
let skipped = 0;
try {
	const report = JSON.parse(readFileSync(file, "utf8"));
	passed = report.numPassedTests;
	failed = report.numFailedTests;
	skipped = report.numPendingTests + report.numTodoTests;
} catch {
	failed = 1;
}
if (status !== "0" && failed === 0) failed = 1;
if (passed === 0 && failed === 0) failed = 1;
console.log(
	`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`,
);
process.exitCode = failed === 0 ? 0 : 1;
