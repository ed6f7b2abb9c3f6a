import { resolve } from "node:path";
import type { Command } from "commander";
import { defineCommand, print } from "./command.ts";

interface KeysOptions {
	folder: string;
}

export const keysCommand = defineCommand((program) => {
	const keys = program
		.command("keys")
		.description("the keys that sign releases");

	withFolder(keys.command("new"), "make a key pair: NAME.key and NAME.pem")
		.argument("[name]", "what to call it", "release")
		.action(async (name: string, options: KeysOptions) => {
			const { newKey } = await import("../release/keys.ts");
			const { describeNewKey } = await import("../report/keys.ts");
			print(describeNewKey(await newKey(resolve(options.folder), name)));
		});

	withFolder(keys.command("list").alias("ls"), "list the keys").action(
		async (options: KeysOptions) => {
			const { listKeys } = await import("../release/keys.ts");
			const { describeKeys } = await import("../report/keys.ts");
			print(describeKeys(await listKeys(resolve(options.folder))));
		},
	);

	withFolder(keys.command("show"), "print a public key")
		.argument("<name>")
		.action(async (name: string, options: KeysOptions) => {
			const { findKey, publicPem, readPublicKey } = await import(
				"../release/keys.ts"
			);
			const key = await findKey(resolve(options.folder), name);
			print(publicPem(await readPublicKey(key.publicFile)).trimEnd());
		});

	withFolder(
		keys.command("rotate"),
		"make the successor of a key, and say how hosts move over to it",
	)
		.argument("<name>")
		.action(async (name: string, options: KeysOptions) => {
			const { rotateKey } = await import("../release/keys.ts");
			const { describeRotation } = await import("../report/keys.ts");
			print(describeRotation(await rotateKey(resolve(options.folder), name)));
		});
});

function withFolder(command: Command, description: string): Command {
	return command
		.description(description)
		.option("--folder <dir>", "where the keys lie", "keys");
}
