#!/usr/bin/env bash
# Other people's TFTP clients fetch files of every size that matters, over IPv4 and IPv6.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

lab_new four 0
expect 0 --root "$work/six" cluster init --name six --address ::1
for cluster in four six; do
	lab_serve "$cluster"
done
for pair in "four ${address[four]}" 'six ::1'; do
	read -r cluster at <<<"$pair"
	run bash "$here/../support/tftp_clients.sh" "$at" "$port" "$work/$cluster/tftp"
	((status == 0)) || fail "$at: $(cat "$work/stderr")"
done
# A phone finds its way there too.
expect 0 vphone boot SEP001122334455 --tftp "[::1]:$port" --memory "$work/phones/six" --model 8861
# Writing is refused, and leaves nothing.
printf 'x' >"$work/upload"
run curl -s -T "$work/upload" "tftp://${address[four]}:$port/upload"
((status != 0)) || fail 'a write request was taken'
[[ ! -e $work/four/tftp/upload ]] || fail 'a write request wrote'
lab_stop four
lab_stop six
finish
