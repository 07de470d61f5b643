#!/usr/bin/env bash
# How the signatures beside this were made, with OpenSSL 3.0's program: what SEP001122334455 would
# prove itself with, had it the certificates of ../vectors/certs/device-rsa2048.pem and
# device-ec256.pem, and the SUDI proof of the first for session 0x01020304.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
certs=../vectors/certs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# data PREFIX NAME: the prefix (for printf) and the certificate of that name.
data() {
	# shellcheck disable=SC2059 # it is a format: that is where its NUL comes from
	printf "$1"
	openssl x509 -in "$certs/$2.pem" -outform DER
}

# sign DIGEST KEY: over standard input; RSA signs the bare hash, which is what pkeyutl does when it
# is told of none.
sign() {
	case $2 in
	*rsa*)
		openssl dgst "-$1" -binary >"$work/hash"
		openssl pkeyutl -sign -in "$work/hash" -inkey "$certs/$2.pem"
		;;
	*) openssl dgst "-$1" -sign "$certs/$2.pem" ;;
	esac
}

for digest in sha1 sha512; do
	for key in device-rsa2048 device-ec256; do
		data 'SEP001122334455\000' "$key" | sign "$digest" "$key" >"${key#device-}.$digest"
	done
	data '\004\003\002\001' device-rsa2048 | sign "$digest" device-rsa2048 >"sudi.$digest"
	data '\001\002\003\004' device-rsa2048 | sign "$digest" device-rsa2048 >"sudi-big.$digest"
	# With DigestInfo, as all the world signs, except phones.
	data 'SEP001122334455\000' device-rsa2048 |
		openssl dgst "-$digest" -sign "$certs/device-rsa2048.pem" >"digestinfo.$digest"
done
