#!/usr/bin/env bash
# A certificate is put into a trust store, and withdrawn: TVS hears of it after certificate change
# notification, and a phone goes on trusting what it has cached for a day.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

phone=SEP001122334455
other=SEP0011223388A1
stranger=$here/../data/vectors/certs/app-issued.pem

lab_new a 0
expect 0 --root "$work/a" phone add "$phone" --model 7975
expect 0 --root "$work/a" phone add "$other" --model 8861
lab_serve a
boots 0 "$phone" a --model 7975
boots 0 "$other" a --model 8861

# query STATUS: asks TVS of cluster a for the stranger's certificate.
query() {
	expect "$1" tvs query --host "${address[a]}" --cert "$stranger"
}
verify() {
	expect "$1" vphone verify "$2" --memory "$work/phones/$2" --cert "$stranger" "${@:3}"
}

query 5
verify 5 "$phone"
expect 0 --root "$work/a" cert upload --store tomcat-trust "$stranger"
# The interval is thirty minutes: TVS does not know yet, until it restarts.
query 5
expect 0 --root "$work/a" service restart TVS
query 0
verify 0 "$phone"

# Withdrawn, and TVS is told at once from here on.
expect 0 --root "$work/a" param set "Certificate Change Notification Interval" 0
expect 0 --root "$work/a" cert delete --store tomcat-trust app-issued-d
told=no
for ((i = 0; i < 100; i++)); do
	run "$TRUSTLIST" tvs query --host "${address[a]}" --cert "$stranger"
	((status == 5)) && told=yes && break
	sleep 0.1
done
[[ $told == yes ]] || fail 'TVS was not told that the certificate is gone'
verify 5 "$other"
verify 0 "$phone"
verify 0 "$phone" --clock 86000
verify 5 "$phone" --clock 86500
expect 0 --root "$work/a" events tail --device "$phone"
shows 'tomcat-trust'
lab_stop a
finish
