# shellcheck shell=sh disable=SC2034,SC2154 # the parts share variables
# What differs between two bundles, and bringing it into the running root.
tab=$(printf '\t')

# facts_of TREE: the file with a line PATH, tab, KIND and content of each member, made once for a stored
# bundle. Images are told by their names.
facts_of() {
	facts=${1%/tree}/facts
	[ -f "$facts" ] || (
		cd "$1" || exit
		find . -type l -printf '%p\tl %l\n' -o -printf '%p\t%y %m:%U:%G\n'
		find . -type f ! -path './usr/lib/dock0/images/*' -exec sha256sum {} + | sed 's/^\([0-9a-f]*\) .\(.*\)/\2\ts \1/'
	) >"$facts"
	echo "$facts"
}

# list_changes OLD NEW: prints added, changed or gone, a tab, and the path without its first slash, in the
# order of paths. New folders with bits of their own go to the file `folders`, since they come before what is in them.
list_changes() {
	: >"$work/folders"
	awk -F "$tab" -v folders="$work/folders" '
		FNR == NR { old[$1] = old[$1] $2; was[$0]; next }
		{ new[$1] = new[$1] $2 }
		!($0 in was) && $2 ~ /^d / && $2 != "d 755:0:0" && $1 != "." { print "folder\t" substr($1, 3) >folders }
		function tell(how, path) { if (path != ".") print how "\t" substr(path, 3) }
		END {
			for (path in old)
				if (!(path in new)) { if (old[path] !~ /^d /) tell("gone", path) }
				else if (old[path] != new[path]) tell("changed", path)
			for (path in new)
				if (!(path in old) && new[path] !~ /^d /) tell("added", path)
		}' "$(facts_of "$1")" "$(facts_of "$2")" | sort -t "$tab" -k 2
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
		(umask 022 && mkdir -p "/$path")
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
