# shellcheck shell=sh disable=SC2034,SC2154 # the parts share variables
# What differs between two bundles, and bringing it into the running root.
tab=$(printf '\t')

# facts_of TREE: a line PATH, tab, KIND and content of each member. Images are told by their names.
facts_of() (
	cd "$1" || exit
	find . -type d -exec stat --printf '%n\td %a:%u:%g\n' {} +
	find . -type f -exec stat --printf '%n\tf %a:%u:%g\n' {} +
	find . -type f ! -path './usr/lib/dock0/images/*' -exec sha256sum {} + | sed 's/^\([0-9a-f]*\) .\(.*\)/\2\ts \1/'
	find . -type l -exec sh -c 'for link; do printf "%s\tl %s\n" "$link" "$(readlink "$link")"; done' sh {} +
)

# list_changes OLD NEW: prints added, changed or gone, a tab, and the path without its first slash.
list_changes() {
	facts_of "$1" | sort >"$work/old"
	facts_of "$2" | sort >"$work/new"
	comm -3 "$work/old" "$work/new" | sed "s/^$tab//" | cut -f 1 | sort -u | while IFS= read -r path; do
		[ "$path" != . ] || continue
		was=no is=no
		[ ! -e "$1/$path" ] && [ ! -L "$1/$path" ] || was=yes
		[ ! -e "$2/$path" ] && [ ! -L "$2/$path" ] || is=yes
		path=${path#./}
		case $was-$is in
			yes-yes) echo "changed$tab$path" ;;
			yes-no) [ -d "$1/$path" ] || echo "gone$tab$path" ;;
			*) [ -d "$2/$path" ] || echo "added$tab$path" ;;
		esac
	done
	# New folders with bits of their own come before what is in them.
	comm -13 "$work/old" "$work/new" | grep "${tab}d " | grep -v "${tab}d 755:0:0$" | cut -f 1 |
		sed "s/^.\//folder$tab/" >"$work/folders"
}

# show_changes: of the received bundle against the one in force; texts that everybody may read, line by line.
show_changes() {
	old_tree=$(tree_of "$(current)") new_tree=$store/new/tree
	list_changes "$old_tree" "$new_tree" >"$work/changes"
	while IFS=$tab read -r how path; do
		say "$how /$path"
		if [ "$how" != changed ] || [ ! -f "$new_tree/$path" ] || [ -L "$new_tree/$path" ]; then continue; fi
		case $(stat -c %a "$old_tree/$path")$(stat -c %a "$new_tree/$path") in
			*4*4) diff "$old_tree/$path" "$new_tree/$path" | grep '^[<>]' | head -n 20 | sed 's/^/    /' ;;
		esac
	done <"$work/changes"
}

# copy_changes NEW: into the running root, each by one rename. What is gone becomes what the root image has.
copy_changes() {
	while IFS=$tab read -r _ path; do
		mkdir -p "/$path"
		chmod --reference="$1/$path" "/$path"
		chown --reference="$1/$path" "/$path"
	done <"$work/folders"
	while IFS=$tab read -r how path; do
		from=$1/$path
		[ "$how" != gone ] || from=$run/root/$path
		if [ -d "$from" ] && [ ! -L "$from" ]; then
			[ -d "/$path" ] || mkdir -p "/$path"
			chmod --reference="$from" "/$path"
			chown --reference="$from" "/$path"
		elif [ -e "$from" ] || [ -L "$from" ]; then
			folder=/${path%/*}
			[ -d "$folder" ] || (umask 022 && mkdir -p "$folder")
			rm -f "$folder/.dock0-new"
			cp -a "$from" "$folder/.dock0-new"
			mv -fT "$folder/.dock0-new" "/$path"
		else
			rm -f "/$path"
		fi
	done <"$work/changes"
}
