import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { packageFile } from "../system/package-files.ts";
import { parseBootTimes, readBootTimes } from "./boot-times.ts";

const file = packageFile("test/fixtures/report/times.json");

it("reads what systemd-analyze printed on a real host, in order", () => {
	const units = parseBootTimes(readFileSync(file, "utf8"));
	expect(units.length).toBeGreaterThan(20);
	expect(units.map(({ start }) => start)).toEqual(
		units.map(({ start }) => start).toSorted((a, b) => a - b),
	);
	for (const { start, end } of units) expect(end).toBeGreaterThanOrEqual(start);
	const names = units.map(({ name }) => name);
	expect(names).toContain("multi-user.target");
	expect(names.join(" ")).not.toContain("\\x");
});

it("says what is wanted when the file is another", async () => {
	await expect(
		readBootTimes(packageFile("package.json")),
	).rejects.toMatchObject({ code: "BOOT_TIMES_UNREADABLE" });
});
