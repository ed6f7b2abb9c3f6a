import type { Recipe } from "../recipe.ts";

const fallback = (type: string): string =>
	`${type} requisite pam_deny.so\n${type} required pam_permit.so\n`;

const session = `session [default=1] pam_permit.so
${fallback("session")}session optional pam_umask.so
session required pam_unix.so
`;

/** What Debian's pam-auth-update would write (a Perl program run by maintainer scripts). */
export const pam: Recipe = {
	name: "pam",
	from: ["libpam0g", "libpam-modules", "libpam-modules-bin", "libpam-runtime"],
	files: {
		"etc/pam.d/common-account": `account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so
${fallback("account")}`,
		"etc/pam.d/common-auth": `auth [success=1 default=ignore] pam_unix.so nullok
${fallback("auth")}`,
		"etc/pam.d/common-password": `password [success=1 default=ignore] pam_unix.so obscure yescrypt
${fallback("password")}`,
		"etc/pam.d/common-session": `${session}-session optional pam_systemd.so\n`,
		"etc/pam.d/common-session-noninteractive": session,
	},
	build: "rm -f usr/sbin/pam-auth-update usr/sbin/pam_getenv\n",
};

export const shadow: Recipe = {
	name: "shadow",
	from: ["passwd", "login.defs"],
};

export const utilLinux: Recipe = {
	name: "util-linux",
	from: ["util-linux", "mount", "bsdutils", "login"],
};

/** Arch's unit names, and host keys made at the first start and not at installation. */
export const openssh: Recipe = {
	name: "openssh",
	from: ["openssh-server", "openssh-client", "openssh-sftp-server"],
	files: {
		"usr/lib/systemd/system/sshdgenkeys.service": `[Unit]
Description=SSH Key Generation
ConditionPathExists=|!/etc/ssh/ssh_host_ed25519_key
ConditionPathExists=|!/etc/ssh/ssh_host_rsa_key

[Service]
ExecStart=/usr/bin/ssh-keygen -A
Type=oneshot
RemainAfterExit=yes
`,
		"usr/lib/systemd/system/sshd.service.d/10-keys.conf": `[Unit]
Wants=sshdgenkeys.service
After=sshdgenkeys.service
`,
	},
	build: `
units=usr/lib/systemd/system
cp -p usr/share/openssh/sshd_config etc/ssh/sshd_config
sed '/^Alias=/d' $units/ssh.service >$units/sshd.service
rm -f $units/ssh.service $units/sshd-keygen.service
ln -s sshd.service $units/ssh.service
`,
};
