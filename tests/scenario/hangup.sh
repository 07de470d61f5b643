#!/usr/bin/env bash
# SIGHUP: the new configuration is served at once and the old workers end what they are at; one that
# is no good changes nothing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

conf=$work/a/trustlist.conf

# hang_up WORD: SIGHUP to the server, and waits until it logs that.
hang_up() {
	: >"$work/a.log"
	kill -HUP "${server[a]}"
	logs "$1"
}
logs() {
	local i
	for ((i = 0; i < 100; i++)); do
		grep -q "$1" "$work/a.log" && return
		sleep 0.05
	done
	fail "the log does not say $1: $(cat "$work/a.log")"
}

# fetches NAME: a new request is answered at once: nobody has to send it twice.
fetches() {
	run curl -s -m 3 "tftp://${address[a]}:$port/$1" -o "$work/fetched"
	((status == 0)) || fail "$1: curl ended with $status"
	same "$work/a/tftp/$1" "$work/fetched"
}

asks_tvs() {
	expect "$1" tvs query --host "${address[a]}:$2" --cert "$work/ccm.pem"
}

# slowly NUMBER: begins a transfer that waits; its process is ${slow[NUMBER]}.
declare -A slow=()
slowly() {
	mkfifo "$work/go-$1"
	python3 "$here/../support/tftp_slow.py" "${address[a]}" "$port" large.bin "$work/slow-$1" \
		<"$work/go-$1" >"$work/said-$1" &
	slow[$1]=$!
	exec {fd}>"$work/go-$1"
	go[$1]=$fd
	until grep -q started "$work/said-$1"; do
		kill -0 "${slow[$1]}" 2>/dev/null || break
		sleep 0.05
	done
}
declare -A go=()

# goes_on NUMBER: the rest of it; all of the content must come.
goes_on() {
	local at=${go[$1]}
	echo >&"$at"
	wait "${slow[$1]}" || fail "transfer $1 broke"
	exec {at}>&-
	same "$work/a/tftp/large.bin" "$work/slow-$1"
}

lab_new a 0
head -c 300000 /dev/urandom >"$work/a/tftp/large.bin"
head -c 3000 /dev/urandom >"$work/a/tftp/small.bin"
printf '[server]\nworkers = 2\n' >"$conf"
lab_serve a
of a cert export CallManager >"$work/ccm.pem"
expect 0 --root "$work/a" service list --json
shows_json '"served":true'

# ---- during a transfer ----
slowly 1
printf '\n[tvs-2]\nport = 2460\n' >>"$conf"
hang_up config-read
for ((i = 0; i < 20; i++)); do
	fetches small.bin
done
asks_tvs 0 2460
asks_tvs 0 2445
grep -q old-workers-left "$work/a.log" && fail 'the old workers did not wait for their transfer'
# Again, while those before are at it still.
slowly 2
hang_up config-read
fetches small.bin
goes_on 1
goes_on 2
logs old-workers-left

# ---- what is no good ----
cp "$conf" "$work/good.conf"
slowly 3
printf 'prot = 1\n' >>"$conf"
hang_up config-refused
fetches small.bin
asks_tvs 0 2460
# A port that somebody has, and one that two of ours want.
lab_new b 1
printf '[tvs]\naddress = %s\nport = 2461\n' "${address[a]}" >"$work/b/trustlist.conf"
lab_serve b
sed 's/2460/2461/' "$work/good.conf" >"$conf"
hang_up config-refused
grep -q 'port 2461' "$work/a.log" || fail "not said which port: $(cat "$work/a.log")"
lab_stop b
sed 's/2460/2445/' "$work/good.conf" >"$conf"
hang_up config-refused
grep -q 'another listener has it' "$work/a.log" || fail "two listeners on one port were taken"
fetches small.bin
asks_tvs 0 2460
goes_on 3

# ---- a listener moves, from its address to all of them, and back ----
printf '\n[tvs]\naddress = 0.0.0.0\nport = 2470\n[server]\nworkers = 1\n' >"$conf"
hang_up config-read
asks_tvs 0 2470
logs old-workers-left
asks_tvs 1 2445
printf '\n[tvs]\nport = 2470\n' >"$conf"
hang_up config-read
asks_tvs 0 2470

# ---- SIGTERM waits for a transfer too ----
slowly 4
: >"$work/a.log"
kill "${server[a]}"
logs stopping
goes_on 4
wait "${server[a]}" || fail "serve ended with $?: $(tail -n 3 "$work/a.log")"
unset 'server[a]'
expect 0 --root "$work/a" service list
shows 'No process serves'
finish
