#!/usr/bin/env bash
# A virtual phone that stays registered boots by itself: when it is reset, and when CallManager is
# restarted - so that it follows the parameter for a rollback there and back without being told.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

phone=SEP001122334455
rollback='Prepare Cluster for Rollback to pre 8.0'

# stays NAME [OPTION...]: what it says goes to $work/NAME; its process is $stayer.
stays() {
	"$TRUSTLIST" vphone boot "$phone" --tftp "${address[a]}:$port" --memory "$work/phones/$phone" \
		--model 7975 --report "$work/a" --stay "${@:2}" >"$work/$1" 2>"$work/$1.err" &
	stayer=$!
}

# left STATUS NAME: it has ended by itself, with that exit status.
left() {
	local status=0 i
	for ((i = 0; i < 300; i++)); do
		kill -0 "$stayer" 2>/dev/null || break
		sleep 0.1
	done
	kill -KILL "$stayer" 2>/dev/null && fail "$2 did not end"
	wait "$stayer" || status=$?
	((status == $1)) || fail "$2 ended with $status, not $1: $(cat "$work/$2.err")"
}

# until_it TEXT FILE: waits for that in what the phone says.
until_it() {
	local i
	for ((i = 0; i < 300; i++)); do
		grep -qF -- "$1" "$work/$2" && return
		sleep 0.1
	done
	fail "the phone never said: $1: $(cat "$work/$2.err")"
}

# becomes STATUS: phone list says so of it.
becomes() {
	local i
	for ((i = 0; i < 100; i++)); do
		run of a phone list --json
		tr -d ' \n' <"$work/stdout" | grep -qF "\"itl_status\":\"${1// /}\"" && return
		sleep 0.1
	done
	fail "the phone is not $1: $(grep itl_ "$work/stdout")"
}

lab_new a 0
expect 0 --root "$work/a" phone add "$phone" --model 7975
expect 2 vphone boot "$phone" --tftp "${address[a]}" --memory "$work/phones/x" --stay
says '--stay needs --report'
expect 2 vphone boot "$phone" --tftp "${address[a]}" --memory "$work/phones/x" --boots 3
says '--boots is for --stay'
lab_serve a

stays all --boots 4 --json
until_it '"boot": 1' all
becomes Match
grep -q '"boot": 2' "$work/all" && fail 'it booted again without a reason'
expect 0 --root "$work/a" phone reset "$phone"
shows 'vphone boot --stay'
until_it '"boot": 2' all

# The emptied list is served, and the phone holds the old one until CallManager restarts.
expect 0 --root "$work/a" param set "$rollback" true
expect 0 --root "$work/a" service restart TVS TFTP
becomes Mismatch
grep -q '"boot": 3' "$work/all" && fail 'it booted before CallManager restarted'
expect 0 --root "$work/a" service restart CallManager
until_it '"boot": 3' all
becomes Match
expect 0 --root "$work/a" param set "$rollback" false --restart
left 0 all
becomes Match
tr -d ' \n' <"$work/all" >"$work/said"
for text in '"boot":1,"because":"switched-on"' '"boot":2,"because":"reset"' \
	'"boot":3,"because":"callmanager-restarted"' '"boot":4,"because":"callmanager-restarted"' \
	'"registered_with":"a-pub","boots":4'; do
	grep -qF -- "$text" "$work/said" || fail "not said: $text"
done

# Servers that come back are a new start of CallManager too; and it goes when it is told to.
stays more
until_it 'Boot: 1' more
lab_stop a
lab_serve a
until_it 'Because: callmanager-restarted' more
kill "$stayer"
left 0 more
tail -n 1 "$work/more" | grep -qF 'registered with a-pub, booted 2 times' ||
	fail "$(tail -n 1 "$work/more")"

# What the last boot refused is its exit status.
expect 0 --root "$work/a" phone delete "$phone"
stays refused --boots 1 --tamper "ITL$phone.tlv"
left 5 refused
lab_stop a
finish
