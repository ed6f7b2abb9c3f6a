/** Values that must never be printed; filled by the config loader, read by everything that writes text. */
const known = new Set<string>();

/** Registers a secret value; from then on `maskSecrets` hides it. Values under 4 characters would mask ordinary text. */
export function registerSecret(value: string): void {
	if (value.length < 4) return;
	known.add(value);
	for (const line of value.split("\n")) if (line.length >= 8) known.add(line);
}

/** Replaces every known secret in `text` by `(secret)`. */
export function maskSecrets(text: string): string {
	let masked = text;
	for (const secret of [...known].sort((a, b) => b.length - a.length))
		if (masked.includes(secret)) masked = masked.replaceAll(secret, "(secret)");
	return masked;
}
