#!/usr/bin/env bash
# An issuer elsewhere signs LSCs (Offline CA): phones leave their key, an openssl CA signs it, and
# the phones get what it made with their next session.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

phone=SEP0011223388A1
other=SEP0011223388A2

# enrolls STATUS PHONE: it calls by null string.
enrolls() {
	expect "$1" vphone enroll "$2" --memory "$work/phones/$2" --capf "${address[a]}" --auth null \
		--model 8861
}

# csr VERB...: of the cluster, which must do it.
csr() {
	expect 0 --root "$work/a" capf csr "$@"
}

# signs PHONE [COMMON-NAME]: the CA puts the phone's key into a certificate.
signs() {
	csr export "$1"
	cp "$work/stdout" "$work/$1.pub"
	openssl req -new -key "$work/any.key" -subj "/O=lab/CN=${2:-CP-8861-$1}" -out "$work/$1.csr"
	openssl x509 -req -in "$work/$1.csr" -force_pubkey "$work/$1.pub" -CA "$work/ca.pem" \
		-CAkey "$work/ca.key" -days 30 -extfile "$work/leaf.cnf" -out "$work/$1.pem" \
		2>"$work/openssl"
}

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" -days 100 \
	-subj '/O=elsewhere/CN=Offline CA' 2>"$work/openssl"
openssl genpkey -algorithm RSA -out "$work/any.key" 2>"$work/openssl"
printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n' >"$work/leaf.cnf"

lab_new a 0
for name in "$phone" "$other"; do
	expect 0 --root "$work/a" phone add "$name" --model 8861
done
expect 0 --root "$work/a" param set 'Certificate Issuer to Endpoint' 'Offline CA'
lab_serve a

expect 0 --root "$work/a" capf schedule "$phone" "$other" --operation install --auth null
enrolls 5 "$phone" # its certificate is still to come
enrolls 5 "$phone"
expect 3 --root "$work/a" capf csr export "$other"
says 'left no key'
csr list
shows "$phone"

signs "$phone"
expect 5 --root "$work/a" capf csr import "$work/$phone.pem"
says 'not in CAPF-trust'
expect 0 --root "$work/a" cert upload --store CAPF-trust "$work/ca.pem"
signs "$phone" "CP-8861-$other"
expect 5 --root "$work/a" capf csr import "$work/$phone.pem"
says "names \"CP-8861-$other\""
signs "$phone"
csr import "$work/$phone.pem"
shows "$phone"

enrolls 0 "$phone"
openssl x509 -in "$work/phones/$phone/lsc.pem" -noout -issuer | grep -q 'Offline CA' ||
	fail 'the phone has not what the CA signed'
expect 0 --root "$work/a" capf show "$phone"
shows 'Certificate Operation Status: Upgrade Success'
csr list
! grep -q "$phone" "$work/stdout" || fail 'a request is left that was answered'

# What waits is dropped with its order.
enrolls 5 "$other"
signs "$other"
csr import "$work/$other.pem"
expect 0 --root "$work/a" capf schedule "$other" --operation install --auth null --key ec:256
enrolls 5 "$other"
csr export "$other"
grep -q 'BEGIN PUBLIC KEY' "$work/stdout" || fail 'no key was left anew'
openssl pkey -pubin -in "$work/stdout" -noout -text | grep -q prime256v1 || fail 'an old key is there'

lab_stop a
finish
