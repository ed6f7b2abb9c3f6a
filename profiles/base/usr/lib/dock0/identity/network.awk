# Turns a flattened network-config (yaml.awk), version 1 or 2, into files of systemd.network(5) in `folder`.
# A kind of interface, subnet or route that is not known ends it with a message and status 1, before anything
# is written; other keys that are not known are left out.

function fail(why) {
	print why > "/dev/stderr"
	failed = 1
	exit 1
}

# An interface by what it is called in the document.
function section(id) {
	if (!(id in known)) {
		known[id] = 1
		order[++count] = id
	}
}

function add(id, text) {
	section(id)
	body[id] = body[id] text "\n"
}

function route(id, to, via) {
	if (via == "") fail("a route without a gateway is not understood")
	add(id, "\n[Route]")
	if (to !~ /^(default|0\.0\.0\.0\/0|::\/0)?$/) add(id, "Destination=" to)
	add(id, "Gateway=" via)
	# providers hand out gateways outside of the address's own prefix
	if (to ~ /^(default|0\.0\.0\.0\/0|::\/0)?$/ && tolower(via) !~ /^fe[89ab]/) add(id, "GatewayOnLink=yes")
}

# 255.255.255.0 as 24; a number stays what it is.
function prefix(mask,    parts, n, i, bits, value) {
	if (mask !~ /\./) return mask
	n = split(mask, parts, ".")
	for (i = 1; i <= n; i++)
		for (value = parts[i]; value > 0; value = value * 2 % 256) bits++
	return bits + 0
}

function true(value) { return value ~ /^(true|yes|on)$/ }

{
	key = $1
	value[key] = $2
	keys[NR] = key
	# the names of version 2's interfaces, which may hold dots
	if (match(key, /^ethernets\..*\.(match|addresses|nameservers|routes|dhcp4|dhcp6|mtu|gateway4|gateway6|accept-ra|optional)(\.|$)/)) {
		name = key
		sub(/^ethernets\./, "", name)
		sub(/\.(match|addresses|nameservers|routes|dhcp4|dhcp6|mtu|gateway4|gateway6|accept-ra|optional)(\..*)?$/, "", name)
		sub(/\.nameservers$/, "", name)
		if (!(name in interface)) {
			interface[name] = 1
			interfaces[++found] = name
		}
	}
	if (key ~ /^(bonds|bridges|vlans|wifis|tunnels|vrfs)\./) fail("network-config: " key " is not supported, only ethernets")
}

function version2(    i, j, id, at, dhcp) {
	for (i = 1; i <= found; i++) {
		id = interfaces[i]
		at = "ethernets." id "."
		section(id)
		mac[id] = value[at "match.macaddress"]
		name = value[at "match.name"]
		device[id] = name != "" ? name : (mac[id] == "" ? id : "")
		mtu[id] = value[at "mtu"]
		dhcp = (true(value[at "dhcp4"]) ? 1 : 0) + (true(value[at "dhcp6"]) ? 2 : 0)
		dhcps[id] = dhcp
		if ((at "accept-ra") in value) advertised[id] = true(value[at "accept-ra"]) ? "yes" : "no"
		for (j = 0; (at "nameservers.addresses." j) in value; j++) head[id] = head[id] "DNS=" value[at "nameservers.addresses." j] "\n"
		for (j = 0; (at "nameservers.search." j) in value; j++) search[id] = search[id] " " value[at "nameservers.search." j]
		for (j = 0; (at "addresses." j) in value; j++) add(id, "\n[Address]\nAddress=" value[at "addresses." j])
		if (value[at "gateway4"] != "") route(id, "", value[at "gateway4"])
		if (value[at "gateway6"] != "") route(id, "", value[at "gateway6"])
		for (j = 0; (at "routes." j ".to") in value; j++) route(id, value[at "routes." j ".to"], value[at "routes." j ".via"])
	}
}

function version1(    i, j, id, at, subnet, type, address) {
	for (i = 0; (("config." i ".type") in value); i++) {
		at = "config." i "."
		type = value[at "type"]
		if (type == "nameserver") {
			# one address, or a list of them
			if ((at "address") in value) everywhere = everywhere "DNS=" value[at "address"] "\n"
			for (j = 0; (at "address." j) in value; j++) everywhere = everywhere "DNS=" value[at "address." j] "\n"
			for (j = 0; (at "search." j) in value; j++) domains = domains " " value[at "search." j]
			continue
		}
		if (type != "physical") fail("network-config: type " type " is not supported, only physical and nameserver")
		id = value[at "name"]
		if (id == "") fail("network-config: an interface without a name")
		section(id)
		mac[id] = value[at "mac_address"]
		device[id] = mac[id] == "" ? id : ""
		mtu[id] = value[at "mtu"]
		for (j = 0; (at "subnets." j ".type") in value; j++) {
			subnet = at "subnets." j "."
			type = value[subnet "type"]
			if (type ~ /^dhcp4?$/) dhcps[id] += 1
			else if (type ~ /^(dhcp6|ipv6_dhcpv6-stateful)$/) dhcps[id] += 2
			else if (type ~ /^static6?$/) {
				address = value[subnet "address"]
				if (address !~ /\// && value[subnet "netmask"] != "") address = address "/" prefix(value[subnet "netmask"])
				if (address !~ /\//) fail("network-config: the address " address " has no length")
				add(id, "\n[Address]\nAddress=" address)
				if (value[subnet "gateway"] != "") route(id, "", value[subnet "gateway"])
			} else if (type == "manual") continue
			else fail("network-config: a subnet of type " type " is not supported")
			for (k = 0; (subnet "dns_nameservers." k) in value; k++) head[id] = head[id] "DNS=" value[subnet "dns_nameservers." k] "\n"
			for (k = 0; (subnet "dns_search." k) in value; k++) search[id] = search[id] " " value[subnet "dns_search." k]
		}
	}
}

BEGIN { FS = "\t" }
END {
	if (failed) exit 1
	if (value["version"] == 2) version2()
	else if (value["version"] == 1) version1()
	else fail("network-config: version " value["version"] " is not supported, only 1 and 2")
	if (failed) exit 1
	for (i = 1; i <= count; i++) {
		id = order[i]
		if ((device[id] id) ~ /[^A-Za-z0-9._*-]/) fail("network-config: " id " is no name of an interface")
		file = folder "/20-dock0-identity-" id ".network"
		print "[Match]" > file
		if (mac[id] != "") print "PermanentMACAddress=" mac[id] > file
		if (device[id] != "") print "Name=" device[id] > file
		if (mtu[id] != "") print "\n[Link]\nMTUBytes=" mtu[id] > file
		print "\n[Network]" > file
		print "DHCP=" (dhcps[id] == 0 ? "no" : dhcps[id] == 1 ? "ipv4" : dhcps[id] == 2 ? "ipv6" : "yes") > file
		if (id in advertised) print "IPv6AcceptRA=" advertised[id] > file
		printf "%s%s", head[id], everywhere > file
		if (search[id] domains != "") print "Domains=" substr(search[id] domains, 2) > file
		printf "%s", body[id] > file
		close(file)
	}
}
