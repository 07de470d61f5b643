#!/usr/bin/env bash
# Certificates regenerated in the right and in the wrong order: who follows, who asks TVS, who is
# locked - said before it is done, and then seen.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

phone=SEP001122334455 # on
off=SEP001122334466   # switched off during the change
phones=("$phone" "$off")

# regenerate STATUS CLUSTER NAME [OPTION...]
regenerate() {
	expect "$1" --root "$work/$2" cert regenerate "$3" "${@:4}"
}

restart() {
	expect 0 --root "$work/$1" service restart
}

# A cluster of this release whose two phones have booted.
begin() {
	local each
	lab_new "$1" "$2" --release "$3"
	for each in "${phones[@]}"; do
		expect 0 --root "$work/$1" phone add "$each" --model 7975
	done
	rm -rf "$work/phones"
	lab_serve "$1"
	for each in "${phones[@]}"; do
		boots 0 "$each" "$1" --model 7975
		knows "$1" "$each" Match
	done
}

# knows CLUSTER PHONE STATUS: what the cluster thinks the phone holds.  It is told with the next
# write of the trail, so it may take a moment.
knows() {
	local i
	for ((i = 0; i < 100; i++)); do
		expect 0 --root "$work/$1" phone show "$2"
		grep -qxF "ITL File Status: $3" "$work/stdout" && return
		sleep 0.1
	done
	fail "$2 is not $3: $(grep 'ITL File Status' "$work/stdout")"
}

# 11.5: the CallManager key signs the ITL.  CallManager and TVS together: nobody knows the new signer,
# and nobody trusts the TVS that could vouch for it.
begin a 0 11.5
regenerate 0 a CallManager --dry-run
shows 'follow after asking TVS'
regenerate 0 a CallManager
regenerate 4 a TVS
says '2 phones would be locked'
regenerate 0 a TVS --yes
restart a
for each in "${phones[@]}"; do
	boots 5 "$each" a
	shows 'Trust List update failed'
done
boots 5 "$phone" a --json
shows_json '"reason":"tvs-unreachable"'
knows a "$phone" Mismatch
lab_stop a

# 11.5, in the right order: TVS, wait, CallManager, wait.  The phone that was switched off throughout
# has missed both and is locked when it comes back.
begin b 1 11.5
regenerate 0 b TVS --restart
boots 0 "$phone" b
knows b "$phone" Match
regenerate 4 b CallManager
says "1 phone would be locked; $off"
regenerate 0 b CallManager --restart --yes
boots 0 "$phone" b --json
shows_json '"reason":"tvs-vouches"'
boots 5 "$off" b
knows b "$phone" Match
lab_stop b

# 12.5: ITLRecovery signs.  The same wrong step, and the same absence, do no harm.
begin c 2 12.5
regenerate 0 c CallManager
regenerate 0 c TVS
restart c
for each in "${phones[@]}"; do
	boots 0 "$each" c
	knows c "$each" Match
done
# But ITLRecovery and TVS together lock them out,
regenerate 0 c ITLRecovery
# (as does taking the new one from where TVS has its role from)
delete() {
	expect "$1" --root "$work/c" cert delete --store Phone-SAST-trust ITLRECOVERY_c-pub "${@:2}"
}
delete 4
says '2 phones would be locked'
shows "the cluster's own ITLRecovery certificate"
delete 0 --dry-run
shows '0 follow after asking TVS, 2 locked'
regenerate 4 c TVS
regenerate 0 c TVS --yes
restart c
for each in "${phones[@]}"; do
	boots 5 "$each" c
done
# and the CallManager key, which they know, brings them back.
expect 0 --root "$work/c" utils itl reset localkey
shows 'The reset ITL file was generated successfully'
shows 'Successfully transferred reset ITL to node c-pub'
for each in "${phones[@]}"; do
	boots 0 "$each" c
	knows c "$each" Match
done
expect 0 --root "$work/c" show itl
shows 'CN=c-pub;'
expect 0 --root "$work/c" service restart TFTP
boots 0 "$phone" c
shows 'Trust List updated'
expect 0 --root "$work/c" itl show --json
shows_json '"signer":"CN=ITLRECOVERY_c-pub;'
knows c "$phone" Match
lab_stop c
finish
