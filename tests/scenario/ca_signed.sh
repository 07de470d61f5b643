#!/usr/bin/env bash
# Certificates that a CA signs: request, root, upload in the forms CAs hand out; what is not good is
# refused and changes nothing; phones follow after the restart.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

phone=SEP001122334455
lab_new a 0
expect 0 --root "$work/a" phone add "$phone" --model 7975
lab_serve a
boots 0 "$phone" a --model 7975

# ---- a CA with another below it, by somebody else's tool ----
ca=$work/ca
mkdir "$ca"

# new_ca NAME [DAYS]: a root.
new_ca() {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$ca/$1.key" -out "$ca/$1.pem" \
		-subj "/O=Example/CN=$1" -days "${2-3650}" 2>/dev/null
}

# sign CA REQUEST OUT [OPTION...]
sign() {
	openssl x509 -req -in "$2" -CA "$ca/$1.pem" -CAkey "$ca/$1.key" -out "$3" \
		-set_serial "0x$(openssl rand -hex 16)" -copy_extensions copyall "${@:4}" 2>/dev/null
}

new_ca root
new_ca other
openssl req -newkey rsa:2048 -nodes -keyout "$ca/sub.key" -out "$ca/sub.csr" \
	-subj '/O=Example/CN=sub' -addext 'basicConstraints=critical,CA:TRUE' 2>/dev/null
sign root "$ca/sub.csr" "$ca/sub.pem" -days 3650

# request NAME OUT [OPTION...]
request() {
	expect 0 --root "$work/a" cert csr "$1" "${@:3}"
	cp "$work/stdout" "$2"
}

# ---- the request ----
request CallManager "$work/ccm.csr" --common-name cucm-ms.lab --san cucm.lab
run openssl req -in "$work/ccm.csr" -noout -verify -text
((status == 0)) || fail 'openssl does not read the request'
shows 'CN = cucm-ms.lab'
shows 'Key Agreement'
shows 'IPSec End System'
shows 'DNS:cucm-ms.lab, DNS:cucm.lab'
grep -q 'PRIVATE KEY' "$work/stdout" && fail 'the key came with the request'
expect 0 --root "$work/a" cert csr list
shows 'CN=cucm-ms.lab;'
expect 2 --root "$work/a" cert csr CallManager --san 'cucm.lab,IP:1.2.3.4'
expect 2 --root "$work/a" cert csr tomcat-trust
expect 3 --root "$work/a" cert csr CallManager --node nowhere

# ---- what is refused ----
state() {
	of a cert list --json
	of a cert csr list --json
	of a itl history --json
}
state >"$work/before"

# refused STATUS WORDS FILE... [OPTION...]: an upload for CallManager
refused() {
	expect "$1" --root "$work/a" cert upload --store CallManager "${@:3}"
	says "$2"
}

sign root "$work/ccm.csr" "$work/ccm.pem" -days 365
sign sub "$work/ccm.csr" "$work/below.pem" -days 365
sign other "$work/ccm.csr" "$work/foreign.pem" -days 365
sign root "$work/ccm.csr" "$work/expired.pem" -days 0
openssl req -newkey rsa:2048 -nodes -keyout "$work/stranger.key" -out "$work/stranger.csr" \
	-subj '/CN=cucm-ms.lab' 2>/dev/null
sign root "$work/stranger.csr" "$work/stranger.pem" -days 365
head -c 4000 /dev/urandom >"$work/garbage"
head -c 700 "$work/ccm.pem" >"$work/cut.pem"
: >"$work/empty"

refused 5 'neither among them nor in CallManager-trust' "$work/ccm.pem"
says 'cert upload --store CallManager-trust ROOT.pem'
refused 5 'neither among them' "$work/below.pem" "$ca/root.pem"
refused 5 'neither among them' "$work/foreign.pem" "$ca/root.pem"
sleep 1 # -days 0 ends in the second in which it began
refused 5 'certificate has expired' "$work/expired.pem" "$ca/root.pem"
refused 5 'has not the key of the request' "$work/stranger.pem"
refused 5 'none of the 2 certificates' "$work/stranger.pem" "$ca/root.pem"
refused 1 "$work/garbage" "$work/garbage"
refused 1 'cannot be read' "$work/cut.pem"
refused 1 'no certificate' "$work/empty"
refused 1 'no certificate' "$work/ccm.csr"
refused 3 'none.pem' "$work/none.pem"
expect 3 --root "$work/a" cert upload --store tomcat "$work/ccm.pem" "$ca/root.pem"
says 'no request for a tomcat certificate'
says 'cert csr tomcat'
expect 2 --root "$work/a" cert upload --store CallManager-trust "$ca/root.pem" --dry-run
expect 0 --root "$work/a" cert upload --store CallManager "$work/ccm.pem" "$ca/root.pem" --dry-run
state >"$work/after"
same "$work/before" "$work/after"

# ---- CallManager: the root first, then the certificate alone ----
expect 0 --root "$work/a" cert upload --store CallManager-trust "$ca/root.pem"
shows 'added'
expect 0 --root "$work/a" cert upload --store CallManager-trust "$ca/root.pem"
shows 'was there already'
expect 0 --root "$work/a" cert upload --store CallManager "$work/ccm.pem"
shows 'Issuer: CN=root;O=Example'
shows 'CallManager TVS TFTP'
of a cert export CallManager | cmp -s - <(openssl x509 -in "$work/ccm.pem") ||
	fail 'CallManager has another certificate'
expect 0 --root "$work/a" cert csr list --json
shows_json '"requests":[]'
refused 3 'no request for a CallManager certificate' "$work/ccm.pem"
of a cert export CallManager --chain >"$work/chain.pem"
openssl verify -CAfile "$ca/root.pem" "$work/chain.pem" >/dev/null || fail 'not the chain'
(($(grep -c BEGIN "$work/chain.pem") == 2)) || fail 'the chain is not two certificates'
expect 2 --root "$work/a" cert export CallManager --chain --der

# The list has its issuer and serial; those who restart serve it, and the phone follows.
boots 0 "$phone" a
expect 0 --root "$work/a" service restart
boots 0 "$phone" a --json
shows_json '"outcome":"trusted"'
expect 0 --root "$work/a" show itl
shows 'CN=root;O=Example'
shows 'CN=cucm-ms.lab;OU='
serial=$(openssl x509 -in "$work/ccm.pem" -noout -serial)
grep -qi "$(sed 's/serial=//; s/../&:/g; s/:$//' <<<"$serial")" "$work/stdout" ||
	fail "its $serial is not in the list"
curl -s "tftp://${address[a]}:$port/$phone.cnf.xml.sgn" -o "$work/signed"
expect 0 file verify "$work/signed" --with "$work/ccm.pem"

# ---- TVS: a chain in one PEM file; CAPF, tomcat: PKCS#7 ----
request TVS "$work/tvs.csr"
sign sub "$work/tvs.csr" "$work/tvs.pem" -days 365
cat "$ca/root.pem" "$ca/sub.pem" "$work/tvs.pem" "$ca/other.pem" >"$work/bundle.pem"
expect 0 --root "$work/a" cert upload --store TVS "$work/bundle.pem" --restart
shows '2 CA certificates added to TVS-trust'
shows '1 certificate left out'
shows 'TVS restarted'
boots 0 "$phone" a
expect 0 --root "$work/a" cert export TVS --chain
(($(grep -c BEGIN "$work/stdout") == 3)) || fail 'the chain of TVS is not three certificates'

# Who knows only the root can check what TVS presents.
run openssl s_client -connect "${address[a]}:2445" -showcerts -CAfile "$ca/root.pem" \
	-verify_return_error </dev/null
((status == 0)) || fail "s_client does not trust TVS: $(tail -n 3 "$work/stderr")"
(($(grep -c 'BEGIN CERTIFICATE' "$work/stdout") == 2)) || fail 'TVS presents not just itself and sub'
awk '/BEGIN CERTIFICATE/ { n++ } n == 2 && /BEGIN/, /END/' "$work/stdout" |
	cmp -s - <(openssl x509 -in "$ca/sub.pem") || fail 'what TVS presents second is not its CA'

request CAPF "$work/capf.csr"
sign sub "$work/capf.csr" "$work/capf.pem" -days 365
openssl crl2pkcs7 -nocrl -certfile "$work/capf.pem" -certfile "$ca/sub.pem" \
	-certfile "$ca/root.pem" -outform DER -out "$work/capf.p7b"
expect 0 --root "$work/a" cert upload --store CAPF "$work/capf.p7b" --restart
request tomcat "$work/tomcat.csr"
sign sub "$work/tomcat.csr" "$work/tomcat.pem" -days 365
openssl x509 -in "$work/tomcat.pem" -outform DER -out "$work/tomcat.der"
openssl crl2pkcs7 -nocrl -certfile "$ca/sub.pem" -certfile "$ca/root.pem" -out "$work/cas.p7b"
expect 0 --root "$work/a" cert upload --store tomcat-trust "$work/cas.p7b"
expect 0 --root "$work/a" cert upload --store tomcat "$work/tomcat.der"
boots 0 "$phone" a
lab_stop a

# ---- expiry ----
expect 0 --root "$work/a" cert check
expect 5 --root "$work/a" cert check --days 400
says 'within 400 days'
expect 5 --root "$work/a" cert check --days 400 --store TVS --json
shows_json '"days_left":364'
expect 0 --root "$work/a" cert list --expires 400
shows 'CallManager/CallManager.pem'
grep -q 'ITLRecovery/' "$work/stdout" && fail 'ITLRecovery does not expire within 400 days'

# ---- where CallManager signs the list, not in one step with TVS ----
lab_new b 1 --release 11.5
expect 0 --root "$work/b" phone add "$phone" --model 7975
lab_serve b
rm -rf "${work:?}/phones"
boots 0 "$phone" b --model 7975
lab_stop b
expect 0 --root "$work/b" cert regenerate TVS
of b cert csr CallManager >"$work/b.csr"
sign root "$work/b.csr" "$work/b.pem" -days 365
expect 4 --root "$work/b" cert upload --store CallManager "$work/b.pem" "$ca/root.pem"
says '1 phone would be locked'
expect 0 --root "$work/b" cert upload --store CallManager "$work/b.pem" "$ca/root.pem" --yes
finish
