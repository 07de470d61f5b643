#!/usr/bin/env bash
# Every MUST and SHOULD of the RFCs on TFTP, from outside, against the running server.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

lab_new a 0
# On all addresses, for one of the checks is a broadcast; so the port must be nobody else's.
port=$((20000 + $$ % 10000))
sed -i "/^\[tftp\]/,/^\[/ s/^port = .*/port = $port\naddress = 0.0.0.0/" "$work/a/trustlist.conf"
lab_serve a
((failed == 0)) || exit 1
run timeout 240 python3 "$here/../hostile/tftp_conformance.py" "${address[a]}" "$port" \
	"$work/a/tftp"
cat "$work/stdout"
((status == 0)) || fail "exit status $status: $(tail -n 5 "$work/stderr")"
lab_stop a
finish
