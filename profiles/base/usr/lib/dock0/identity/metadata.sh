# shellcheck shell=sh disable=SC2154 # the parts share variables
# The metadata service of Linode: techdocs.akamai.com/cloud-computing/docs/metadata-service-api
metadata=${DOCK0_METADATA:-169.254.169.254:80}

# http METHOD PATH HEADER: the body of the answer to standard output; false unless its status is 2xx. By
# busybox's nc where there is one, since its wget knows no PUT; HTTP/1.0, so that the answer comes in one piece.
http() {
	command -v busybox >/dev/null || {
		curl -sf --max-time 10 -X "$1" -H "Accept: $accept" -H "$3" "http://$metadata$2"
		return
	}
	hold=$run/hold
	rm -f "$hold"
	mkfifo "$hold" || return
	# Open for both, it never ends: a server may take the end of what we say for our leaving.
	exec 7<>"$hold"
	printf '%s %s HTTP/1.0\r\nHost: %s\r\nAccept: %s\r\n%s\r\n\r\n' \
		"$1" "$2" "${metadata%:*}" "$accept" "$3" >&7
	timeout 10 busybox nc -w 5 "${metadata%:*}" "${metadata##*:}" <&7 7<&- >"$run/answer" 2>/dev/null
	exec 7<&-
	rm -f "$hold"
	head -n 1 "$run/answer" | grep -q '^HTTP/1\.[01] 2' || return
	sed '1,/^\r*$/d' "$run/answer"
}

# On another machine nobody answers, and to wait for that would delay each start.
is_linode() {
	case $(cat "$root/sys/class/dmi/id/sys_vendor" 2>/dev/null) in
		Linode | Akamai) ;;
		*) return 1 ;;
	esac
}

seconds() {
	read -r now _ </proc/uptime
	echo "${now%.*}"
}

read_metadata() {
	is_linode || return
	deadline=$(($(seconds) + wait))
	accept=text/plain
	until token=$(http PUT /v1/token 'Metadata-Token-Expiry-Seconds: 300') && [ -n "$token" ]; do
		[ "$(seconds)" -lt "$deadline" ] || return
		sleep 1
	done
	accept=application/json
	http GET /v1/instance "Metadata-Token: $token" >"$run/document" || return
	flatten "$run/document" "the instance's data" || return
	take_instance "$1" "$(value id)"
	# a label may hold what a host's name may not
	label=$(value label | tr '_[:upper:]' '-[:lower:]' | sed 's/[^a-z0-9.-]//g; s/[-.]*\.[-.]*/./g; s/^[-.]*//; s/[-.]*$//')
	take_hostname "$1" "$label"
	if http GET /v1/ssh-keys "Metadata-Token: $token" >"$run/document" && flatten "$run/document" "the list of ssh keys"; then
		values '^users\.' | take_keys "$1"
	fi
	accept=text/plain
	if http GET /v1/user-data "Metadata-Token: $token" >"$run/document" && [ -s "$run/document" ]; then
		if base64 -d <"$run/document" >"$run/user-data" 2>/dev/null; then
			take_user_data "$1" "$run/user-data"
		else
			say "user-data is left out: it is not base64"
		fi
	fi
	rm -f "$run/document" "$run/user-data" "$run/answer"
}
