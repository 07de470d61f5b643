# shellcheck shell=bash
# Clusters that serve, and phones that boot against them.  Sourced after lib.sh.
#
# Each cluster of a run has a loopback address of its own, so that scenarios can run side by side on
# the ports that every instance has.

: "${work:?comes from lib.sh}"
# shellcheck disable=SC2034 # for those who source this
port=6969
declare -A server=() # process by cluster

# An address nobody else has: the process number makes it.
lab_address() {
	printf '127.%d.%d.%d' $((16 + $1)) $(($$ / 250 % 250 + 1)) $(($$ % 250 + 1))
}

# lab_new NAME NUMBER [OPTION...]: cluster NAME in $work/NAME, at its address in ${address[NAME]}.
declare -A address=()
lab_new() {
	address[$1]=$(lab_address "$2")
	expect 0 --root "$work/$1" cluster init --name "$1" --address "${address[$1]}" "${@:3}"
}

# of NAME ARGUMENT...: trustlist on that cluster.
of() {
	"$TRUSTLIST" --root "$work/$1" "${@:2}"
}

# Starts the cluster's services; returns when they are ready.
lab_serve() {
	local log=$work/$1.log
	: >"$log"
	"$TRUSTLIST" --root "$work/$1" serve 2>>"$log" &
	server[$1]=$!
	if ! grep -qm 1 '^ready' < <(timeout 60 tail -n +1 -f --pid="${server[$1]}" "$log"); then
		sed 's/^/    /' "$log" >&2
		fail "cluster $1 did not get ready"
	fi
}

# Ends it, and wants exit status 0.
lab_stop() {
	local status=0
	kill "${server[$1]}" 2>/dev/null || true
	wait "${server[$1]}" || status=$?
	unset "server[$1]"
	((status == 0)) || fail "serve of $1 ended with $status: $(tail -n 3 "$work/$1.log")"
}

lab_kill_all() {
	local name
	for name in "${!server[@]}"; do
		kill -KILL "${server[$name]}" 2>/dev/null || true
	done
	rm -rf "$work"
}
trap lab_kill_all EXIT

# boots STATUS PHONE CLUSTER [OPTION...]: the virtual phone boots there and ends with that status.
boots() {
	expect "$1" vphone boot "$2" --tftp "${address[$3]}:$port" --memory "$work/phones/$2" "${@:4}"
}

# shows_json FILTER...: a line of the last JSON output holds this text, blanks aside.
shows_json() {
	tr -d ' \n' <"$work/stdout" | grep -qF -- "$1" || fail "not in the JSON: $1"
}
