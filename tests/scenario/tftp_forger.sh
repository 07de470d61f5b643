#!/usr/bin/env bash
# Somebody who forges packets, and sees no answers, against the running server.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

lab_new a 0
lab_serve a
((failed == 0)) || exit 1
run timeout 240 python3 "$here/../hostile/tftp_forger.py" "${address[a]}" 6969 \
	"$work/a/tftp"
cat "$work/stdout"
((status == 0)) || fail "exit status $status: $(tail -n 5 "$work/stderr")"
lab_stop a
finish
