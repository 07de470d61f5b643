# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh and lab.sh have the others
# Phones that come to CAPF of cluster a, played by the independent client.  Sourced after lab.sh.

: "${work:?comes from lib.sh}"
support=$(cd "$(dirname "${BASH_SOURCE[0]}")/../support" && pwd)
capf_port=3804

# add_phone NAME MODEL
add_phone() {
	expect 0 --root "$work/a" phone add "$1" --model "$2"
}

# order PHONE OPERATION [OPTION...].  The key is that of the phone's last order unless it is said.
order() {
	local unsaid=()
	[[ $2 != install || " $* " == *' --key '* ]] || unsaid=(--key rsa:2048)
	expect 0 --root "$work/a" capf schedule "$1" --operation "$2" "${unsaid[@]}" "${@:3}"
}

# order_by_string PHONE OPERATION STRING [OPTION...]
order_by_string() {
	printf '%s\n' "$3" >"$work/string"
	order "$1" "$2" --auth string --auth-string-file "$work/string" "${@:4}"
}

# order_all OPERATION [OPTION...]: of every phone.
order_all() {
	expect 0 --root "$work/a" capf schedule --all --operation "$@"
}

# phone NAME [OPTION...]: the phone comes; $said is what the server said to it, in a line.
phone() {
	run timeout 120 python3 "$support/capf_client.py" "${address[a]}" "$capf_port" "$1" \
		--memory "$work/phones/$1" "${@:2}"
	said=$(head -n 1 "$work/stdout")
}

# talks PATTERN NAME [OPTION...]: the phone comes, and the server says this.
talks() {
	phone "${@:2}"
	((status == 0)) || fail "$2 ${*:3}: $(tail -n 1 "$work/stderr")"
	# shellcheck disable=SC2053 # it is a pattern
	[[ $said == $1 ]] || fail "$2 ${*:3}: the server said: $said; not: $1"
}

# row PHONE FIELD: of capf list, as text.
row() {
	of a capf list --json | python3 -c '
import json, sys
rows = [r for r in next(v for v in json.load(sys.stdin).values() if isinstance(v, list))
        if r["name"] == sys.argv[1]]
print(rows[0][sys.argv[2]] if rows else "no row")' "$1" "$2"
}

# stands PHONE FIELD WANTED: so it is in capf list, at once or soon, for a phone that hangs up is
# noticed a moment later.
stands() {
	local i is=
	for ((i = 0; i < 100; i++)); do
		is=$(row "$1" "$2")
		[[ $is == "$3" ]] && return
		sleep 0.1
	done
	fail "$2 of $1 is $is, not $3"
}

# lscs PHONE [OPTION...]: states of what was issued to it, in that order, in a line.
lscs() {
	of a capf lsc list --json "${@:2}" | python3 -c '
import json, sys
rows = next(v for v in json.load(sys.stdin).values() if isinstance(v, list))
print(*(r["state"] for r in rows if r["name"] == sys.argv[1]))' "$1"
}

# account PHONE STATES [OPTION...]
account() {
	local is
	is=$(lscs "$1" "${@:3}")
	[[ $is == "$2" ]] || fail "issued to $1 ${*:3}: $is; not: $2"
}

# subject CERTIFICATE: a line for each attribute.
subject() {
	openssl x509 -in "$1" -noout -subject -nameopt sep_multiline,sname | sed 's/^ *//' |
		grep '=' | grep -v '^subject='
}

has() {
	grep -qF -- "$2" "$1" || fail "$1 has no: $2"
}

# lsc_is_good PHONE COMMON-NAME: the one it holds, for the key it has, is what CAPF has to issue.
# CAPF is in $work/capf.pem.
lsc_is_good() {
	local lsc=$work/phones/$1/lsc.pem left days=${capf_days:-1825}
	openssl verify -CAfile "$work/capf.pem" -purpose sslclient "$lsc" >/dev/null ||
		fail "$1: its LSC does not verify"
	openssl x509 -in "$lsc" -noout -text >"$work/text"
	has "$work/text" 'Signature Algorithm: sha256WithRSAEncryption'
	grep -A1 'Key Usage: critical' "$work/text" | grep -qx ' *Digital Signature, Key Encipherment' ||
		fail "$1: key usage"
	grep -A1 'Basic Constraints: critical' "$work/text" | grep -qx ' *CA:FALSE' ||
		fail "$1: basic constraints"
	has "$work/text" \
		'TLS Web Server Authentication, TLS Web Client Authentication, IPSec End System'
	has "$work/text" "URI:$1"
	{
		subject "$work/capf.pem" | grep -E '^(C|O|OU)='
		printf 'CN=%s\n' "$2"
	} | sort >"$work/wanted"
	subject "$lsc" | sort >"$work/is"
	same "$work/wanted" "$work/is"
	same <(openssl x509 -in "$lsc" -noout -pubkey) \
		<(openssl pkey -in "$work/phones/$1/key.pem" -pubout)
	left=$(($(date -d "$(openssl x509 -in "$lsc" -noout -enddate | cut -d= -f2)" +%s) - $(date +%s)))
	((left > (days - 1) * 86400 && left <= days * 86400)) ||
		fail "$1: valid for $left seconds, not $days days"
	of a capf lsc export "$1" | openssl x509 -outform DER | cmp -s - \
		<(openssl x509 -in "$lsc" -outform DER) || fail "$1: another LSC is exported"
	stands "$1" operation none
	stands "$1" status_text 'Upgrade Success'
}
