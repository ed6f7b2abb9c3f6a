import { archBackend } from "./arch/backend.ts";
import type { PackageBackend } from "./backend.ts";
import { debianBackend } from "./debian/backend.ts";
import type { RootfsSettings } from "./schema.ts";

/** All backends; a new one is a new file and a line here. */
const backends: Record<RootfsSettings["backend"], PackageBackend> = {
	debian: debianBackend,
	arch: archBackend,
};

/** The backend that the settings name. */
export function backendFor(settings: RootfsSettings): PackageBackend {
	return backends[settings.backend];
}
