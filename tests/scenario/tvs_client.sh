#!/usr/bin/env bash
# Other people's TVS clients: one in Python, written from tvs/PROTOCOL.md, and `openssl s_client` with
# the bytes of a request, in every version of TLS that a phone may have.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

tvs_port=2445
strict_port=2446

# asks STATUS CERTIFICATE [query]: 0 valid, 5 invalid, 1 no answer.
asks() {
	run timeout 20 python3 "$here/../support/tvs_client.py" "${address[a]}" "$tvs_port" \
		"$work/$2.pem" "${@:3}"
	((status == $1)) || fail "$2 ${3-verify}: exit status $status, not $1: $(cat "$work/stdout")"
}

# The roles of a certificate's stores, as numbers of a trust list.
declare -A roles=(
	[CallManager]='[0, 2, 3]' [TVS]='[21]' [CAPF]='[4]' [ITLRecovery]='[0, 3]' [tomcat]='[7]'
)

known_are_valid() {
	local name
	for name in "${!roles[@]}"; do
		of a cert export "$name" >"$work/$name.pem"
		asks 0 "$name"
		shows "valid roles ${roles[$name]} ttl 86400 certificate 0"
		asks 0 "$name" query
		shows "valid roles ${roles[$name]} ttl 86400 certificate $(
			openssl x509 -in "$work/$name.pem" -outform DER | wc -c
		)"
	done
}

stranger_is_invalid() {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -out "$work/stranger.pem" \
		-subj "/C=XX/O=elsewhere/CN=stranger" 2>/dev/null
	asks 5 stranger
	asks 5 stranger query
}

# A request and the answer to it, as bytes.
save_exchange() {
	PYTHONPATH=$here/../support python3 - "${address[a]}" "$tvs_port" "$work" <<-'end'
		import sys, tvs_client
		address, port, work = sys.argv[1:]
		question = tvs_client.request(work + "/CallManager.pem", True)
		open(work + "/question", "wb").write(question)
		open(work + "/answer", "wb").write(tvs_client.ask(address, int(port), question))
	end
}

# It ends when its input does, so that stays open until the answer is there.
question_until_answered() {
	local wanted i
	wanted=$(stat -c %s "$work/answer")
	cat "$work/question"
	for ((i = 0; i < 100 && $(stat -c %s "$work/got") < wanted; i++)); do
		sleep 0.1
	done
}

# by_openssl PORT OPTION...: leaves the answer in $work/got.
by_openssl() {
	: >"$work/got"
	question_until_answered |
		timeout 20 openssl s_client -connect "${address[a]}:$1" -quiet -no_ign_eof \
			-cipher DEFAULT@SECLEVEL=0 "${@:2}" >"$work/got" 2>"$work/stderr" || true
}

every_version_answers() {
	local version
	for version in -tls1 -tls1_1 -tls1_2 -tls1_3; do
		by_openssl "$tvs_port" "$version"
		cmp -s "$work/answer" "$work/got" || fail "s_client $version: another answer"
	done
	# All that a 7900 phone has.
	by_openssl "$tvs_port" -tls1 -cipher AES256-SHA@SECLEVEL=0
	same "$work/answer" "$work/got"
}

stopped_turns_away() {
	expect 0 --root "$work/a" service stop TVS
	asks 1 CallManager
	expect 0 --root "$work/a" service start TVS
	asks 0 CallManager
}

# The question would wait ten seconds for its answer.
strict_refuses_old() {
	by_openssl "$strict_port" -tls1_2
	same "$work/answer" "$work/got"
	timeout 20 openssl s_client -connect "${address[a]}:$strict_port" -tls1 \
		-cipher DEFAULT@SECLEVEL=0 </dev/null >/dev/null 2>&1 && fail 'TLS 1.0 was taken'
	grep ' handshake-failed ' "$work/a.log" | grep -q 'tls_min' ||
		fail "the log does not name tls_min: $(grep ' handshake-failed ' "$work/a.log")"
}

lab_new a 0
printf '\n[tvs-2]\nport = %d\ntls_min = 1.2\n' "$strict_port" >>"$work/a/trustlist.conf"
lab_serve a
known_are_valid
stranger_is_invalid
save_exchange
every_version_answers
stopped_turns_away
strict_refuses_old
lab_stop a
finish
