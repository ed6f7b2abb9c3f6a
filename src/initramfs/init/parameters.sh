# The kernel command line, over the defaults that the image was built with.

root='' verity='' extra='' extrahash='' toram='' overlay=on
slot='' trial='' failedslot=''
state='' statedisk='' statesize=50% shell='' init=/sbin/init

read_parameters() {
	read -r line < /proc/cmdline
	set -f
	for word in $line; do
		value=${word#*=}
		case $word in
			dock0.root=*) root=$value ;;
			dock0.verity=*) verity=$value ;;
			dock0.extra=*) extra=$value ;;
			dock0.extrahash=*) extrahash=$value ;;
			dock0.slot=*) slot=$value ;;
			dock0.trial | dock0.trial=*) trial=on ;;
			dock0.failed=*) failedslot=$value ;;
			dock0.toram) toram=on ;;
			dock0.toram=*) toram=$value ;;
			dock0.overlay=*) overlay=$value ;;
			dock0.state=*) state=$value ;;
			dock0.state.disk=*) statedisk=$value ;;
			dock0.state.size=*) statesize=$value ;;
			dock0.state.init=*) stateinit=$value ;;
			dock0.state.key=*) statekey=$value ;;
			dock0.shell) shell=late ;;
			dock0.shell=*) shell=$value ;;
			dock0.init=*) init=$value ;;
			dock0.wait=*) number "$word" && waitseconds=$value ;;
			dock0.onfailure=*) onfailure=$value ;;
			dock0.rebootafter=*) number "$word" && rebootafter=$value ;;
			# who the host is: the running host's business
			dock0.hostname=* | dock0.instance=* | dock0.ssh_key=*) ;;
			dock0.*) say "unknown kernel parameter: $word" ;;
		esac
	done
	set +f
	# boot loader of the disk image names its own partition; who deploys with a disk for state says so
	[ -z "$statedisk" ] || state=$statedisk
	[ "$toram" = off ] && toram=''
	case $onfailure in
		shell | reboot | poweroff) ;;
		*)
			say "dock0.onfailure=$onfailure is none of shell, reboot, poweroff; taking reboot"
			onfailure=reboot
			;;
	esac
	[ -z "$slot" ] || note slot "$slot"
	[ -z "$trial" ] || note trial "$trial"
	[ -z "$failedslot" ] || note failed "$failedslot"
	[ -n "$root" ] || fail "no dock0.root= on the kernel command line"
}

# number NAME=VALUE: true when VALUE is a whole number, else says so.
number() {
	case ${1#*=} in
		'' | *[!0-9]*)
			say "not a number: $1"
			return 1
			;;
	esac
}
