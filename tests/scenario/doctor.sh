#!/usr/bin/env bash
# Is all well? - what the doctor finds on a cluster that serves, and on one where something is wrong.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

# finds STATE CHECK WORDS: the doctor's last result has such a line.
finds() {
	grep -E "^$1 +$2 " "$work/stdout" | grep -qF -- "$3" && return
	fail "not found: $1 $2: $3"
	sed 's/^/    /' "$work/stdout" >&2
}

lab_new a 0
export TMPDIR=$work/tmp # of the phones that boot
mkdir "$TMPDIR"
conf=$work/a/trustlist.conf

# A cluster that nobody serves.
expect 5 --root "$work/a" doctor
finds fail served 'phones get no answer'
expect 0 --root "$work/a" doctor --offline

# All is well.
expect 0 --root "$work/a" phone add SEP001122337975 --model 7975
lab_serve a
expect 0 --root "$work/a" doctor
for service in HTTP HTTPS TVS CAPF; do
	finds ok ports "$service answers on ${address[a]}"
done
finds ok self-test "a virtual 7975 booted by TFTP from ${address[a]}: ITL installed"
finds ok self-test 'a virtual 8861 booted by HTTP'
finds ok tls 'TVS on port 2445 takes TLS 1.0 and newer'
shows "DHCP option 150: ${address[a]}"
shows "DHCP option 66: ${address[a]}"
shows 'Real phones ask for files on port 69'
expect 0 --root "$work/a" doctor --json
shows_json '"failures":0'
shows_json "\"dhcp_option_150\":[\"${address[a]}\"]"

# A service that is stopped answers nobody.
expect 0 --root "$work/a" service stop TVS
expect 5 --root "$work/a" doctor
finds fail services 'TVS of'
finds fail ports 'TVS does not answer'
shows 'trustlist service start TVS'
expect 0 --root "$work/a" service start TVS

# Phones are told of a port where nobody is.
expect 0 --root "$work/a" param set 'CAPF Phone Port' 3805 --restart
expect 5 --root "$work/a" doctor
finds fail capf-port 'phones are told port 3805 for CAPF; it listens on 3804'
expect 0 --root "$work/a" param set 'CAPF Phone Port' 3804 --restart

# A 7975 cannot speak to a TVS that wants TLS 1.2.
sed -i '/^\[tvs\]/,/^\[/ s/^tls_min = .*/tls_min = 1.2/' "$conf"
expect 5 --root "$work/a" doctor --offline
finds fail tls '1 of 1 phones speak TLS 1.0 alone'
sed -i '/^\[tvs\]/,/^\[/ s/^tls_min = .*/tls_min = 1.0/' "$conf"

# A mistake in trustlist.conf, and a folder that is gone.
cp "$conf" "$work/conf"
printf '[tftp]\nport = much\n' >>"$conf"
expect 5 --root "$work/a" doctor --offline
finds fail config 'port is set twice'
cp "$work/conf" "$conf"
mv "$work/a/tftp" "$work/a/away"
expect 5 --root "$work/a" doctor --offline
finds fail folder 'cannot be read'
mv "$work/a/away" "$work/a/tftp"

# Who looked left no trail.
lab_stop a
expect 0 --root "$work/a" doctor --offline
of a phone list >"$work/phones.txt"
[[ $(grep -c '^SEP' "$work/phones.txt") == 1 ]] || fail 'the doctor is in the list of phones'
[[ -n $(ls -A "$TMPDIR") ]] && fail 'a memory was left behind'

finish
