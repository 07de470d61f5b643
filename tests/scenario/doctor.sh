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
for service in HTTP HTTPS 'HTTPS (tomcat)'; do
	grep -F "$service answers" "$work/stdout" | grep -qF 'ITLFile.tlv came' ||
		fail "no file was fetched over $service"
done
finds ok ports "6971: ITLFile.tlv came; its certificate stands in the phone's ITL"
finds ok ports '6972: ITLFile.tlv came; TVS vouches for its certificate'
finds ok ports '2445: it vouches for CN=a-pub'
finds ok ports '3804: hands shaken, it asks who calls'
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

# One that is not what it should be, each by itself.  hold PORT COMMAND...: another program has it.
declare -a holders=()
trap 'kill "${holders[@]}" 2>/dev/null || true; lab_kill_all' EXIT
hold() {
	local i
	"${@:2}" >"$work/holder.log" 2>&1 </dev/null &
	holders+=($!)
	for ((i = 0; i < 100; i++)); do
		(exec 3<>"/dev/tcp/${address[a]}/$1") 2>/dev/null && return
		sleep 0.05
	done
	fail "nobody listens on $1: $(cat "$work/holder.log")"
}
drop_holders() {
	kill "${holders[@]}"
	wait "${holders[@]}" 2>/dev/null || true
	holders=()
}
# put SECTION PORT: where trustlist.conf says that it is; who serves has not read it.
put() {
	sed -i "/^\[$1\]/,/^\[/ s/^port = .*/port = $2/" "$conf"
}
others() {
	grep '^fail ' "$work/stdout" | grep -vF -- "$1" >"$work/others" || true
	[[ -s $work/others ]] && fail "more than that failed: $(cat "$work/others")"
	return 0
}
cp "$conf" "$work/conf"
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=somebody -days 2 \
	-keyout "$work/other.key" -out "$work/other.crt" 2>/dev/null
hold 7971 openssl s_server -accept "${address[a]}:7971" -cert "$work/other.crt" \
	-key "$work/other.key" -www
for pair in https:HTTPS https-tomcat:'HTTPS (tomcat)' tvs:TVS capf:CAPF; do
	cp "$work/conf" "$conf"
	put "${pair%%:*}" 7971
	expect 5 --root "$work/a" doctor
	finds fail ports "${pair#*:} is not who answers on ${address[a]} port 7971: it shows the certificate of CN=somebody"
	shows "ss -ltnp 'sport = :7971'"
	[[ $pair == capf:* ]] && continue # and the port is not that which phones are told
	[[ $pair == tvs:* ]] && continue  # and nobody else vouches for tomcat
	others 'port 7971'
done
# No TLS at all, and for HTTP no file.
mkdir "$work/empty"
hold 7972 python3 -u -m http.server 7972 --bind "${address[a]}" --directory "$work/empty"
for pair in https:HTTPS tvs:TVS capf:CAPF http:HTTP; do
	cp "$work/conf" "$conf"
	put "${pair%%:*}" 7972
	expect 5 --root "$work/a" doctor
	finds fail ports "${pair#*:} does not answer on ${address[a]} port 7972"
done
drop_holders
# Nobody.
cp "$work/conf" "$conf"
put https-tomcat 7973
expect 5 --root "$work/a" doctor
finds fail ports "HTTPS (tomcat) does not answer on ${address[a]} port 7973"
shows 'Connection refused'
others 'port 7973'
cp "$work/conf" "$conf"

# The right certificates, which phones do not know: restarted in another order than that of the books.
expect 0 --root "$work/a" cert regenerate tomcat
expect 0 --root "$work/a" service restart TFTP
expect 5 --root "$work/a" doctor
finds fail ports 'port 6972: a phone does not trust who answers: in no list of the phone, and TVS does not know it'
shows 'trustlist service restart TVS'
others 'port 6972'
expect 0 --root "$work/a" service restart TVS
expect 0 --root "$work/a" doctor
expect 0 --root "$work/a" cert regenerate TVS
expect 0 --root "$work/a" service restart TVS
expect 5 --root "$work/a" doctor
finds fail ports "TVS on ${address[a]} port 2445: a phone does not trust who answers"
shows 'trustlist service restart TFTP: phones get a list that has it'
expect 0 --root "$work/a" service restart TFTP
expect 0 --root "$work/a" doctor

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
expect 0 --root "$work/a" events tail
! grep -qF SEP00005E0053FF "$work/stdout" || fail 'the doctor is in the trail'
[[ -n $(ls -A "$TMPDIR") ]] && fail 'a memory was left behind'

finish
