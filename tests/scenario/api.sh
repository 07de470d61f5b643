#!/usr/bin/env bash
# The administration interface, from outside: who may ask, what for, and what comes of it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

lab_new a 1
printf 'geheimes-wort\n' >"$work/word"
expect 0 --root "$work/a" user add anna --role admin --password-file "$work/word"
expect 0 --root "$work/a" user add rita --role read --password-file "$work/word"
expect 0 --root "$work/a" cert export tomcat
cp "$work/stdout" "$work/tomcat.pem"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/signer.pem" \
	-subj /CN=signer -days 3 2>"$work/openssl.log"
cat "$work/key.pem" >>"$work/signer.pem"

lab_serve a
grep -q 'admin on 8443' "$work/a.log" || fail "the ready line does not name the port"
python3 "$here/../support/api_client.py" "${address[a]}" "$work/a" "${server[a]}" \
	"$work/tomcat.pem" "$work/a.log" || fail "the client says no"

# SIGHUP: another port is listened on, and sessions go on when there is none.
curls() {
	run curl -sk -m 10 -o "$work/body" -w '%{http_code}' "$@"
}
port_of() {
	printf '[admin]\nport = %s\nsocket = %s\n' "$1" "$2" >"$work/a/trustlist.conf"
	: >"$work/a.log"
	kill -HUP "${server[a]}"
	for _ in {1..200}; do
		grep -q '^ready' "$work/a.log" && return
		sleep 0.05
	done
	fail "not ready after SIGHUP: $(cat "$work/a.log")"
}
port_of 8444 yes
curls "https://${address[a]}:8444/healthz"
[[ $(cat "$work/stdout") == 200 ]] || fail "nobody on the new port"
curls "https://${address[a]}:8443/healthz"
((status == 7)) || fail "somebody on the old port: curl ended with $status"
port_of 0 no
[[ ! -e $work/a/admin.sock ]] || fail "the socket is still there"
curls "https://${address[a]}:8444/healthz"
((status == 7)) || fail "somebody on a port that was switched off"
port_of 8443 yes

# A root that is named from where the server began is found by processes that begin elsewhere.
lab_stop a
cd "$work"
: >a.log
"$TRUSTLIST" --root a serve 2>>a.log &
server[a]=$!
for _ in {1..600}; do
	grep -q '^ready' a.log && break
	sleep 0.05
done
run curl -s --unix-socket a/admin.sock http://x/api/v1/doctor
shows '"checks"'
[[ $(curl -s -o /dev/null -w '%{http_code}' --unix-socket a/admin.sock http://x/api/v1/doctor) == 200 ]] ||
	fail "doctor does not find the root"
cd "$here"

# It ends with a job in it, and leaves neither process nor file.
curl -s --unix-socket "$work/a/admin.sock" -H 'Content-Type: application/json' \
	-H 'Prefer: respond-async' -d '{"name": "S01"}' http://x/api/v1/rehearse/run >/dev/null
for _ in {1..200}; do
	child=$(pgrep -P "${server[a]}" || true)
	[[ -n $child ]] && break
	sleep 0.05
done
[[ -n $child ]] || fail "no process for the rehearsal"
lab_stop a
[[ -z $child ]] || ! kill -0 "$child" 2>/dev/null || fail "the rehearsal goes on without its server"
[[ -z $(ls "$work/a/spool") ]] || fail "the spool is not empty: $(ls "$work/a/spool")"
[[ ! -e $work/a/admin.sock ]] || fail "the socket is still there"

finish
