import type { Recipe } from "../recipe.ts";

/** The commands that Debian leaves to update-alternatives. */
export const iptablesNft: Recipe = {
	name: "iptables-nft",
	from: ["iptables"],
	depends: ["nftables"],
	conflicts: ["iptables"],
	build: `
for family in iptables ip6tables arptables ebtables; do
	for suffix in "" -save -restore; do
		ln -s "$family-nft$suffix" "usr/sbin/$family$suffix"
	done
done
`,
};

export const iputils: Recipe = {
	name: "iputils",
	from: ["iputils-ping"],
	depends: ["libcap"],
	install: `post_install() {
	setcap cap_net_raw+ep usr/bin/ping
}
post_upgrade() {
	post_install
}
`,
};

export const inetutils: Recipe = { name: "inetutils", from: ["hostname"] };

/** The bundle and the list that Debian's update-ca-certificates starts from. */
export const caCertificates: Recipe = {
	name: "ca-certificates",
	from: ["ca-certificates"],
	build: `
mkdir -p etc/ssl/certs
(cd usr/share/ca-certificates && find . -name '*.crt' | sed 's,^\\./,,' | LC_ALL=C sort) >etc/ca-certificates.conf
while read -r certificate; do
	cat "usr/share/ca-certificates/$certificate"
	echo
done <etc/ca-certificates.conf | sed '/^$/d' >etc/ssl/certs/ca-certificates.crt
ln -s certs/ca-certificates.crt etc/ssl/cert.pem
`,
};

export const docker: Recipe = {
	name: "docker",
	from: ["docker.io", "docker-cli"],
	files: { "usr/lib/sysusers.d/docker.conf": "g docker - -\n" },
};
