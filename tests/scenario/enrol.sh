#!/usr/bin/env bash
# Virtual phones get their certificates from CAPF: by themselves when their configuration says so, or
# by a hand at the phone; proved by nothing, by a string, by the LSC they have, by their MIC.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

phone=SEP0011223388A1
bare=SEP00112233AA02 # never had an LSC
lsc=$work/phones/$phone/lsc.pem
ca=$work/maker.pem

# order PHONE OPERATION [OPTION...]
order() {
	expect 0 --root "$work/a" capf schedule "$1" --operation "${@:2}"
}

# enrolls STATUS PHONE [OPTION...]
enrolls() {
	expect "$1" vphone enroll "$2" --memory "$work/phones/$2" "${@:3}"
}

# status_is WORDS PHONE: as CUCM shows it.
status_is() {
	expect 0 --root "$work/a" capf show "$2"
	shows "Certificate Operation Status: $1"
}

# key_is TEXT: the public key in the phone's LSC is one, and its private half lies beside it.
key_is() {
	openssl x509 -in "$lsc" -noout -text | grep -qF -- "$1" || fail "the LSC's key is no $1"
	openssl x509 -in "$lsc" -noout -pubkey >"$work/of-cert"
	openssl pkey -in "$lsc" -pubout >"$work/of-key"
	same "$work/of-cert" "$work/of-key"
}

lab_new a 0 --release 12.5
lab_new b 1 --release 12.5
expect 0 --root "$work/a" phone add "$phone" --model 8861
expect 0 --root "$work/a" phone add "$bare" --model 8861
expect 0 --root "$work/b" phone add "$phone" --model 8861
lab_serve a
lab_serve b

# Nothing is ordered: a boot calls nobody, and who calls all the same is told so.
boots 0 "$phone" a --model 8861 --json
shows_json '"capf":[]'
enrolls 3 "$phone"
says 'its configuration wants nothing of CAPF'
enrolls 5 "$phone" --auth null --json
shows_json '"reason":0,"reason_text":"nothingscheduled"'
enrolls 5 SEP00DEADBEEF01 --capf "${address[a]}" --auth null --json
shows_json '"reason":9,"reason_text":"unknowndevice"'

# A phone whose configuration says so enrols in its boot.
order "$phone" install --key rsa:2048
boots 0 "$phone" a --json
shows_json "\"capf\":[{\"server\":\"${address[a]}:3804\",\"capf_in_lists\":true,\"auth\":\"null\""
shows_json '"asked":["KEY_REQUESTRSA2048:done","STORE_REQUEST:done"]'
shows_json '"result":"done"'
shows 'LSC: Installed'
key_is 'Public-Key: (2048 bit)'
of a capf lsc export "$phone" >"$work/issued.pem"
openssl x509 -in "$lsc" >"$work/held.pem"
same "$work/issued.pem" "$work/held.pem"
[[ $(stat -c %a "$lsc") == 600 ]] || fail "others can read the phone's key"
status_is 'Upgrade Success' "$phone"
boots 0 "$phone" a --json
shows_json '"capf":[]'
expect 0 vphone show --memory "$work/phones/$phone"
shows "CN=CP-8861-$phone"
shows 'CN=CAPF-'
expect 0 vphone list --memory "$work/phones"
shows 'LSC expires'

# Another one, proved by the one it has.
order "$phone" install --auth lsc --key ec:256
boots 0 "$phone" a
shows 'It shows its: LSC'
shows 'KEY_REQUEST EC P-256: done'
key_is 'prime256v1'
order "$phone" install --auth lsc --key ec:384
enrolls 0 "$phone" --auth lsc --at-once
key_is 'secp384r1'

# A phone without EC has the backup, or nothing.
order "$phone" install --auth lsc --key ec:256,rsa:2048
enrolls 0 "$phone" --auth lsc --no-ec
shows 'KEY_REQUEST EC P-256: declined, it makes RSA keys only'
key_is 'Public-Key: (2048 bit)'
cp "$lsc" "$work/before.pem"
order "$phone" install --auth lsc --key ec:256
enrolls 5 "$phone" --auth lsc --no-ec
says 'it makes RSA keys only'
same "$lsc" "$work/before.pem"

# What it has is shown.
order "$phone" troubleshoot --auth null
enrolls 0 "$phone" --auth null --json
shows_json '"asked":["FETCH_REQUESTLSC:done"]'
status_is 'Troubleshoot Success' "$phone"

# Another cluster's CAPF is none that its list names.
enrolls 5 "$phone" --capf "${address[b]}" --auth null --json
shows_json '"result":"wrong-certificate"'
says 'is none of the CAPF in the phone'

# A string that somebody has to type.
printf '13579\n' >"$work/string"
printf '24680\n' >"$work/wrong"
order "$phone" delete --auth string --auth-string-file "$work/string"
boots 0 "$phone" a
shows 'LSC: authentication string needed'
shows 'LSC operation: needs-string'
enrolls 3 "$phone"
enrolls 5 "$phone" --auth-string-file "$work/wrong"
shows 'END_SESSION: 7, declined'
status_is 'Delete Failed: Invalid Authentication String' "$phone"
boots 0 "$phone" a --auth-string-file "$work/string"
shows 'DELETE_REQUEST: done'
shows 'LSC: Not Installed'
[[ ! -e $lsc ]] || fail "the LSC is still there"
order "$phone" install --auth string --auth-string-file "$work/string" --key rsa:2048
enrolls 0 "$phone" --auth string --auth-string-file - <"$work/string"
status_is 'Upgrade Success' "$phone"
enrolls 2 "$phone" --auth nonsense
enrolls 3 "$phone" --auth-string-file "$work/none.txt"
boots 2 "$phone" a --stay --report "$work/a" --auth-string-file - <"$work/string"
printf 'twelve\n' >"$work/wrong"
enrolls 2 "$phone" --auth-string-file "$work/wrong"

# A MIC proves who it is once CAPF knows who made the phone.
order "$bare" install --auth mic --key rsa:2048
boots 0 "$bare" a --model 8861
shows 'it has neither an LSC nor a MIC to show'
expect 0 vphone manufacture "$bare" --memory "$work/phones/$bare" --ca "$ca"
shows "$ca is new"
shows "trustlist cert upload --store CAPF-trust $ca.crt"
[[ $(stat -c %a "$ca") == 600 ]] || fail "others can read the maker's key"
! grep -q 'PRIVATE KEY' "$ca.crt" || fail "the maker's key is where its certificate is"
boots 0 "$bare" a
shows 'LSC operation: declined'
status_is 'Upgrade Failed: Invalid MIC' "$bare"
expect 0 --root "$work/a" cert upload --store CAPF-trust "$ca.crt"
boots 0 "$bare" a
shows 'It shows its: MIC'
shows 'LSC: Installed'
order "$bare" troubleshoot --auth null
enrolls 0 "$bare" --auth null --show mic
shows 'CN=Lab Manufacturing CA SHA2'

# With an EC key, and one that has run out.
order "$bare" install --auth mic --key rsa:2048
expect 0 vphone manufacture "$bare" --memory "$work/phones/$bare" --ca "$ca" --key ec:256 --json
shows_json '"ca_made":false'
enrolls 0 "$bare" --auth mic
order "$bare" install --auth mic --key rsa:2048
expect 0 vphone manufacture "$bare" --memory "$work/phones/$bare" --ca "$ca" --not-after 2024-01-01
openssl x509 -in "$work/phones/$bare/mic.pem" -noout -checkend 0 >"$work/stdout" &&
	fail "the MIC has not run out"
enrolls 5 "$bare" --auth mic
status_is 'Upgrade Failed: Invalid MIC' "$bare"
expect 2 vphone manufacture "$bare" --memory "$work/phones/$bare" --ca "$ca" --not-after yesterday
expect 2 vphone manufacture "$bare" --memory "$work/phones/$bare" --ca "$ca" --key dsa:1024
expect 2 vphone manufacture "$bare" --memory "$work/phones/$bare" --ca "$lsc"
enrolls 1 "$bare" --capf 127.0.0.1:1 --auth null
expect 2 vphone manufacture CSFJDOE --memory "$work/phones/CSFJDOE" --ca "$ca"

# A hand at the phone erases all of it but what the factory gave.
expect 0 vphone erase --memory "$work/phones/$bare" --lsc --json
shows_json '"had_lsc":true'
[[ -e $work/phones/$bare/mic.pem && ! -e $work/phones/$bare/lsc.pem ]] ||
	fail "erased is not what it should be"

lab_stop a
enrolls 1 "$phone" --capf "${address[a]}" --auth null --json
shows_json '"result":"unreachable"'
lab_stop b
finish
