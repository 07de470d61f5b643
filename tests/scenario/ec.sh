#!/usr/bin/env bash
# Endpoint Advanced Encryption Algorithms Support: phones that know EC get a list with signer version
# 1.1 when they ask for theirs, after TFTP has restarted; all others get the list as it always was.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

option='Endpoint Advanced Encryption Algorithms Support'
old=SEP001122334475 new=SEP001122338861

# list_of PHONE: what the list that it holds says.
list_of() {
	expect 0 file inspect "$work/phones/$1/ITLFile.tlv"
}

# plain PHONE: its list is one without signer version.
plain() {
	list_of "$1"
	! grep -q SIGNERVERSION "$work/stdout" || fail "the list of $1 has a signer version"
}

# advanced PHONE: its list has signer version 1.1.
advanced() {
	list_of "$1"
	grep -qE '28[[:space:]]+SIGNERVERSION[[:space:]]+2[[:space:]]+1\.1' "$work/stdout" ||
		fail "the list of $1 has no signer version 1.1"
}

# holds_served PHONE NUMBER: the cluster says so, once the server has noted what the phone fetched.
holds_served() {
	local i
	for ((i = 0; i < 100; i++)); do
		run "$TRUSTLIST" --root "$work/a" phone show "$1"
		grep -qF "holds ITL number $2, which is served" "$work/stdout" && return
		sleep 0.1
	done
	fail "$1: $(grep 'ITL' "$work/stdout")"
}

lab_new a 0
expect 0 --root "$work/a" phone add "$old" --model 7975
expect 0 --root "$work/a" phone add "$new" --model 8861
lab_serve a
boots 0 "$old" a --model 7975
boots 0 "$new" a --model 8861
plain "$old"
plain "$new"

expect 0 --root "$work/a" param set "$option" True
boots 0 "$new" a
plain "$new"
expect 0 --root "$work/a" service restart TFTP
boots 0 "$new" a
shows 'signer version 1.1, so it may use EC'
advanced "$new"
boots 0 "$old" a
plain "$old"

# Both hold the node's list, and it is the second of its history.
for phone in "$old" "$new"; do
	holds_served "$phone" 2
done
expect 0 --root "$work/a" itl history --json
shows_json '"number":2'

# Cisco's samples have no signer version, and neither has what is served to anybody.
run curl -s -o "$work/ITLFile.tlv" "tftp://${address[a]}:$port/ITLFile.tlv"
[[ $status -eq 0 ]] || fail "curl: exit status $status"
same "$work/ITLFile.tlv" "$work/phones/$old/ITLFile.tlv"

expect 0 --root "$work/a" param set "$option" False --restart
boots 0 "$new" a
plain "$new"

lab_stop a
finish
