# The installer's network, and what it says there and on the console.

# tell STATE PERCENT MESSAGE: one of checking, writing, written, refused, failed.
tell() {
	[ "$1 $3" = "$told" ] || say "$3"
	told="$1 $3"
	echo "$id $1 $2 $3" > $run/www/.progress
	mv $run/www/.progress $run/www/progress
}
told=''

# refuse MESSAGE: nothing was written, so the old system can go on.
refuse() {
	trap - EXIT
	tell refused 0 "$1; nothing was written, rebooting into the old system"
	sleep 20
	restart
}

restart() {
	trap - EXIT
	sync
	reboot -f
	# only reached when the kernel refuses: ask it in another way (Documentation/admin-guide/sysrq.rst)
	echo b > /proc/sysrq-trigger
	while :; do sleep 60; done
}

# network_card: the name of the card with that MAC address.
network_card() {
	for net in /sys/class/net/*; do
		[ "$(cat "$net/address" 2> /dev/null)" = "$link" ] && [ -e "$net/device" ] && echo "${net##*/}" && return
	done
	return 1
}

# The addresses of the old system. Without them the disk is written just as well, but nobody sees it.
bring_up_network() {
	ip link set lo up
	deadline=$(($(seconds_now) + 15))
	until card=$(network_card); do
		if [ -z "$link" ] || [ "$(seconds_now)" -ge "$deadline" ]; then
			say "no network card $link; nobody will see how far this is"
			return
		fi
		load_next_driver || pause
	done
	ip link set "$card" up
	for address in $addresses; do
		ip addr add "$address" dev "$card" 2>> $run/network.log
	done
	for router in $routers; do
		case $router in
			fe80:*) ;;
			# it may lie outside of our own network
			*) ip route add "$router" dev "$card" 2>> $run/network.log ;;
		esac
		ip route add default via "$router" dev "$card" 2>> $run/network.log
	done
	httpd -p "$port" -h $run/www || say "cannot serve on port $port"
}
