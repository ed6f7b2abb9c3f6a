import { expect, test } from "vitest";
import { diffConfigs, formatDifference } from "./diff.ts";
import { parseDockerCheck, requireDockerFit } from "./docker-check.ts";
import { parseConfig } from "./kconfig/config-file.ts";

const esc = "\x1b[";
const output = `info: reading kernel config from x ...

Generally Necessary:
- ${esc}37mcgroup hierarchy${esc}m: ${esc}32mcgroupv2${esc}m
- ${esc}37mCONFIG_NAMESPACES${esc}m: ${esc}32menabled${esc}m
- ${esc}1mCONFIG_VETH${esc}m: ${esc}1;31mmissing${esc}m

Optional Features:
- CONFIG_USER_NS: enabled (as module)
- Network Drivers:
  - "overlay":
    - CONFIG_VXLAN: missing
      Optional (for encrypted networks):
      - CONFIG_XFRM: enabled
`;

test("check-config.sh's output: sections, colours, missing options", () => {
	const check = parseDockerCheck(output);
	expect(check.missing).toEqual(["CONFIG_VETH"]);
	expect(check.missingOptional).toEqual(["CONFIG_VXLAN"]);
	expect(check.items).toContainEqual({
		section: "Optional Features",
		option: "CONFIG_USER_NS",
		state: "enabled (as module)",
	});
	expect(check.items.at(-1)).toMatchObject({ option: "CONFIG_XFRM" });
	expect(() => requireDockerFit(check)).toThrow(/Docker needs CONFIG_VETH/);
	expect(() => requireDockerFit({ ...check, missing: [] })).not.toThrow();
});

test("configs are compared by meaning: off and absent are the same", () => {
	const differences = diffConfigs(
		parseConfig("CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=m\n"),
		parseConfig("CONFIG_C=y\nCONFIG_D=5\n"),
	);
	expect(differences.map(formatDifference)).toEqual([
		"- CONFIG_A=y",
		"~ CONFIG_C=m -> y",
		"+ CONFIG_D=5",
	]);
});
