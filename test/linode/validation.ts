import * as validation from "@linode/validation";

/** A schema of the provider's own web interface, for what a request may hold (https://github.com/jquense/yup). */
export interface RequestSchema {
	validateSync(value: unknown, options: object): unknown;
}

/** Its types cannot be resolved by Node's rules, so the schemas are taken by name. */
export function requestSchema(
	name:
		| "CreateLinodeConfigSchema"
		| "CreateLinodeDiskSchema"
		| "CreateLinodeSchema"
		| "ResizeLinodeDiskSchema"
		| "UpdateLinodeConfigSchema"
		| "UpdateLinodeSchema"
		| "stackScriptSchema"
		| "updateStackScriptSchema"
		| "uploadImageSchema",
): RequestSchema {
	const schema = (validation as unknown as Record<string, RequestSchema>)[name];
	if (!schema) throw new Error(`@linode/validation has no ${name}`);
	return schema;
}
