/**
 * POSIX sh that gives the tree `$1` what programs expect of a running system. It looks the same to an
 * ordinary user and to root: a small /dev of the nodes that need no privilege, and /sys read-only.
 * All mounts are private to our namespace and vanish with it.
 */
export const chrootMountsScript = `
mount_chroot() {
	tree=$1
	for folder in proc sys dev run; do
		[ -d "$tree/$folder" ] || mkdir -m 0755 "$tree/$folder"
	done
	mount -t proc -o nosuid,nodev,noexec proc "$tree/proc"
	# A new sysfs needs a network namespace of our own (user_namespaces(7)), hence the bind mount.
	mount --rbind /sys "$tree/sys"
	mount -t tmpfs -o mode=0755,nosuid tmpfs "$tree/dev"
	for node in null zero full random urandom tty; do
		: > "$tree/dev/$node"
		mount --bind "/dev/$node" "$tree/dev/$node"
	done
	mkdir -m 1777 "$tree/dev/shm"
	ln -s /proc/self/fd "$tree/dev/fd"
	ln -s /proc/self/fd/0 "$tree/dev/stdin"
	ln -s /proc/self/fd/1 "$tree/dev/stdout"
	ln -s /proc/self/fd/2 "$tree/dev/stderr"
	mount -t tmpfs -o mode=0755,nosuid,nodev tmpfs "$tree/run"
	mkdir -m 1777 "$tree/run/lock"
}
unmount_chroot() {
	# Lazily, since a service that a package started may still hold one (it ends with our namespace), and
	# since user_namespaces(7) locks the mounts below /sys together: they leave only with their top.
	for folder in run dev sys proc; do
		umount --lazy "$1/$folder"
	done
}
`;
