/**
 * Arguments of ssh for the serial console of a Linode, which the provider's shell gives whatever the guest
 * does: https://techdocs.akamai.com/cloud-computing/docs/access-your-system-console-using-lish
 */
export function lishArguments(
	username: string,
	region: string,
	label: string,
): string[] {
	return ["-t", `${username}@lish-${region}.linode.com`, label];
}
