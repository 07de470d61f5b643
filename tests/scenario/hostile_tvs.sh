#!/usr/bin/env bash
# Ten thousand hostile connections to TVS leave it answering, with the descriptors and the memory
# that it had, and it ends as it should.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

connections=${HOSTILE_CONNECTIONS:-10000}
tvs_port=2445

lab_new a 0
lab_serve a
of a cert export CallManager >"$work/callmanager.pem"
run timeout 120 python3 "$here/../hostile/tvs_hostile.py" "${address[a]}" "$tvs_port" \
	"${server[a]}" "$work/callmanager.pem" "$connections"
((status == 0)) || fail "hostile peers: exit status $status: $(tail -n 5 "$work/stderr")"
cat "$work/stdout"

# The log says what happened, and nobody fills a disk with it.
lines=$(wc -l <"$work/a.log")
((lines < connections)) || fail "$lines lines of log for $connections connections"
grep -q ' handshake-failed ' "$work/a.log" || fail 'the log knows of no failed handshake'
lab_stop a
finish
