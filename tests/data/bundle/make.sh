#!/usr/bin/env bash
# How these files were made, with OpenSSL 3.0: a root, a CA below it, and a host's certificate, as
# CAs hand them out.  The key in bag.pem belongs to nobody and protects nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT

# cert NAME SUBJECT ISSUER EXTENSION...
cert() {
	openssl ecparam -name prime256v1 -genkey -noout -out "$keys/$1.key"
	openssl req -new -key "$keys/$1.key" -subj "$2" -out "$keys/$1.csr"
	printf '%s\n' "${@:4}" >"$keys/$1.ext"
	local by=(-CA "$3.pem" -CAkey "$keys/$3.key" -CAcreateserial -CAserial "$keys/serial")
	[[ $3 != self ]] || by=(-signkey "$keys/$1.key")
	openssl x509 -req -in "$keys/$1.csr" "${by[@]}" -days 9000 -sha256 \
		-extfile "$keys/$1.ext" -out "$1.pem"
}

ca='basicConstraints=critical,CA:TRUE keyUsage=keyCertSign,cRLSign subjectKeyIdentifier=hash'
# shellcheck disable=SC2086 # each is some words
cert root '/C=BE/O=Example/CN=Example Root' self $ca
# shellcheck disable=SC2086
cert sub '/C=BE/O=Example/CN=Example Issuing CA' root $ca authorityKeyIdentifier=keyid
cert host '/C=BE/O=Example/CN=cucm-pub.example' sub authorityKeyIdentifier=keyid

cat host.pem sub.pem root.pem >chain.pem
# Text around it and a key in it, as `openssl pkcs12` prints it.
{
	printf 'Bag Attributes\n    friendlyName: host\n'
	cat host.pem
	printf 'Key Attributes: <No Attributes>\n'
	openssl pkcs8 -topk8 -nocrypt -in "$keys/host.key"
	sed 's/$/\r/' sub.pem
	cat root.pem
} >bag.pem
openssl crl2pkcs7 -nocrl -certfile chain.pem -out chain.p7b
openssl crl2pkcs7 -nocrl -certfile chain.pem -outform DER -out chain.der.p7b
openssl crl2pkcs7 -nocrl -certfile host.pem -outform DER -out host.der.p7b
# Microsoft's CA heads its base64 form so.
sed 's/PKCS7/CERTIFICATE/' chain.p7b >microsoft.p7b
openssl x509 -in host.pem -outform DER -out host.der
