import * as z from "zod";

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Added to each value: what a layer may write instead of it. */
const instead = { $ref: "#/$defs/instead" };

/**
 * The JSON Schema of one layer, for editors. It differs from the schema of the whole config: nothing is
 * required (another layer may have it), lists may be changed by `key+`, `+key`, `key-`, any value may be
 * a `${reference}` or null, and `extends` is known.
 */
export function toJsonSchema(schema: z.ZodType): object {
	const base = z.toJSONSchema(schema, {
		io: "input",
		unrepresentable: "any",
		override: ({ jsonSchema }) => {
			// our own mark, of no use to editors
			delete jsonSchema.path;
		},
	}) as JsonSchema;
	const layer = forLayer(base, false);
	return {
		...layer,
		title: "dock0 config layer",
		properties: { extends: extendsSchema, ...layer.properties },
		$defs: { ...layer.$defs, instead: insteadSchema },
	};
}

const extendsSchema = {
	description:
		"layers below this one: paths relative to this file, or shipped profiles such as dock0/debian",
	anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }],
};

const insteadSchema = {
	description:
		"a reference to another value, or null to remove what a layer below set",
	anyOf: [{ type: "string", pattern: "^\\$\\{[^}]+\\}$" }, { type: "null" }],
};

function forLayer(node: JsonSchema, inList: boolean): JsonSchema {
	const result: JsonSchema = { ...node };
	// A map in a list is written by one layer as a whole.
	if (!inList) delete result.required;
	for (const key of ["anyOf", "oneOf", "allOf"] as const) {
		const options = node[key];
		if (options) result[key] = options.map((option) => mapped(option, inList));
	}
	if (node.items && !Array.isArray(node.items))
		result.items = orInstead(mapped(node.items, true));
	if (Array.isArray(node.prefixItems))
		result.prefixItems = node.prefixItems.map((item) => mapped(item, true));
	if (typeof node.additionalProperties === "object")
		result.additionalProperties = orInstead(
			mapped(node.additionalProperties, inList),
		);
	if (node.$defs)
		result.$defs = Object.fromEntries(
			Object.entries(node.$defs).map(([name, definition]) => [
				name,
				forLayer(definition, inList),
			]),
		);
	if (node.properties) {
		const properties: Record<string, JsonSchema> = {};
		for (const [key, child] of Object.entries(node.properties)) {
			const value = mapped(child, inList);
			properties[key] = orInstead(value);
			const list = listBranch(value);
			if (list) Object.assign(properties, listChanges(key, list));
		}
		result.properties = properties;
	}
	return result;
}

function mapped(node: JsonSchema | boolean, inList: boolean): JsonSchema {
	if (typeof node === "boolean") return node ? {} : { not: {} };
	return forLayer(node, inList);
}

function orInstead(value: JsonSchema): JsonSchema {
	// `{}` takes everything already
	if (Object.keys(value).every((key) => key === "description")) return value;
	const { description, default: standard, ...rest } = value;
	return {
		...(description === undefined ? {} : { description }),
		...(standard === undefined ? {} : { default: standard }),
		anyOf: [rest, instead],
	};
}

function listBranch(value: JsonSchema): JsonSchema | undefined {
	if (value.type === "array") return value;
	for (const option of [...(value.anyOf ?? []), ...(value.oneOf ?? [])]) {
		const found = typeof option === "object" ? listBranch(option) : undefined;
		if (found) return found;
	}
	return undefined;
}

function listChanges(
	key: string,
	list: JsonSchema,
): Record<string, JsonSchema> {
	const {
		default: _default,
		minItems: _min,
		maxItems: _max,
		description: _description,
		...items
	} = list;
	const change = (description: string): JsonSchema => ({
		description,
		anyOf: [items, instead],
	});
	return {
		[`${key}+`]: change(`appended to ${key} of the layers below`),
		[`+${key}`]: change(`put in front of ${key} of the layers below`),
		[`${key}-`]: change(`removed from ${key} of the layers below`),
	};
}
