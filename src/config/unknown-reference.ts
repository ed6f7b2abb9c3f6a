// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the config's own references look like that
import type { z } from "zod";
import { showPath } from "./json.ts";
import { schemasAt } from "./schema-walk.ts";
import { nearest } from "./suggest.ts";
import type { Node } from "./tree.ts";

interface Answer {
	readonly message: string;
	readonly hint: string;
}

/** What to say about `${path}` that no layer sets. */
export function unknownKeyReference(
	path: readonly string[],
	root: Node,
	schema: z.core.$ZodType,
): Answer {
	const name = showPath(path);
	const paths = allPaths(root);
	const same = paths.filter((known) => known.endsWith(`.${name}`));
	const near = same.length === 1 ? same[0] : nearest(name, paths);
	if (near !== undefined)
		return {
			message: `there is no key '${name}'`,
			hint: `did you mean \${${near}}?`,
		};
	if (path[0] !== "vars" && schemasAt(schema, path).length > 0)
		return {
			message: `'${name}' is set in no layer and has no default`,
			hint: `set ${name}`,
		};
	return {
		message: `there is no key '${name}'`,
		hint:
			path.length === 1
				? `for a shell variable write $\${${name}}; for one of your environment \${env:${name}}`
				: `own values go below vars:, e.g. \${vars.name}; for a literal text write $\${${name}}`,
	};
}

/** What to say about `${env:name}` that is not set. */
export function unknownVariable(
	name: string,
	environment: Readonly<Record<string, string | undefined>>,
): Answer {
	const set = Object.keys(environment).filter(
		(key) => environment[key] !== undefined,
	);
	const near = nearest(name, set);
	return {
		message: `the environment variable ${name} is not set`,
		hint: near
			? `did you mean \${env:${near}}?`
			: `set it, or give a default: \${env:${name}:-default}`,
	};
}

function allPaths(root: Node): string[] {
	const found: string[] = [];
	const visit = (node: Node, path: string): void => {
		if (node.kind === "removed") return;
		if (path) found.push(path);
		if (node.kind !== "map") return;
		for (const [key, value] of node.entries)
			visit(value, path ? `${path}.${key}` : key);
	};
	visit(root, "");
	return found;
}
