import { type HostSettings, hostSchema } from "./schema.ts";

/** Settings as the config loader would give them. */
export function hostSettings(written: unknown = {}): HostSettings {
	return hostSchema.parse(written);
}
