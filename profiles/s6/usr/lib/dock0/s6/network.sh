# shellcheck shell=sh disable=SC2034 # what includes it reads variables
# What /etc/dock0/network says, as functions. Each can be called again, so that a changed file can be followed.
asking=/run/dhcpcd.conf
ask='' listed=' '

# rename MAC NAME: the device (not what lies on it, which has the same address) of that address.
rename() {
	for device in /sys/class/net/*; do
		[ -e "$device/device" ] || continue
		[ "$(cat "$device/address")" = "$1" ] || continue
		device=${device##*/}
		[ "$device" = "$2" ] || { ip link set "$device" down && ip link set "$device" name "$2"; }
	done
}

# bridge NAME MEMBER...
bridge() {
	bridge=$1
	shift
	ip link show "$bridge" >/dev/null 2>&1 || ip link add "$bridge" type bridge
	for member; do
		ip link set "$member" master "$bridge"
	done
}

# vlan NAME PARENT NUMBER
vlan() {
	ip link show "$1" >/dev/null 2>&1 || ip link add link "$2" name "$1" type vlan id "$3"
}

# interface NAME MTU ADVERTISEMENTS: brings it up without any addresses but those that it makes itself.
interface() {
	listed="$listed$1 "
	# 2: also when packets are forwarded to containers (Documentation/networking/ip-sysctl, accept_ra)
	if [ "$3" = yes ]; then accept=2; else accept=0; fi
	echo $accept >"/proc/sys/net/ipv6/conf/$1/accept_ra"
	ip address flush dev "$1" scope global
	ip link set "$1" ${2:+mtu "$2"} up
	printf '\ninterface %s\n' "$1" >>$asking
	[ "$3" = yes ] || echo noipv6rs >>$asking
}

# address NAME ADDRESS/LENGTH
address() {
	ip address add "$2" dev "$1"
}

# gateway NAME ADDRESS: it may lie outside of all prefixes.
gateway() {
	case $2 in
		*:*) ip -6 route replace default via "$2" dev "$1" onlink ;;
		*) ip route replace default via "$2" dev "$1" onlink ;;
	esac
}

# ask NAME v4|v6: by DHCP, both without a second word. The interface before was this one.
ask() {
	ask="$ask $1"
	case $2 in
		v4) echo ipv4only >>$asking ;;
		v6) echo ipv6only >>$asking ;;
	esac
}

# ask_unlisted: for all wired interfaces that are devices.
ask_unlisted() {
	for device in /sys/class/net/*; do
		read -r type <"$device/type"
		name=${device##*/}
		# 1 is ARPHRD_ETHER
		if [ ! -e "$device/device" ] || [ "$type" != 1 ]; then continue; fi
		case $listed in
			*" $name "*) ;;
			*) ask="$ask $name" ;;
		esac
	done
}
