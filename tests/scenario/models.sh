#!/usr/bin/env bash
# Phones of many models fetch configuration - signed, encrypted and plain - over HTTP first and TFTP
# second, or over TFTP alone, as their model does; and refuse what is not as it should be.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

signer=$here/../data/vectors/certs/tftp.pem # that no phone knows
declare -A model=(
	[SEP001122007821]=7821 [SEP001122008841]=8841 [SEP001122008861]=8861
	[SEP001122008945]=8945 [SEP001122007861]=7861
	[SEP001122007975]=7975 [SEP001122009971]=9971
	[SEP001122007940]=7940 [CSFALICE]=CSF
)
by_http=(SEP001122007821 SEP001122008841 SEP001122008861 SEP001122008945 SEP001122007861)
by_tftp=(SEP001122007975 SEP001122009971)
plain=(SEP001122007940 CSFALICE) # without Security By Default

# ---- who was asked, as the log of the cluster tells ----

from=1
mark() {
	from=$(($(wc -l <"$work/a.log") + 1))
}
# asked SERVICE EVENT NAME: how often, since mark.
asked() {
	tail -n "+$from" "$work/a.log" | grep -c " $1 .* $2 file=$3 " || true
}
# sent_by SERVICE NAME: once, by this service alone.
sent_by() {
	local other=tftp
	[[ $1 == tftp ]] && other=http
	[[ $(asked "$1" sent "$2") == 1 ]] || fail "$2 was not sent by $1"
	[[ $(asked "$other" sent "$2") == 0 ]] || fail "$2 was sent by $other, too"
}
# judged FILE FETCHED VERDICT REASON: the last boot's JSON says so of the configuration.
judged() {
	shows_json "\"file\":\"$1\",\"kind\":\"configuration\",\"fetched\":\"$2\",\"verdict\":\"$3\",\"reason\":\"$4\""
}
# accepts PHONE SUFFIX WAY [REASON]: it boots, and takes that configuration, which came that way.
accepts() {
	mark
	boots 0 "$1" a --json
	judged "$1.cnf.xml$2" got accepted "${4:-signer-in-itl}"
	sent_by "$3" "$1.cnf.xml$2"
}
# refuses PHONE SUFFIX REASON [OPTION...]: it does not take that, and keeps what it had.
refuses() {
	cp "$work/phones/$1/$1.cnf.xml" "$work/kept"
	boots 5 "$1" a --json "${@:4}"
	judged "$1.cnf.xml$2" got refused "$3"
	shows_json '"outcome":"refused"'
}
keeps() {
	same "$work/phones/$1/$1.cnf.xml" "$work/kept"
}

lab_new a 0
for phone in "${!model[@]}"; do
	expect 0 --root "$work/a" phone add "$phone" --model "${model[$phone]}"
done
lab_serve a

# ---- signed, and plain ----

# boots_first PHONE WAY: for the first time.
boots_first() {
	mark
	boots 0 "$1" a --model "${model[$1]}" --json
	sent_by "$2" "ITL$1.tlv"
	sent_by "$2" "$1.cnf.xml.sgn"
	judged "$1.cnf.xml.sgn" got accepted signer-in-itl
}
for phone in "${by_http[@]}"; do
	boots_first "$phone" http
	[[ $(asked http not-found "CTL$phone.tlv") == 1 ]] || fail "$phone: HTTP was not asked first"
	[[ $(asked tftp not-found "CTL$phone.tlv") == 1 ]] || fail "$phone: TFTP was not asked second"
done
for phone in "${by_tftp[@]}"; do
	boots_first "$phone" tftp
	[[ $(asked http not-found "CTL$phone.tlv") == 0 ]] || fail "$phone asked over HTTP"
done
for phone in "${plain[@]}"; do
	mark
	boots 0 "$phone" a --model "${model[$phone]}" --json
	judged "$phone.cnf.xml" got accepted no-security-by-default
	sent_by tftp "$phone.cnf.xml"
	[[ $(asked '[a-z]*' '[a-z-]*' "ITL$phone.tlv") == 0 ]] || fail "$phone asked for an ITL"
	[[ $(asked '[a-z]*' '[a-z-]*' "$phone.cnf.xml.sgn") == 0 ]] || fail "$phone asked for signed"
done
for phone in "${by_http[@]}" "${by_tftp[@]}"; do
	refuses "$phone" .sgn bad-signature --tamper "$phone.cnf.xml.sgn"
	keeps "$phone"
done

# ---- encrypted ----

# seal PHONE: it gets an LSC, and its configuration is encrypted to that.
seal() {
	expect 0 --root "$work/a" phone set "$1" --encrypted-config on
	expect 0 --root "$work/a" capf schedule "$1" --operation install --key rsa:2048
	boots 0 "$1" a
	shows 'LSC: Installed'
}
for phone in "${by_http[@]}" "${by_tftp[@]}"; do
	seal "$phone"
done
for phone in "${by_http[@]}"; do
	accepts "$phone" .enc.sgn http
done
for phone in "${by_tftp[@]}"; do
	accepts "$phone" .enc.sgn tftp
done
for phone in "${by_http[@]}" "${by_tftp[@]}"; do
	refuses "$phone" .enc.sgn bad-signature --tamper "$phone.cnf.xml.enc.sgn"
	keeps "$phone"
done

# ---- HTTP that is not there, and HTTP that answers 503 ----

# hang_up: SIGHUP to the server, and waits until it serves what trustlist.conf says.
hang_up() {
	local i
	mark
	kill -HUP "${server[a]}"
	for ((i = 0; i < 200; i++)); do
		tail -n "+$from" "$work/a.log" | grep -q 'old-workers-left' && return
		sleep 0.05
	done
	fail "the configuration was not read: $(tail -n 3 "$work/a.log")"
}
# front STATUS: gives what lies in $work/front over HTTP, and for all else that status.
front=0
front() {
	: >"$work/front.log"
	python3 -u "$here/../support/http_front.py" "${address[a]}" 6970 "$1" "$work/front" \
		>"$work/front.log" &
	front=$!
	grep -qm 1 '^ready' < <(timeout 30 tail -n +1 -f --pid=$front "$work/front.log") ||
		fail 'no server in front'
}
unfront() {
	((front == 0)) || kill "$front" 2>/dev/null || true
	((front == 0)) || wait "$front" 2>/dev/null || true
	front=0
}
trap 'unfront; lab_kill_all' EXIT
# given NAME: over HTTP by who stands in front.
given() {
	grep -qx "200 $1" "$work/front.log" || fail "$1 was not asked for over HTTP"
}
mkdir "$work/front"

sed -i '/^\[http\]/,/^\[/ s/^port = .*/port = 0/' "$work/a/trustlist.conf"
hang_up
for phone in "${by_http[@]}"; do
	accepts "$phone" .enc.sgn tftp
done
front 503
for phone in "${by_http[@]}"; do
	accepts "$phone" .enc.sgn tftp
	grep -qx "503 $phone.cnf.xml.enc.sgn" "$work/front.log" || fail "$phone: HTTP was not asked"
done
unfront
front 404

# ---- what somebody on the path puts there ----

other=SEP001122008861
for phone in SEP001122007821 SEP001122008945; do
	curl -sS -o "$work/front/$phone.cnf.xml.enc.sgn" \
		"tftp://${address[a]}:$port/$other.cnf.xml.enc.sgn"
	refuses "$phone" .enc.sgn decryption-key-mismatch
	given "$phone.cnf.xml.enc.sgn"
	curl -sS -o "$work/front/$phone.cnf.xml.enc.sgn" "tftp://${address[a]}:$port/$phone.cnf.xml.sgn"
	refuses "$phone" .enc.sgn not-encrypted
	keeps "$phone"
	rm "$work/front/$phone.cnf.xml.enc.sgn"
done

# Encryption is off: a phone that does not know it yet asks for what is not there, and goes on.
for phone in "${by_http[@]}"; do
	expect 0 --root "$work/a" phone set "$phone" --encrypted-config off
	mark
	boots 0 "$phone" a --json
	judged "$phone.cnf.xml.enc.sgn" not-found not-found not-found
	judged "$phone.cnf.xml.sgn" got accepted signer-in-itl
	[[ $(asked tftp not-found "$phone.cnf.xml.enc.sgn") == 1 ]] || fail "$phone: it was found"
	sent_by tftp "$phone.cnf.xml.sgn"
	mark
	boots 0 "$phone" a
	[[ $(asked tftp '[a-z-]*' "$phone.cnf.xml.enc.sgn") == 0 ]] || fail "$phone asks again"
done

for phone in "${by_http[@]}"; do
	file=$phone.cnf.xml.sgn
	curl -sS -o "$work/plain" "tftp://${address[a]}:$port/$phone.cnf.xml"
	cp "$work/plain" "$work/front/$file"
	refuses "$phone" .sgn unsigned
	given "$file"
	keeps "$phone"
	expect 0 file sign "$work/plain" --key "$signer" --filename "$file" --out "$work/front/$file"
	refuses "$phone" .sgn tvs-lacks-certificate
	keeps "$phone"
	printf 'no configuration' >"$work/front/$file"
	refuses "$phone" .sgn unsigned
	curl -sS "tftp://${address[a]}:$port/$file" | head -c 300 >"$work/front/$file"
	refuses "$phone" .sgn malformed
	keeps "$phone"
done
expect 0 --root "$work/a" service stop TVS
phone=SEP001122008841
expect 0 file sign "$work/plain" --key "$signer" --filename "$phone.cnf.xml.sgn" \
	--out "$work/front/$phone.cnf.xml.sgn"
refuses "$phone" .sgn tvs-unreachable
expect 0 --root "$work/a" service start TVS
# What is put there for a phone without Security By Default it would take; it does not ask there.
cp "$work/plain" "$work/front/CSFALICE.cnf.xml"
accepts CSFALICE '' tftp no-security-by-default
unfront
for phone in "${by_http[@]}"; do
	accepts "$phone" .sgn tftp
done

lab_stop a
finish
