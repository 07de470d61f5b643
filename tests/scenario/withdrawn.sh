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

# A duration of its own, which TVS learns like the rest; the others have the parameter's.
lasts() {
	query 0
	shows "Seconds to remember it: $1"
}
lasts 86400
expect 2 --root "$work/a" cert duration tomcat-trust/app-issued-d 0
expect 2 --root "$work/a" cert duration tomcat-trust/app-issued-d soon
expect 2 --root "$work/a" cert duration tomcat-trust/app-issued-d 99999999
expect 3 --root "$work/a" cert duration tomcat-trust/nobody 60
expect 0 --root "$work/a" cert duration tomcat-trust/app-issued-d 3600
shows 'TVS is told of it within 30 minutes'
shows 'service restart TVS'
lasts 86400
expect 0 --root "$work/a" cert duration tomcat-trust/app-issued-d 3600 --restart --json
shows_json '"changed":false'
expect 0 --root "$work/a" cert show tomcat-trust/app-issued-d
shows "In phones' caches for: 3600 s"
expect 0 --root "$work/a" service restart TVS
lasts 3600
expect 0 --root "$work/a" cert duration CallManager 60 --restart
of a cert export CallManager >"$work/ccm.pem"
expect 0 tvs query --host "${address[a]}" --cert "$work/ccm.pem"
shows 'Seconds to remember it: 60'
expect 0 --root "$work/a" cert list --store Phone-SAST-trust --json
shows_json '"duration":60'
expect 0 --root "$work/a" cert duration CallManager default --restart
expect 0 --root "$work/a" cert duration tomcat-trust/app-issued-d default --restart
lasts 86400

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

# Who follows the events in steps misses none of them.
of a events tail --count 100000 --json | grep '"id"' >"$work/all.ids"
: >"$work/step.ids"
after=0
while :; do
	of a events tail --after "$after" --count 3 --json | grep '"id"' >"$work/ids" || break
	cat "$work/ids" >>"$work/step.ids"
	after=$(tail -n 1 "$work/ids" | tr -cd '0-9')
done
same "$work/all.ids" "$work/step.ids"
finish
