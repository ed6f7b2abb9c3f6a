import { ExpectedError } from "../../system/errors.ts";
import type { Artefact } from "../provider.ts";
import type { DeploySettings, StackScriptSettings } from "../schema.ts";
import { isUploadable } from "./image.ts";

/** How the new boot disk gets its content. */
export type Strategy = "image" | "stackscript";

/** Areas of the API that a token must be allowed to use. */
export const wantedScopes: Readonly<Record<Strategy, readonly string[]>> = {
	image: ["linodes", "images", "events"],
	stackscript: ["linodes", "stackscripts", "events"],
};

/**
 * The strategy that the config names. `auto`: the image, as it boots no second system; when it is too large
 * for that and there is an address to fetch it from, the maker.
 */
export function chooseStrategy(
	settings: DeploySettings,
	artefact: Artefact,
): Strategy {
	if (settings.strategy !== "auto") return settings.strategy;
	return !isUploadable(artefact) && settings.stackscript
		? "stackscript"
		: "image";
}

/** @throws ExpectedError when the strategy needs settings that are not there. */
export function makerSettings(options: {
	settings: DeploySettings;
	strategy: Strategy;
}): StackScriptSettings | undefined {
	if (options.strategy === "image") return undefined;
	const { stackscript } = options.settings;
	if (stackscript) return stackscript;
	throw new ExpectedError({
		code: "DEPLOY_NO_URL",
		message: "the strategy stackscript needs deploy.stackscript.url",
		hint: "put the gzipped disk image where a Linode can fetch it",
	});
}
