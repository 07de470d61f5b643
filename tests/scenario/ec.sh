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
boots 0 "$new" a --report "$work/a"
advanced "$new"
holds_served "$new" 2
expect 0 --root "$work/a" itl show --ec
shows '1.1'
shows 'CN=a-pub-EC'
expect 0 --root "$work/a" itl show
! grep -q 'CN=a-pub-EC' "$work/stdout" || fail 'the list for everybody names the ECDSA certificate'
expect 0 --root "$work/a" itl verify --ec
expect 1,2,3,4,5 --root "$work/a" itl show --ec --number 1
says 'ITL number 1 was built without a form for phones that know EC'
expect 0 --root "$work/a" itl history --json
shows_json '"number":2'

# Cisco's samples have no signer version, and neither has what is served to anybody.
run curl -s -o "$work/ITLFile.tlv" "tftp://${address[a]}:$port/ITLFile.tlv"
[[ $status -eq 0 ]] || fail "curl: exit status $status"
same "$work/ITLFile.tlv" "$work/phones/$old/ITLFile.tlv"

expect 0 --root "$work/a" param set "$option" False --restart
boots 0 "$new" a
plain "$new"

# ---- HTTPS 6971: the certificate with an EC key ----

https=${address[a]}:6971

# shown OPTION...: whose certificate HTTPS shows to such a client; nothing when it is refused.
shown() {
	openssl s_client -connect "$https" "$@" </dev/null 2>/dev/null | openssl x509 2>/dev/null |
		openssl x509 -noout -subject -nameopt multiline 2>/dev/null |
		sed -n 's/ *commonName *= //p'
}

# shows_to NAME OPTION...: that of this common name.
shows_to() {
	local name
	name=$(shown "${@:2}") || true
	[[ $name == "$1" ]] || fail "HTTPS shows \"$name\", not \"$1\", to ${*:2}"
}
only_ec=(-tls1_2 -sigalgs ECDSA+SHA256 -cipher ECDHE-ECDSA-AES128-GCM-SHA256)
only_ec_1_3=(-tls1_3 -sigalgs ECDSA+SHA384)
only_rsa=(-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256)
old_rsa=(-tls1 -cipher 'AES128-SHA:@SECLEVEL=0')

# refused_with WORDS OPTION...: no handshake, and the log says what to do about it.
refused_with() {
	: >"$work/a.log"
	shows_to '' "${@:2}"
	for ((i = 0; i < 100; i++)); do
		! grep -q 'https .*handshake-failed' "$work/a.log" || break
		sleep 0.1
	done
	grep 'https .*handshake-failed' "$work/a.log" | grep -qF "$1" ||
		fail "the log does not say: $1"
}

turn_on='set the parameter HTTPS Ciphers to'
refused_with "$turn_on" "${only_ec[@]}"
refused_with "$turn_on" "${only_ec_1_3[@]}"
shows_to a-pub "${only_rsa[@]}"
shows_to a-pub "${old_rsa[@]}"
expect 0 --root "$work/a" param set 'HTTPS Ciphers' 'All Supported EC and RSA Ciphers'
shows_to '' "${only_ec[@]}"
expect 0 --root "$work/a" service restart TFTP
shows_to a-pub-EC "${only_ec[@]}"
shows_to a-pub-EC "${only_ec_1_3[@]}"
shows_to a-pub-EC
shows_to a-pub "${only_rsa[@]}"
shows_to a-pub "${old_rsa[@]}"
expect 0 --root "$work/a" doctor
shows 'HTTPS answers'
shows 'HTTPS (tomcat) answers'

# A phone whose list does not name it asks TVS.
of a cert export CallManager-ECDSA >"$work/ec.pem"
expect 0 vphone verify "$new" --memory "$work/phones/$new" --cert "$work/ec.pem"

# As other certificates: replaced, signed by a CA, but never one that signs.
expect 0 --root "$work/a" cert list --store CallManager-ECDSA
shows 'EC'
expect 0 --root "$work/a" show cert list own
shows 'CallManager-ECDSA/CallManager-ECDSA.pem'
expect 0 --root "$work/a" cert regenerate CallManager-ECDSA --restart
of a cert export CallManager-ECDSA >"$work/now.pem"
! cmp -s "$work/ec.pem" "$work/now.pem" || fail 'still the old certificate'
shows_to a-pub-EC "${only_ec[@]}"
expect 0 --root "$work/a" cert csr CallManager-ECDSA
openssl req -in "$work/stdout" -noout -text >"$work/request"
grep -q 'ASN1 OID: secp384r1' "$work/request" || fail 'the request is not for an EC key'
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" -days 2 \
	-subj '/CN=ca' 2>/dev/null
openssl x509 -req -in "$work/stdout" -CA "$work/ca.pem" -CAkey "$work/ca.key" -days 1 \
	-out "$work/signed.pem" 2>/dev/null
expect 0 --root "$work/a" cert upload --store CallManager-ECDSA "$work/signed.pem" \
	"$work/ca.pem" --restart
openssl s_client -connect "$https" "${only_ec[@]}" </dev/null 2>/dev/null |
	openssl x509 -noout -issuer | grep -q 'CN = ca' || fail 'not the certificate of the CA'

lab_stop a
finish
