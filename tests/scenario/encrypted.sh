#!/usr/bin/env bash
# Configuration that only the phone can read: encrypted by hand, and served to a phone by its LSC,
# by its next one, and by its MIC.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

phone=SEP0011223388E1
bare=SEP0011223388E2 # has a MIC alone
memory=$work/phones/$phone
sealed=$work/$phone.cnf.xml.enc.sgn
out=$work/out
vectors=$here/../data/vectors

# ---- by hand ----

encrypt=(file encrypt "$vectors/enc/SEP58971ECC97C3.cnf.xml" --key "$vectors/certs/tftp.pem")
device=$vectors/certs/device-rsa2048.pem

# sealed_by_hand OPTION...: opens to what it was, and to nobody else.
sealed_by_hand() {
	expect 0 "${encrypt[@]}" --for "$device" --out "$sealed" "$@"
	expect 0 file verify "$sealed" --with "$vectors/certs/tftp.pem"
	rm -f "$out"
	expect 0 file decrypt "$sealed" --key "$device" --with "$vectors/certs/tftp.pem" --out "$out"
	shows "Signature verified: yes"
	same "$vectors/enc/SEP58971ECC97C3.cnf.xml" "$out"
	[[ $(stat -c %a "$out") == 600 ]] || fail "a decrypted file that others may read"
	rm -f "$out"
	expect 5 file decrypt "$sealed" --key "$vectors/certs/device-rsa1024.pem" --out "$out"
	expect 5 file decrypt "$sealed" --key "$device" --with "$vectors/certs/sast.pem" --out "$out"
	[[ ! -e $out ]] || fail "refused, but something was written"
}

sealed_by_hand
expect 0 file inspect "$sealed"
shows "Format: encrypted configuration"
shows "$phone.cnf.xml.enc.sgn"
sealed_by_hand --digest sha512 --order cisco --timestamp 1795414027 --filename SEP1.cnf.xml.enc.sgn
expect 0 file verify "$sealed" --with "$vectors/certs/tftp.pem"
shows "Name: SEP1.cnf.xml.enc.sgn"
shows "Digest: sha512"
cp "$sealed" "$work/first"
sealed_by_hand --digest sha512 --order cisco --timestamp 1795414027 --filename SEP1.cnf.xml.enc.sgn
! cmp -s "$sealed" "$work/first" || fail "sealed twice with the same key"

openssl x509 -in "$device" -out "$work/device.crt" # no private key
expect 0 "${encrypt[@]}" --for "$work/device.crt" --out "$sealed"
shows "For: CN="
"$TRUSTLIST" file encrypt - --for "$device" --key "$vectors/certs/tftp.pem" --filename x.enc.sgn \
	--out - <"$vectors/enc/SEP58971ECC97C0.cnf.xml" >"$sealed"
expect 0 file decrypt "$sealed" --key "$device" --out -
same "$work/stdout" "$vectors/enc/SEP58971ECC97C0.cnf.xml"

expect 2 "${encrypt[@]}" --for "$vectors/certs/device-ec256.pem" --out "$out"
says "that takes an RSA key of 512 to 4096 bits, it has an EC key"
expect 2 "${encrypt[@]}" --for "$device" --digest sha256 --out "$out"
expect 2 "${encrypt[@]}" --for "$device" --out -
says "hint: --filename NAME"
expect 2 "${encrypt[@]}" --out "$out"
says "--for DEVICE.pem is missing"
expect 1 "${encrypt[@]}" --for "$vectors/index.tsv" --out "$out"
expect 3 "${encrypt[@]}" --for "$work/none" --out "$out"
cp "$device" "$work/device.pem"
expect 2 "${encrypt[@]}" --for "$work/device.pem" --out "$work/device.pem"
says "would overwrite the input"
same "$device" "$work/device.pem"
[[ ! -e $out ]] || fail "refused, but something was written"

# ---- served ----

# fetch NAME FILE: over TFTP, by a client that is not ours; fails where the file is not found.
fetch() {
	rm -f "$2"
	curl -sS -o "$2" "tftp://${address[a]}:$port/$1" 2>"$work/stderr"
}

fetches() {
	fetch "$@" || fail "$1: $(cat "$work/stderr")"
}

not_found() {
	! fetch "$1" "$work/none" || fail "$1 is served"
}

# opens FILE IDENTITY: with that key, signed by the cluster's CallManager; gives $out.
opens() {
	rm -f "$out"
	expect 0 file decrypt "$1" --key "$2" --with "$work/callmanager.pem" --out "$out"
}

# holds FILE ELEMENT
holds() {
	grep -qF -- "$2" "$1" || fail "$1: no $2"
}

lacks() {
	! grep -qF -- "$2" "$1" || fail "$1: has $2"
}

lab_new a 0 --release 12.5
expect 0 --root "$work/a" phone add "$phone" --model 8861 --description reception \
	--encrypted-config
expect 0 --root "$work/a" phone add "$bare" --model 8861
lab_serve a
of a cert export CallManager >"$work/callmanager.pem"

# It has no certificate yet: what it gets leads it to CAPF.
expect 0 --root "$work/a" phone show "$phone"
shows "TFTP Encrypted Config: yes"
shows "it holds no LSC, and it showed no MIC"
shows "trustlist capf schedule $phone --operation install"
not_found "$phone.cnf.xml.enc.sgn"
grep -qF 'has no certificate to encrypt to' "$work/a.log" || fail "the log does not say why"
fetches "$phone.cnf.xml" "$work/short"
holds "$work/short" '<fullConfig>false</fullConfig>'
holds "$work/short" '<encrConfig>true</encrConfig>'
holds "$work/short" "<address>${address[a]}</address>"
holds "$work/short" '<capfAuthMode>0</capfAuthMode>'
lacks "$work/short" reception
expect 0 --root "$work/a" capf schedule "$phone" --operation install --key rsa:2048
boots 0 "$phone" a --model 8861
shows 'LSC: Installed'

# The whole, for its key alone; and the short one, for everybody.
fetches "$phone.cnf.xml.enc.sgn" "$sealed"
expect 0 file verify "$sealed" --with "$work/callmanager.pem"
opens "$sealed" "$memory/lsc.pem"
holds "$out" '<fullConfig>true</fullConfig>'
holds "$out" '<encrConfig>true</encrConfig>'
holds "$out" 'reception'
holds "$out" '<callManagerGroup>'
lacks "$sealed" reception
hash=$(openssl x509 -in "$memory/lsc.pem" -outform DER | md5sum | cut -d' ' -f1)
holds "$out" "<certHash>$hash</certHash>"
fetches "$phone.cnf.xml.sgn" "$work/signed"
expect 0 file verify "$work/signed" --with "$work/callmanager.pem"
expect 0 file strip "$work/signed" --out "$work/stripped"
fetches "$phone.cnf.xml" "$work/short"
same "$work/short" "$work/stripped"
holds "$work/short" "<certHash>$hash</certHash>"
lacks "$work/short" reception
fetches "$phone.cnf.xml.enc.sgn" "$work/again"
opens "$work/again" "$memory/lsc.pem"

# Changed: sealed anew.
expect 0 --root "$work/a" phone set "$phone" --description 'front desk' --load sip88xx.14-1
fetches "$phone.cnf.xml.enc.sgn" "$sealed"
opens "$sealed" "$memory/lsc.pem"
holds "$out" '<loadInformation>sip88xx.14-1</loadInformation>'
lacks "$out" reception

# The phone itself: told by what it has so far, then it knows where to look.
boots 0 "$phone" a
shows "$phone.cnf.xml.enc.sgn"
same "$memory/$phone.cnf.xml" "$out"
boots 0 "$phone" a
! grep -qF "$phone.cnf.xml.sgn" "$work/stdout" || fail "it asked for the short one again"

# A new LSC: the old key opens nothing any more.
cp "$memory/lsc.pem" "$work/old.pem"
expect 0 --root "$work/a" capf schedule "$phone" --operation install --key rsa:2048
expect 0 vphone enroll "$phone" --memory "$memory" --capf "${address[a]}" --auth null
fetches "$phone.cnf.xml.enc.sgn" "$sealed"
expect 5 file decrypt "$sealed" --key "$work/old.pem" --out "$out.old"
[[ ! -e $out.old ]] || fail "the old key opened it"
opens "$sealed" "$memory/lsc.pem"
boots 0 "$phone" a
same "$memory/$phone.cnf.xml" "$out"

# A phone that woke up with the old one is led to CAPF, and gets a third.
cp "$work/old.pem" "$memory/lsc.pem"
boots 5 "$phone" a
says 'decryption key mismatch'
says "capf schedule $phone --operation install"
shows "invalid file $phone.cnf.xml.enc.sgn, authenticated fail. Reason:16"
expect 0 --root "$work/a" capf schedule "$phone" --operation install --key rsa:2048
boots 5 "$phone" a
shows 'LSC: Installed'
boots 0 "$phone" a
shows "$phone.cnf.xml.enc.sgn"

# To an EC key nothing can be encrypted.
expect 0 --root "$work/a" capf schedule "$phone" --operation install --key ec:256
expect 0 vphone enroll "$phone" --memory "$memory" --capf "${address[a]}" --auth null
not_found "$phone.cnf.xml.enc.sgn"
expect 0 --root "$work/a" phone show "$phone"
shows "the key of its LSC is not RSA"

# A MIC will do, once CAPF has seen it and knows who made the phone.
boots 0 "$bare" a --model 8861
expect 0 vphone manufacture "$bare" --memory "$work/phones/$bare" --ca "$work/maker.pem"
expect 0 --root "$work/a" phone set "$bare" --encrypted-config on
shows "it showed no MIC"
expect 0 --root "$work/a" capf schedule "$bare" --operation troubleshoot
boots 0 "$bare" a
not_found "$bare.cnf.xml.enc.sgn"
expect 0 --root "$work/a" phone show "$bare"
shows "nobody in CAPF-trust signed the MIC that it showed"
expect 0 --root "$work/a" cert upload --store CAPF-trust "$work/maker.pem"
fetches "$bare.cnf.xml.enc.sgn" "$sealed"
opens "$sealed" "$work/phones/$bare/mic.pem"
boots 0 "$bare" a
same "$work/phones/$bare/$bare.cnf.xml" "$out"
expect 0 --root "$work/a" phone show "$bare"
shows "Encrypted to: CN=CP-8861-$bare"

# Off again.
expect 0 --root "$work/a" phone set "$bare" --encrypted-config off
expect 0 --root "$work/a" phone set "$bare" --encrypted-config off
shows "it is so already"
not_found "$bare.cnf.xml.enc.sgn"
fetches "$bare.cnf.xml" "$work/plain"
holds "$work/plain" '<encrConfig>false</encrConfig>'
holds "$work/plain" '<callManagerGroup>'
expect 2 --root "$work/a" phone set "$bare"
says "nothing to set"
expect 2 --root "$work/a" phone set "$bare" --encrypted-config yes
expect 2 --root "$work/a" phone set "$bare" --model ATA191
expect 3 --root "$work/a" phone set SEP00DEADBEEF01 --encrypted-config on
lab_stop a
finish
