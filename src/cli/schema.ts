import { defineCommand, print } from "./command.ts";

export const schemaCommand = defineCommand((program) => {
	program
		.command("schema")
		.description("print the JSON Schema of config files, for editors")
		.action(async () => {
			const { jsonSchema } = await import("../pipeline/schema.ts");
			print(JSON.stringify(jsonSchema(), undefined, 2));
		});
});
