#!/usr/bin/env bash
# A cluster of two nodes: each has its own certificates and ITL, phones are told of both TVS, and when
# one is stopped they ask the other.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

phone=SEP001122334455
lab_new a 0 --release 11.5
address[sub]=$(lab_address 1)
expect 0 --root "$work/a" cluster add-node a-sub "${address[sub]}" --restart
expect 0 --root "$work/a" phone add "$phone" --model 7975
lab_serve a
boots 0 "$phone" a --model 7975
for node in "${address[a]}" "${address[sub]}"; do
	grep -q "<address>$node</address>" "$work/phones/$phone/$phone.cnf.xml" ||
		fail "the configuration names no TVS at $node"
done

# Each node's list has its own CallManager certificate and the TVS certificates of both.
for node in a-pub a-sub; do
	expect 0 --root "$work/a" show itl --node "$node" --json
	[[ $(grep -c '"function": "TVS"' "$work/stdout") == 2 ]] || fail "$node: not two TVS records"
	expect 0 --root "$work/a" itl verify --node "$node"
	of a cert export CallManager --node "$node" >"$work/$node.pem"
done
cmp -s "$work/a-pub.pem" "$work/a-sub.pem" && fail 'both nodes have one certificate'
boots 0 SEP0011223388A1 sub --model 8861

# The new signer of the publisher's list is unknown; its TVS is down; the subscriber's vouches.
expect 0 --root "$work/a" cert regenerate CallManager --restart
expect 0 --root "$work/a" service stop TVS --node a-pub
boots 0 "$phone" a --json
shows_json '"reason":"tvs-vouches"'
shows_json "${address[sub]}"
lab_stop a
finish
