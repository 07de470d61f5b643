#!/usr/bin/env bash
# The plan of a migration says what is done and what would happen now; its own commands, carried
# out, bring it to the end, and the phones do what it said.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

phones=(SEP001122334455 SEP0011223388A1)
drop=$work/drop
lab_new a 0
lab_new b 1
for phone in "${phones[@]}"; do
	expect 0 --root "$work/a" phone add "$phone" --model 8841
done

plan() {
	expect "$1" plan "${@:2}" --from "$work/a" --to "$work/b" --exchange "$drop"
}
# state WORDS: the state of the step whose text holds them, in the last plan.
state() {
	awk -v words="$1" '/^State: / { state = substr($0, 8) }
		/^What: / && index($0, words) { print state; exit }' "$work/stdout"
}
is_state() {
	[[ $(state "$2") == "$1" ]] || fail "\"$2\" is \"$(state "$2")\", not \"$1\""
}
json() {
	expect 0,5 plan "$1" --from "$work/a" --to "$work/b" --json
	shows_json "$2"
}
# Until the cluster has noted what its phones hold.
match() {
	for ((i = 0; i < 100; i++)); do
		[[ $(of a phone list --json | grep -c '"Match"') -ge ${#phones[@]} ]] && return
		sleep 0.1
	done
	fail 'the phones do not match'
}

expect 2 plan teleport --from "$work/a" --to "$work/b"
expect 2 plan bulk --from "$work/a"
expect 3 plan bulk --from "$work/a" --to "$work/nowhere"

plan 0 bulk
is_state 'to do' 'All services of a run'
lab_serve a
lab_serve b
for phone in "${phones[@]}"; do
	boots 0 "$phone" a --model 8841
done
match

# ---- bulk certificates ----

plan 0 bulk
shows '0 phones would follow, 2 be locked'
is_state 'done' 'All services of a run'
is_state 'to do' 'Add to B the 2 of 2 phones'
is_state 'done' 'Every phone holds the newest list of A: 2 of 2 do'
is_state 'to do' 'Import on A'
is_state 'to do' 'Restart TVS'
for phone in "${phones[@]}"; do
	expect 0 --root "$work/b" phone add "$phone" --model 8841
done
# What it says is to be done, as it says it, up to the move.
mkdir "$work/bin"
ln -s "$TRUSTLIST" "$work/bin/trustlist"
PATH=$work/bin:$PATH
plan 0 bulk
is_state 'done' 'B knows all 2 phones'
mapfile -t line < <(awk '/^State: / { todo = $0 == "State: to do" }
	/^Command: trustlist / && todo && /bulk|service restart/ { sub(/^Command: /, ""); print }' "$work/stdout")
((${#line[@]} == 5)) || fail "${#line[@]} commands, not five"
for one in "${line[@]}"; do
	run bash -c "$one"
	((status == 0)) || fail "$one: exit status $status: $(cat "$work/stderr")"
done
plan 0 bulk
shows '2 phones would follow, 0 be locked'
is_state 'done' 'Import on A'
is_state 'done' 'Restart TVS'
cp -r "$work/phones" "$work/kept"
for phone in "${phones[@]}"; do
	boots 0 "$phone" b
done
rm -rf "$work/phones"
mv "$work/kept" "$work/phones"

# ---- rollback ----

plan 0 rollback
is_state 'to do' 'Set Prepare Cluster for Rollback'
expect 0 --root "$work/a" param set 'Prepare Cluster for Rollback to pre 8.0' True
plan 0 rollback
is_state 'done' 'Set Prepare Cluster for Rollback'
is_state 'to do' 'Restart TVS, TFTP and CallManager'
expect 0 --root "$work/a" service restart TVS TFTP CallManager
plan 0 rollback
is_state 'done' 'Restart TVS, TFTP and CallManager'
is_state 'to do' 'wait until all hold the emptied list: 0 of 2 do'
for phone in "${phones[@]}"; do
	boots 0 "$phone" a
done
match
plan 0 rollback
is_state 'done' 'wait until all hold the emptied list: 2 of 2 do'
json rollback '"would_follow":2'
# The two exclude each other.
plan 0 bulk
is_state 'to do' 'Prepare Cluster for Rollback to pre 8.0 is False'

# ---- what cannot work ----

expect 0 --root "$work/a" param set 'Prepare Cluster for Rollback to pre 8.0' False --restart
expect 0 --root "$work/a" ctl set-mode mixed-mode --restart --yes
plan 5 rollback
says 'has a CTL'
says 'another method: bulk or tokens'
json rollback '"obstacles":['
plan 0 tokens
# No token signed it.
is_state 'to do' 'a is in mixed mode, with a CTL that tokens signed'
is_state 'to do' "A token of A's CTL signs the CTL of B"
# What non-secure mode leaves of a CTL is blank, and no phone holds the other.
expect 0 --root "$work/a" ctl set-mode non-secure-mode --restart --yes
plan 0 rollback
lab_stop a
lab_stop b
finish
