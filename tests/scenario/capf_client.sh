#!/usr/bin/env bash
# Phones of other people's making get certificates from CAPF: every kind of key, every way of talking,
# strings, orders of all kinds, mistakes; and what they get is what openssl expects.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"
# shellcheck source=tests/scenario/capf.sh
. "$here/capf.sh"

one=SEP001122334401  # installs of every kind
two=SEP001122334402  # strings
four=SEP001122334404 # mistakes
late=SEP001122334405
soft=CSFALICE
capf_days=400 # of validity, as CAPF has loaded it
issued='AUTH KEY:rsa:2048 STORE END:1'

every_kind_of_key() {
	local kind
	for kind in rsa:1024 ec:256 ec:384 ec:521 rsa:2048; do
		order "$one" install --auth null --key "$kind"
		stands "$one" status_text 'Operation Pending'
		talks "AUTH KEY:$kind STORE END:1" "$one"
		lsc_is_good "$one" "CP-8861-$one"
	done
	account "$one" 'replaced replaced replaced replaced held'
	talks 'AUTH END:7' "$one" # it has it already
}

soft_phones_too() {
	order "$soft" install --auth null
	talks "$issued" "$soft" --jabber
	lsc_is_good "$soft" "$soft"
}

every_way_of_talking() {
	local way
	for way in '--at-once' '--progress 5' '--write split' '--write joined' '--jabber' \
		'--version 2' '--tls 1.0' '--tls 1.2' '--tls 1.3'; do
		order "$one" install --auth null
		# shellcheck disable=SC2086 # words
		talks "$issued" "$one" --reuse $way
		lsc_is_good "$one" "CP-8861-$one"
	done
	run python3 "$support/capf_client.py" "${address[a]}" "$capf_port" "$one" --times 5
	((status == 0)) || fail "sessions: $(cat "$work/stderr")"
}

# ---- strings ----

strings() {
	local i
	order_by_string "$two" install 12345678 --key ec:256
	talks 'AUTH END:7' "$two" --password 87654321
	stands "$two" status_text 'Upgrade Failed: Invalid Authentication String'
	stands "$two" operation install
	talks 'AUTH END:7' "$two" # none at all
	talks 'AUTH END:7' "$two" --jabber
	talks 'AUTH KEY:ec:256 STORE END:1' "$two" --password 12345678
	lsc_is_good "$two" "CP-7975-$two"
	talks 'AUTH END:7' "$two" --password 12345678 # once

	order_by_string "$two" install 0000
	for ((i = 0; i < 10; i++)); do
		talks 'AUTH END:7' "$two" --password 1111
	done
	talks 'AUTH END:7' "$two" --password 0000
	stands "$two" operation install
	account "$two" 'deleted held'
}

unknown_and_idle() {
	talks 'AUTH END:9' SEP00112233FFFF
	talks 'AUTH END:9' CSFNOBODY --jabber
	talks 'AUTH END:0' "$four"
	order "$four" install --auth null
	order "$four" none
	talks 'AUTH END:0' "$four"
}

# ---- keys ----

# refuses_key KIND OPTION...: sent when KIND was ordered.  Nothing is issued.
refuses_key() {
	order "$four" install --auth null --key "$1"
	talks "AUTH KEY:$1 END:7" "$four" "${@:2}"
	stands "$four" status_text 'Upgrade Failed: Key Generation Failed'
	stands "$four" operation install
	account "$four" ''
}

keys_that_do_not_fit() {
	local key=$work/wrong-key der=$work/der
	refuses_key rsa:2048 --key-kind rsa:1024
	refuses_key rsa:2048 --key-kind rsa:3072
	refuses_key rsa:2048 --key-kind ec:256
	refuses_key rsa:2048 --key-kind ed25519
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$key" 2>/dev/null
	openssl rsa -in "$key" -RSAPublicKey_out -outform DER -out "$der" 2>/dev/null # PKCS#1
	refuses_key rsa:2048 --key-file "$der"
	openssl pkey -in "$key" -pubout -outform DER -out "$work/spki"
	{
		cat "$work/spki"
		printf x
	} >"$der"
	refuses_key rsa:2048 --key-file "$der"
	head -c 200 "$work/spki" >"$der"
	refuses_key rsa:2048 --key-file "$der"
	head -c 294 /dev/zero >"$der"
	refuses_key rsa:2048 --key-file "$der"
	: >"$der" # no message that makes sense
	order "$four" install --auth null
	talks 'AUTH KEY:rsa:2048 END:7' "$four" --key-file "$der"
	account "$four" ''
	refuses_key ec:384 --key-kind ec:256
	refuses_key ec:256 --key-kind rsa:2048
}

# A phone that has no key yet is asked again, as often as the parameter says.
keys_declined() {
	order "$four" install --auth null
	talks 'AUTH KEY:rsa:2048 KEY:rsa:2048 KEY:rsa:2048 END:7' "$four" --declines 3
	stands "$four" status_text 'Upgrade Failed: Key Generation Failed'
	account "$four" ''
}

ec_and_old_phones() {
	order "$four" install --auth null --key ec:256
	talks 'AUTH END:7' "$four" --version 2
	stands "$four" status_text 'Upgrade Failed: No Support for EC only in CAPF version 3'
	order "$four" install --auth null --key ec:256,rsa:2048
	talks 'AUTH KEY:rsa:2048 STORE END:1' "$four" --version 2
	order "$four" install --auth null --key ec:384,rsa:2048
	talks 'AUTH KEY:ec:384 STORE END:1' "$four"
	order "$four" install --auth null --key ec:384,rsa:2048
	talks 'AUTH KEY:ec:384 KEY:rsa:2048 STORE END:1' "$four" --declines 1
	account "$four" 'replaced replaced held'
}

# ---- other orders ----

fetch_and_delete() {
	order "$one" troubleshoot --auth null
	talks 'AUTH FETCH END:0' "$one"
	stands "$one" status_text 'Troubleshoot Success'
	stands "$one" operation none
	order "$one" delete --auth null
	talks 'AUTH DELETE END:1' "$one"
	stands "$one" status_text 'Delete Success'
	[[ $(lscs "$one") == *deleted ]] || fail "$one: nothing was deleted: $(lscs "$one")"
	run "$TRUSTLIST" --root "$work/a" capf lsc export "$one"
	((status == 3)) || fail "$one: an LSC is exported after it was deleted: $status"
	talks 'AUTH END:0' "$one"
	order "$one" delete --auth null # it has none any more
	talks 'AUTH DELETE END:1' "$one"
	order "$one" troubleshoot --auth null
	talks 'AUTH FETCH END:0' "$one"
}

# A minute is the least: the order is given first, and the phone comes last.
order_that_gets_late() {
	late_at=$(($(date +%s) / 60 * 60 + 60))
	((late_at - $(date +%s) > 3)) || late_at=$((late_at + 60))
	order "$late" install --auth null --completes-by "$(date -d "@$late_at" '+%Y-%m-%dT%H:%M')"
	stands "$late" status_text 'Operation Pending'
}

late_order() {
	local left=$((late_at + 1 - $(date +%s)))
	((left <= 0)) || sleep "$left"
	talks 'AUTH END:11' "$late"
	stands "$late" status_text 'Upgrade Failed: User Initiated Request Late/Timedout'
	account "$late" ''
}

# ---- mistakes ----

# breaks PATTERN OPTION...: and the order stands as before.
breaks() {
	order "$four" install --auth null
	talks "$1" "$four" "${@:2}"
	stands "$four" operation install
}

mistakes() {
	local before where
	before=$(lscs "$four")
	breaks 'AUTH END:7' --wrong session
	breaks 'AUTH @(END:7|CLOSED)' --wrong protocol
	breaks 'AUTH END:7' --version 4
	breaks 'AUTH END:7' --version 1
	breaks 'AUTH @(END:7|CLOSED)' --extra 05000100     # not a phone's to say
	breaks 'AUTH @(END:7|CLOSED)' --extra 0d000458585800 # a second device name
	breaks 'AUTH @(END:7|CLOSED)' --extra 0d00ff         # overruns
	breaks 'AUTH @(END:7|CLOSED)' --extra 00
	for where in AUTH KEY KEYED; do
		breaks '*LEFT' --leave "$where"
	done
	[[ $(lscs "$four") == "$before"*(\ lost|\ issued) ]] ||
		fail "$four: $before became $(lscs "$four")"
	# Told, but it says no, or nothing: it is not the phone's, and the order stands.
	breaks 'AUTH KEY:rsa:2048 STORE END:*' --reason 7
	breaks '*STORE LEFT' --leave STORE
	[[ $(lscs "$four") == *' lost issued' || $(lscs "$four") == *' lost lost' ]] ||
		fail "$four: after two that were not stored: $(lscs "$four")"
	talks "$issued" "$four"
	lsc_is_good "$four" "CP-7975-$four"
}

stopped_turns_away() {
	order "$four" install --auth null
	expect 0 --root "$work/a" service stop CAPF
	phone "$four"
	((status != 0)) || [[ $said == CLOSED ]] || fail "CAPF is stopped, and said $said"
	expect 0 --root "$work/a" service start CAPF
	talks "$issued" "$four"
}

lab_new a 0
expect 0 --root "$work/a" param set 'Duration Of Certificate Validity' 500
add_phone "$one" 8861
add_phone "$two" 7975
add_phone "$four" 7975
add_phone "$late" 8861
add_phone "$soft" CSF
of a cert export CAPF >"$work/capf.pem"
lab_serve a
order_that_gets_late

# Changed while CAPF runs: felt after its restart.
expect 0 --root "$work/a" param set 'Duration Of Certificate Validity' 400
order "$two" install --auth null
talks "$issued" "$two"
capf_days=500
lsc_is_good "$two" "CP-7975-$two"
capf_days=400
order "$two" delete --auth null
talks 'AUTH DELETE END:1' "$two"
expect 0 --root "$work/a" service restart CAPF

every_kind_of_key
soft_phones_too
every_way_of_talking
strings
unknown_and_idle
keys_that_do_not_fit
keys_declined
ec_and_old_phones
fetch_and_delete
mistakes
stopped_turns_away
late_order
lab_stop a
finish
