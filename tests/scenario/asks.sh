#!/usr/bin/env bash
# Phones ask TVS for a signer that their list does not name.  Why a phone cannot follow is told apart:
# no TVS in its list, TVS that cannot be reached, TVS that does not know the signer.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

old=SEP001122334455
new=SEP0011223388A1
certs=$here/../data/vectors/certs

lab_new a 0 --release 11.5
lab_new b 1 --release 11.5
for cluster in a b; do
	expect 0 --root "$work/$cluster" phone add "$old" --model 7975
	expect 0 --root "$work/$cluster" phone add "$new" --model 8861
	lab_serve "$cluster"
done

# becomes STATUS PHONE CLUSTER: the cluster says so of the phone's ITL, once the server has noted
# what the phone asked for.
becomes() {
	local i
	for ((i = 0; i < 100; i++)); do
		run "$TRUSTLIST" --root "$work/$3" phone show "$2"
		grep -qF "ITL File Status: $1" "$work/stdout" && return
		sleep 0.1
	done
	fail "$2 at $3: $(grep 'ITL File Status' "$work/stdout"), not $1"
}

boots 0 "$old" a --model 7975 --report "$work/a"
boots 0 "$new" a --model 8861 --report "$work/a"
becomes Match "$old" a

# TVS of a does not know who signs b's list.
for phone in "$old" "$new"; do
	boots 5 "$phone" b --json
	shows_json '"reason":"tvs-lacks-certificate"'
	shows_json '"tvs":"unknown"'
	shows_json "\"tvs_asked\":[\"${address[a]}:2445answered\"]"
	shows 'Failed to validate cert using TVS'
	says 'into Phone-SAST-trust of the cluster whose TVS'
done
boots 5 "$old" b --report "$work/b"
becomes Mismatch "$old" b

# Switched off, TVS of a cannot say so.
expect 0 --root "$work/a" service stop TVS
boots 5 "$old" b --json
shows_json '"reason":"tvs-unreachable"'
shows_json "${address[a]}:2445unreachable:"
says 'once a TVS that its list names answers'
expect 0 --root "$work/a" service start TVS

# What answers at its address has another certificate.
expect 0 --root "$work/a" cert regenerate TVS --restart --yes
boots 5 "$old" b --json
shows_json '"reason":"tvs-unreachable"'
shows_json "${address[a]}:2445wrong-certificate:"
says 'vphone erase'
boots 0 "$old" a
boots 5 "$old" b --json
shows_json '"reason":"tvs-lacks-certificate"'

# A list that names no TVS.
mkdir -p "$work/phones/SEP00AABBCCDDEE"
expect 0 file build-list --key "$certs/sast.pem" --record SAST="$certs/sast.pem" \
	--record CCM+TFTP="$certs/tftp.pem" --out "$work/phones/SEP00AABBCCDDEE/ITLFile.tlv"
boots 5 SEP00AABBCCDDEE b --json
shows_json '"reason":"no-tvs-in-itl"'
shows_json '"tvs":"not-asked"'
shows 'VALIDATE CERT - TVS not enabled'
says 'vphone erase'

# With b's certificate in its store, TVS of a vouches: all follow, and remember what it said.
of b cert export CallManager >"$work/b.pem"
expect 0 --root "$work/a" cert upload --store Phone-SAST-trust "$work/b.pem"
expect 0 --root "$work/a" service restart TVS
cp -r "$work/phones/$old" "$work/phones/copy"
boots 0 "$old" b --json
shows_json '"reason":"tvs-vouches"'
shows 'TVS added cert to TVS cache - expires in 24 hours'
expect 0 vphone verify "$old" --memory "$work/phones/$old" --cert "$work/b.pem" --json
shows_json '"reason":"in-itl"'

# A phone that heard it before its list came moves even when a is gone, for a day.
mv "$work/phones/$old" "$work/phones/moved"
mv "$work/phones/copy" "$work/phones/$old"
expect 0 vphone verify "$old" --memory "$work/phones/$old" --cert "$work/b.pem" --json
shows_json '"reason":"tvs-vouches"'
lab_stop a
boots 5 "$old" b --clock 86500 --json
shows_json '"reason":"tvs-unreachable"'
boots 0 "$old" b --json
shows_json '"tvs":"remembered"'
expect 0 vphone erase --memory "$work/phones/$old"
expect 5 vphone verify "$old" --memory "$work/phones/$old" --cert "$certs/app-issued.pem" --json
shows_json '"reason":"no-tvs-in-itl"'

# The query for people.
query() {
	local status=$1
	shift
	expect "$status" tvs query --host "${address[b]}" "$@"
}
query 0 --cert "$work/b.pem" --json
shows_json '"verdict":"Valid"'
shows_json '"roles":['
query 0 --cert "$work/b.pem" --by-name --tls-max 1.0
shows 'TLS 1.0'
shows 'CN=b-pub'
serial=$(openssl x509 -in "$work/b.pem" -noout -serial | cut -d= -f2)
issuer=$(openssl x509 -in "$work/b.pem" -noout -issuer -nameopt RFC2253 | sed 's/^issuer=//')
query 0 --issuer "$issuer" --serial "$serial" --device CP-7975-SEP001122334455
query 5 --issuer "$issuer" --serial 00
shows 'Verdict: Invalid'
query 5 --cert "$certs/app-issued.pem"
query 2
query 2 --cert "$work/b.pem" --serial 00
query 2 --cert "$work/b.pem" --tls-min 2
query 2 --cert "$work/b.pem" --device 'two words'
query 2 --issuer "$issuer" --serial 0
query 3 --cert "$work/none.pem"
lab_stop b
query 1 --cert "$work/b.pem"
finish
