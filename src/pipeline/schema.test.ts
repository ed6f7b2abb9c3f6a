import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { packageFile } from "../system/package-files.ts";
import { jsonSchema } from "./schema.ts";

it("schema.json, which editors read, is what the schema says (npm run schema writes it)", () => {
	const written: unknown = JSON.parse(
		readFileSync(packageFile("schema.json"), "utf8"),
	);
	expect(written).toEqual(JSON.parse(JSON.stringify(jsonSchema())));
});
