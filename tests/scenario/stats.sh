#!/usr/bin/env bash
# What the file counter has done, as another process sees it: what came of each request, transfers
# that die, and what is left of that after a restart, a new configuration and a crash.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

# counts NODE DOOR NAME=NUMBER...: so `service stats` says, now or soon: workers tell the store once a
# second, and a transfer that dies is waited for.
counts() {
	local i
	for ((i = 0; i < 150; i++)); do
		expect 0 --root "$work/a" service stats --json
		python3 "$here/../support/stats_say.py" "$@" <"$work/stdout" 2>"$work/missed" && return
		sleep 0.2
	done
	fail "$*: $(cat "$work/missed")"
}
# curls COUNT URL...: so often each, whatever comes of it.
curls() {
	local i
	for ((i = 0; i < $1; i++)); do
		curl -gsk --path-as-is -m 10 -o "$work/got" "${@:2}" || true
	done
}
# logs WORD
logs() {
	local i
	for ((i = 0; i < 200; i++)); do
		grep -q "$1" "$work/a.log" && return
		sleep 0.05
	done
	fail "the log does not say $1"
}

lab_new a 0
address[sub]=$(lab_address 1)
expect 0 --root "$work/a" service stats
shows 'Counted since: never'
shows 'No process serves the cluster now'
expect 0 --root "$work/a" cluster add-node a-sub "${address[sub]}" --restart
files=$work/a/tftp
head -c 5000 /dev/urandom >"$files/rings"
sed -i '/^\[server\]/,/^\[/ s/^workers = .*/workers = 2/' "$work/a/trustlist.conf"
lab_serve a
pub=${address[a]} sub=${address[sub]}

# A client that takes one block and is never heard of again, and one that goes on later.
mkfifo "$work/never" "$work/later"
python3 "$here/../support/tftp_slow.py" "$pub" "$port" rings "$work/slow" <"$work/never" >"$work/said" &
dying=$!
exec 5>"$work/never"
until grep -q started "$work/said"; do
	kill -0 "$dying" || break
	sleep 0.05
done
counts a-pub tftp requests=1 running=1 sent=0
kill "$dying"
wait "$dying" 2>/dev/null || true
exec 5>&-

# What came of each.
curls 4 "tftp://$pub:$port/rings"
curls 3 "tftp://$pub:$port/none"
curls 2 -T "$files/rings" "tftp://$pub:$port/rings"
counts a-pub tftp requests=10 sent=4 not_found=3 refused=2 bytes=20000
curls 3 "http://$pub:6970/rings"
curls 2 "http://$pub:6970/none"
curls 1 "http://$pub:6970/../secret"
curls 1 -r 9999- "http://$pub:6970/rings"
counts a-pub http requests=7 sent=3 not_found=3 refused=1 bytes=15000 running=0 connections=0 \
	connections_accepted=7
curls 2 "https://$pub:6971/rings"
counts a-pub https requests=2 sent=2 bytes=10000
curls 1 "https://$pub:6972/none"
counts a-pub https-tomcat requests=1 not_found=1
printf 'no TLS\r\n\r\n' >"/dev/tcp/$pub/6972"
counts a-pub https-tomcat handshakes_failed=1
curls 2 "tftp://$sub:$port/rings"
counts a-sub tftp requests=2 sent=2
counts a-sub http requests=0
counts a-pub tftp requests=10
expect 0 --root "$work/a" service stats --node a-sub
shows 'a-sub'
! grep -q a-pub "$work/stdout" || fail 'another node was shown'
expect 3 --root "$work/a" service stats --node nobody

# Who looks changes nothing that caches depend on: what is served is not made anew.
expect 0 --root "$work/a" service stats
shows 'Given up'

# An HTTP client that goes away, and a file that is cut short.
truncate -s 300M "$files/huge.bin"
curl -s --limit-rate 1M -o "$work/cut" "http://$pub:6970/huge.bin" &
fetching=$!
counts a-pub http running=1 connections=1
kill "$fetching"
wait "$fetching" 2>/dev/null || true
counts a-pub http stopped=1 running=0 connections=0
(curl -s --limit-rate 1M -o "$work/cut" "http://$pub:6970/huge.bin" || true) &
fetching=$!
counts a-pub http running=1
truncate -s 1M "$files/huge.bin"
counts a-pub http failed=1 stopped=1 running=0
wait "$fetching"

# The one that died is forgotten.
counts a-pub tftp given_up=1 running=0

# A new configuration: others serve, and go on counting.
: >"$work/a.log"
kill -HUP "${server[a]}"
logs old-workers-left
curls 1 "tftp://$pub:$port/rings"
counts a-pub tftp requests=11 sent=5 given_up=1 running=0
# A service that is stopped answers nobody, and HTTP turns away.
expect 0 --root "$work/a" service stop TFTP --node a-pub
curls 1 "http://$pub:6970/rings"
counts a-pub http connections_turned_away=1
expect 0 --root "$work/a" service start TFTP --node a-pub

# Whoever serves next counts anew; until then the last can be read, even after a crash.
lab_stop a
expect 0 --root "$work/a" service stats --json
shows_json '"served":false'
counts a-pub tftp requests=11 sent=5 running=0
lab_serve a
counts a-pub tftp requests=0 sent=0
python3 "$here/../support/tftp_slow.py" "$pub" "$port" rings "$work/slow" <"$work/later" >"$work/said" &
dying=$!
exec 5>"$work/later"
counts a-pub tftp running=1
kill -KILL "${server[a]}"
wait "${server[a]}" 2>/dev/null || true
unset 'server[a]'
counts a-pub tftp requests=1 running=0
kill "$dying" 2>/dev/null || true
exec 5>&-
finish
