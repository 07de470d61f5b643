#!/usr/bin/env bash
# Other people's clients fetch files over HTTP and HTTPS: what TFTP gives, ranges, old TLS, the
# certificate of the last start, two nodes, a service that is stopped, and peers that misbehave.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

phone=SEP001122334455
lab_new a 0
address[sub]=$(lab_address 1)
expect 0 --root "$work/a" cluster add-node a-sub "${address[sub]}" --restart
expect 0 --root "$work/a" phone add "$phone" --model 8861
files=$work/a/tftp
printf 'rings\n' >"$files/ringlist.xml"
mkdir "$files/Desktops"
head -c 3000000 /dev/urandom >"$files/Desktops/big file.png"
: >"$files/empty.xml"
lab_serve a
grep -q 'HTTP on 6970, HTTPS on 6971, HTTPS on 6972' "$work/a.log" || fail 'ready does not say where'
pub=${address[a]} sub=${address[sub]}

# fetch STATUS URL [OPTION...]: curl's body in $work/body; its status code, 000 for none.
fetch() {
	local code
	rm -f "$work/body"
	code=$(curl -gsk --path-as-is -o "$work/body" -w '%{http_code}' "${@:3}" "$2") || true
	[[ $code == "$1" ]] || fail "$2 ${*:3}: $code, not $1"
}

# ---- the same as over TFTP ----

for name in "ITL$phone.tlv" ITLFile.tlv "$phone.cnf.xml" ringlist.xml; do
	curl -s -o "$work/by-tftp" "tftp://$pub:$port/$name"
	for door in http://$pub:6970 https://$pub:6971 https://$pub:6972; do
		fetch 200 "$door/$name"
		same "$work/body" "$work/by-tftp"
	done
done
fetch 200 "http://$pub:6970/Desktops/big%20file.png"
same "$work/body" "$files/Desktops/big file.png"
fetch 200 "https://$pub:6971/Desktops/big%20file.png" --http1.0
same "$work/body" "$files/Desktops/big file.png"
run wget -q -O "$work/body" "http://$pub:6970/Desktops/big%20file.png"
same "$work/body" "$files/Desktops/big file.png"
fetch 200 "http://$pub:6970/empty.xml"
fetch 404 "http://$pub:6970/CTL$phone.tlv"
fetch 404 "http://$pub:6970/../trustlist.conf"
fetch 404 "http://$pub:6970/%2e%2e/trustlist.conf"
fetch 405 "http://$pub:6970/ringlist.xml" -X POST -d x
fetch 405 "http://$pub:6970/ringlist.xml" -T "$files/ringlist.xml"
fetch 413 "http://$pub:6970/ringlist.xml" -X GET -d x

# Several on one connection.
run curl -gs -o "$work/1" "http://$pub:6970/ringlist.xml" -o "$work/2" "http://$pub:6970/none" \
	-o "$work/3" "http://$pub:6970/ringlist.xml" -w '%{num_connects} '
[[ $(cat "$work/stdout") == '1 0 0 ' ]] || fail "not one connection: $(cat "$work/stdout")"
same "$work/3" "$files/ringlist.xml"

# ---- phones ----

# asked SERVICE EVENT FILE: how often the log says so, from line $from on.
asked() {
	tail -n "+$from" "$work/a.log" | grep -c " $1 .* $phone $2 file=$3 " || true
}
from=$(($(wc -l <"$work/a.log") + 1))
boots 0 "$phone" a --model 8861
[[ $(asked http sent "ITL$phone.tlv") == 1 ]] || fail 'the phone did not get its list over HTTP'
[[ $(asked http not-found "CTL$phone.tlv") -ge 1 ]] || fail 'HTTP was not asked for a CTL'
[[ $(asked tftp not-found "CTL$phone.tlv") -ge 1 ]] || fail 'TFTP was not asked for what HTTP lacks'
[[ $(asked http sent "$phone.cnf.xml.sgn") == 1 ]] || fail 'no configuration over HTTP'
expect 0 --root "$work/a" phone show "$phone"
shows 'Match'
before=$(grep -c " http " "$work/a.log")
boots 0 "$phone" a --no-http
[[ $(grep -c " http " "$work/a.log") == "$before" ]] || fail 'asked over HTTP all the same'
boots 0 SEP001122339975 a --model 7975
[[ $(grep -c " http " "$work/a.log") == "$before" ]] || fail 'a 7975 asked over HTTP'

# ---- parts ----

big="http://$pub:6970/Desktops/big%20file.png"
fetch 206 "$big" -r 1000000-1000999
dd if="$files/Desktops/big file.png" of="$work/part" bs=1000 skip=1000 count=1 status=none
same "$work/body" "$work/part"
fetch 206 "$big" -r -10
tail -c 10 "$files/Desktops/big file.png" | cmp -s - "$work/body" || fail 'not the last ten'
fetch 416 "$big" -r 3000000-
fetch 200 "$big" -r 0-1,5-6
same "$work/body" "$files/Desktops/big file.png"
head -c 1234567 "$files/Desktops/big file.png" >"$work/begun"
run wget -q -c -O "$work/begun" "$big"
same "$work/begun" "$files/Desktops/big file.png"

# ---- signed, or not ----

fetch 200 "https://$pub:6971/$phone.cnf.xml"
cp "$work/body" "$work/plain"
fetch 200 "https://$pub:6971/$phone.cnf.xml.sgn"
same "$work/body" "$work/plain"
for door in http://$pub:6970 https://$pub:6972; do
	fetch 200 "$door/$phone.cnf.xml.sgn"
	cmp -s "$work/body" "$work/plain" && fail "$door: not signed"
	tail -c "$(stat -c %s "$work/plain")" "$work/body" | cmp -s - "$work/plain" ||
		fail "$door: something else is signed"
done

# ---- certificates ----

# shown ADDRESS PORT [OPTION...]: the certificate that this door presents, in $work/shown.pem.
shown() {
	openssl s_client -connect "$1:$2" "${@:3}" </dev/null 2>"$work/s_client" |
		openssl x509 >"$work/shown.pem" 2>/dev/null || fail "$1:$2 ${*:3}: no certificate"
}

# presents ADDRESS NODE: both doors show what the node has now.
presents() {
	local pair
	for pair in '6971 CallManager' '6972 tomcat'; do
		read -r at store <<<"$pair"
		of a cert export "$store" --node "$2" | openssl x509 >"$work/now.pem"
		shown "$1" "$at"
		same "$work/shown.pem" "$work/now.pem"
	done
}
presents "$pub" a-pub
presents "$sub" a-sub
for version in -tls1 -tls1_1 -tls1_2 -tls1_3; do
	shown "$pub" 6971 "$version" -cipher 'ALL:@SECLEVEL=0'
done
# All that a 7900 can.
shown "$pub" 6971 -tls1 -cipher 'AES128-SHA:@SECLEVEL=0'

# What it loaded, until it is restarted.
shown "$pub" 6971
cp "$work/shown.pem" "$work/before.pem"
expect 0 --root "$work/a" cert regenerate CallManager --node a-pub --yes
shown "$pub" 6971
same "$work/shown.pem" "$work/before.pem"
expect 0 --root "$work/a" service restart TFTP --node a-pub
presents "$pub" a-pub
cmp -s "$work/shown.pem" "$work/before.pem" && fail 'still the old certificate'
expect 0 --root "$work/a" cert regenerate tomcat --node a-sub
expect 0 --root "$work/a" service list
shows 'the tomcat certificate was replaced'
expect 0 --root "$work/a" service restart TFTP --node a-sub
presents "$sub" a-sub

# ---- each node for itself ----

fetch 200 "http://$pub:6970/ITLFile.tlv"
cp "$work/body" "$work/itl"
fetch 200 "http://$sub:6970/ITLFile.tlv"
cmp -s "$work/body" "$work/itl" && fail 'both nodes serve one list'
expect 0 --root "$work/a" service stop TFTP --node a-pub
fetch 000 "http://$pub:6970/ringlist.xml"
fetch 000 "https://$pub:6971/ringlist.xml"
fetch 200 "http://$sub:6970/ringlist.xml"
expect 0 --root "$work/a" service start TFTP --node a-pub
fetch 200 "https://$pub:6971/ringlist.xml"

# ---- who misbehaves ----

# say WORDS: to the plain door; what it answers is in $work/stdout.
say() {
	# shellcheck disable=SC2016 # the inner shell's
	run timeout 10 bash -c 'exec 3<>"/dev/tcp/$1/6970"; printf "$2" >&3; cat <&3' - "$pub" "$1"
}
say 'GET /ringlist.xml\r\n\r\n'
shows 'HTTP/1.1 400 Bad Request'
say '\x16\x03\x01\x02\x00\x01\x00\x01\xfc'
shows 'HTTP/1.1 400 Bad Request'
say 'POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n'
shows 'HTTP/1.1 400 Bad Request'
run openssl s_client -connect "$pub:6970" </dev/null
((status != 0)) || fail 'TLS on the plain door'
say "GET /$(printf 'a%.0s' {1..9000}) HTTP/1.1\r\n"
shows 'HTTP/1.1 414 URI Too Long'
# A file that is cut short while it is sent does not end as if it were whole.
truncate -s 300M "$files/huge.bin"
(
	curl -s --limit-rate 20M -o "$work/cut" "http://$pub:6970/huge.bin" ||
		printf 'curl said %s\n' "$?" >"$work/said"
) &
fetching=$!
for _ in $(seq 100); do
	[[ -s $work/cut ]] && break
	sleep 0.1
done
truncate -s 1M "$files/huge.bin"
wait "$fetching"
[[ -s $work/said ]] || fail 'a file that was cut short came whole'

# ---- off, and taken ----

lab_stop a
printf '[http]\nport = 0\n[https]\nport = 0\n[https-tomcat]\nport = 7972\ntls_min = 1.2\n' \
	>"$work/a/trustlist.conf"
lab_serve a
fetch 000 "http://$pub:6970/ringlist.xml"
fetch 000 "https://$pub:6971/ringlist.xml"
fetch 200 "https://$pub:7972/ringlist.xml"
openssl s_client -connect "$pub:7972" -tls1 -cipher 'ALL:@SECLEVEL=0' </dev/null >"$work/tls" 2>&1 &&
	fail 'TLS 1.0 below the minimum'
grep -q 'https.*handshake-failed.*set tls_min = 1.0' "$work/a.log" || fail 'the log does not say why'
lab_stop a
printf '[http]\nport = 7970\n[https]\nport = 7970\n' >"$work/a/trustlist.conf"
expect 1 --root "$work/a" serve
says 'port 7970: another listener has it'
printf '[https]\ntls_min = 1.3\ntls_max = 1.0\n' >"$work/a/trustlist.conf"
expect 1 --root "$work/a" config check
says '[https] tls_min is above tls_max'
finish
