#!/usr/bin/env bash
# CAPF's certificate is regenerated.  As long as the old one stays in the trust stores, LSCs it
# signed prove who a phone is; without it they are worth nothing, and a phone needs another way.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"
# shellcheck source=tests/scenario/capf.sh
. "$here/capf.sh"

kept=SEP001122334401 # renews while the old certificate is still trusted
late=SEP001122334402 # does not
issued='AUTH KEY:rsa:2048 STORE END:1'

# by_lsc PATTERN PHONE
by_lsc() {
	talks "$1" "$2" --show "$work/phones/$2/lsc.pem" --with "$work/phones/$2/key.pem"
}

# is_by PHONE CAPF: the LSC it holds was signed by that one.
is_by() {
	openssl verify -CAfile "$work/$2.pem" "$work/phones/$1/lsc.pem" >/dev/null 2>&1 ||
		fail "the LSC of $1 is not by the $2 CAPF"
}

# drop STORE: the old certificate leaves it.
drop() {
	expect 0 --root "$work/a" cert delete --store "$1" "$(
		openssl x509 -in "$work/old.pem" -noout -subject -nameopt multiline |
			sed -n 's/^ *commonName *= //p'
	)" --yes
}

lab_new a 0
for each in "$kept" "$late"; do
	add_phone "$each" 8861
	order "$each" install --auth null
done
of a cert export CAPF >"$work/old.pem"
lab_serve a
for each in "$kept" "$late"; do
	talks "$issued" "$each"
	is_by "$each" old
done
account "$kept" '' --stale

# Until the service restarts it works with what it loaded.
expect 0 --root "$work/a" cert regenerate CAPF --yes
of a cert export CAPF >"$work/new.pem"
cmp -s "$work/old.pem" "$work/new.pem" && fail 'nothing was regenerated'
order "$kept" install --auth lsc
by_lsc "$issued" "$kept"
is_by "$kept" old
account "$kept" 'replaced held' --stale # it is an LSC of yesterday already
account "$late" held --stale

expect 0 --root "$work/a" service restart CAPF
order "$kept" install --auth lsc
by_lsc "$issued" "$kept"
is_by "$kept" new
order "$kept" install --auth lsc
by_lsc "$issued" "$kept"
account "$late" held --stale

# CAPF-trust is felt at once, without a restart.
drop CAPF-trust
drop CallManager-trust
order "$late" install --auth lsc
by_lsc 'AUTH END:7' "$late"
stands "$late" status_text 'Upgrade Failed: Invalid LSC'
stands "$late" operation install
account "$late" held --stale
order "$kept" install --auth lsc # that of the new CAPF is as good as ever
by_lsc "$issued" "$kept"

order "$late" install --auth null
talks "$issued" "$late"
is_by "$late" new
order "$late" install --auth lsc
by_lsc "$issued" "$late"
[[ " $(lscs "$late" --stale) " != *' held '* ]] || fail "$late is stale with a new LSC"
lab_stop a
finish
