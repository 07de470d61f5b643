#!/usr/bin/env bash
# SIGKILL in the middle of `cert regenerate`, again and again, while the cluster serves: the store
# opens, each certificate has its key, and the ITL that is served verifies.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

rounds=${CRASH_ROUNDS:-15}
lab_new a 0
lab_serve a
of a cert export ITLRecovery >"$work/recovery.pem"
killed=0

for ((i = 1; i <= rounds; i++)); do
	"$TRUSTLIST" --root "$work/a" cert regenerate CallManager --restart >/dev/null 2>&1 &
	pid=$!
	# From before the key is made to after the commit.
	sleep "0.$((RANDOM % 90 + 10))"
	if kill -KILL "$pid" 2>/dev/null; then
		killed=$((killed + 1))
	fi
	wait "$pid" 2>/dev/null || true

	expect 0 --root "$work/a" itl verify --number -1
	expect 0 --root "$work/a" cert list --store CallManager --json
	[[ $(grep -c '"has_key": true' "$work/stdout") == 1 ]] ||
		fail "round $i: not one CallManager certificate with its key"
	curl -s "tftp://${address[a]}:$port/ITLFile.tlv" -o "$work/itl"
	expect 0 file verify "$work/itl" --with "$work/recovery.pem"
	curl -s "tftp://${address[a]}:$port/RINGLIST.XML.sgn" -o "$work/ring"
	expect 0 file verify "$work/ring" --with "$work/itl"
done
((killed > 0)) || fail 'no round was killed in time'

# SIGKILL of the server itself leaves a store that serves again.
kill -KILL "${server[a]}"
wait "${server[a]}" 2>/dev/null || true
lab_serve a
boots 0 SEP001122334455 a --model 7975
lab_stop a
finish
