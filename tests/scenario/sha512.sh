#!/usr/bin/env bash
# TFTP File Signature Algorithm SHA-512 with phones in the fleet that can check SHA-1 alone: they
# refuse their configuration, by name, and the others follow.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

algorithm='TFTP File Signature Algorithm'
old=(SEP001122334475:7975 SEP001122339971:9971 SEP001122338945:8945)
new=(SEP001122338861:8861 SEP001122337841:7841)

# follows PHONE: it holds another configuration than in the beginning.
follows() {
	cmp -s "$work/$1.before" "$work/phones/$1/$1.cnf.xml" || return 0
	fail "$1 has not got its new configuration"
}

lab_new a 0
for phone in "${old[@]}" "${new[@]}" SEP001122337960:7960; do
	expect 0 --root "$work/a" phone add "${phone%:*}" --model "${phone#*:}"
done
lab_serve a
for phone in "${old[@]}" "${new[@]}"; do
	boots 0 "${phone%:*}" a --model "${phone#*:}"
	cp "$work/phones/${phone%:*}/${phone%:*}.cnf.xml" "$work/${phone%:*}.before"
done

# It is said before it happens, and looking changes nothing.
expect 0 --root "$work/a" param set "$algorithm" SHA-512 --dry-run --json
shows_json '"changed":false'
shows_json '"phones_refusing":["SEP001122334475","SEP001122338945","SEP001122339971"]'
expect 0 --root "$work/a" param get "$algorithm" --json
shows_json '"value":"SHA-1"'
expect 0 --root "$work/a" param set "$algorithm" SHA-512
shows '3 of 6 phones can check SHA-1 alone'
shows 'SEP001122334475 (7975), SEP001122338945 (8945), SEP001122339971 (9971)'

# As long as TFTP has not restarted, nobody feels it.
boots 0 SEP001122334475 a
expect 0 --root "$work/a" service restart TFTP

for phone in "${old[@]}"; do
	name=${phone%:*}
	expect 0 --root "$work/a" phone set "$name" --description 'seen by nobody'
	boots 5 "$name" a --json
	shows_json '"outcome":"refused"'
	same "$work/$name.before" "$work/phones/$name/$name.cnf.xml"
done
for phone in "${new[@]}"; do
	name=${phone%:*}
	expect 0 --root "$work/a" phone set "$name" --description 'seen by the new ones'
	boots 0 "$name" a
	follows "$name"
done
# It knows no signatures, so it does not mind.
boots 0 SEP001122337960 a --model 7960

# Nobody is locked: set back, they follow.
expect 0 --root "$work/a" param set "$algorithm" SHA-1 --restart
for phone in "${old[@]}"; do
	boots 0 "${phone%:*}" a
	follows "${phone%:*}"
done

lab_stop a
finish
