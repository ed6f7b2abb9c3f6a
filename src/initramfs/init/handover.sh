# The last act: the new root's init takes the place of this one.

# real PATH: sets file to what PATH of the new root is after its links, which are relative to that root.
real() {
	file=$1
	links=0
	while [ -L "$new$file" ] && [ $links -lt 20 ]; do
		target=$(readlink "$new$file")
		case $target in
			/*) file=$target ;;
			*) file=${file%/*}/$target ;;
		esac
		links=$((links + 1))
	done
}

# check_init: after switch_root nobody is left to report, so look first whether the program can run.
check_init() {
	real "$init"
	[ -f "$new$file" ] || fail "dock0.init: no file $init in the root; it has: $(names $new)"
	[ -x "$new$file" ] || fail "dock0.init: $init cannot be executed"
	case $(hex "$new$file" 0 4) in
		7f454c46)
			# bytes 18 and 19 of an ELF file are its machine: elf(5)
			[ "$(hex "$new$file" 18 2)" = "$(hex /bin/busybox 18 2)" ] ||
				fail "dock0.init: $init is for another kind of processor"
			needs=$(head -c 4096 "$new$file" | tr '\0' '\n' | grep '^/lib[^ ]*/ld-[^ ]*\.so[.0-9]*$' | head -n 1)
			;;
		2321*) needs=$(head -n 1 "$new$file" | sed 's/^#! *\([^ ]*\).*/\1/') ;;
		*) fail "dock0.init: $init is neither a program nor a script" ;;
	esac
	[ -n "$needs" ] || return 0
	interpreter=$needs
	real "$interpreter"
	[ -e "$new$file" ] || fail "dock0.init: $init needs $interpreter, which the root lacks"
}

hand_over() {
	check_init
	for folder in proc sys dev run; do
		[ -d $new/$folder ] || mkdir $new/$folder 2> /dev/null ||
			fail "dock0.root: the root has no folder /$folder"
	done
	arm_verity
	# a kernel that gives up on trial must not wait for somebody
	[ -z "$trial" ] || echo 1 > /proc/sys/kernel/panic
	finished=$(uptime_now)
	note finish "$finished"
	say "initramfs $version done $finished"
	# /dev last: a failure needs the consoles
	for folder in run sys proc dev; do
		mount --move /$folder $new/$folder || fail "cannot move /$folder to the new root"
	done
	exec switch_root $new "$init" "$@"
}
