#!/usr/bin/env bash
# The parameter "Prepare Cluster for Rollback to pre 8.0": nothing is served differently until the
# services restart; then phones take the emptied ITL, and with it anybody's list and unsigned files.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

lab_new a 0
lab_new b 1
moves=SEP001122334455 # goes to b after rollback
stays=SEP001122334466 # was switched off during it
for cluster in a b; do
	expect 0 --root "$work/$cluster" phone add "$moves" --model 7975
	expect 0 --root "$work/$cluster" phone add "$stays" --model 7975
	lab_serve "$cluster"
done

fetch_itl() {
	curl -s "tftp://${address[$1]}:$port/ITLSEP001122334455.tlv" -o "$2"
}

boots 0 "$moves" a --model 7975
boots 0 "$stays" a --model 7975

# Without rollback another cluster's list is refused.
boots 5 "$moves" b
shows 'Trust List update failed'
boots 0 "$moves" a

fetch_itl a "$work/itl.before"
expect 0 --root "$work/a" param set "Prepare Cluster for Rollback to pre 8.0" true
shows 'TVS TFTP CallManager'
fetch_itl a "$work/itl.set"
same "$work/itl.before" "$work/itl.set"
expect 0 --root "$work/a" service list --json
shows_json '"restart_needed":true'
# Set but not restarted: nobody has the emptied list, and everybody is locked out of b.
boots 0 "$moves" a
boots 5 "$moves" b

expect 0 --root "$work/a" service restart TVS TFTP CallManager
fetch_itl a "$work/itl.empty"
cmp -s "$work/itl.before" "$work/itl.empty" && fail 'the restart served the old list'
of a cert export ITLRecovery >"$work/recovery.pem"
expect 0 file verify "$work/itl.empty" --with "$work/recovery.pem"
boots 0 "$moves" a
shows 'Trust List updated'

# Now it takes what is not signed at all, and the list of a cluster it never saw.
printf '<device><note>unsigned</note></device>' >"$work/a/tftp/$moves.cnf.xml"
boots 0 "$moves" a --json
shows_json "\"file\":\"$moves.cnf.xml\""
boots 0 "$moves" b
boots 0 "$moves" b --json
shows_json '"reason":"signer-in-itl"'
# It is b's phone now, and a's lists are strange to it.
boots 5 "$moves" a
# The one that was switched off meanwhile still holds the full list.
boots 5 "$stays" b
expect 0 vphone erase --memory "$work/phones/$stays"
boots 0 "$stays" b

# Back again: the list is the one before, but for its time.
expect 0 --root "$work/a" param set rollbacktopregrayback false --restart
expect 0 --root "$work/a" itl diff 1
shows 'no difference'
lab_stop a
lab_stop b
finish
