#!/usr/bin/env bash
# What an operator tells CAPF: orders for one phone and for many, authentication strings that come
# from a file and go nowhere else, mistakes that change nothing, and JSON that programs can read.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

export TZ=UTC
lab_new a 0
a=SEP00000000000A b=SEP00000000000B c=SEP00000000000C
expect 0 --root "$work/a" phone add $a --model 7975
expect 0 --root "$work/a" phone add $b --model 8861
expect 0 --root "$work/a" phone add $c --model 8861 --security encrypted

capf() {
	expect "$1" --root "$work/a" capf "${@:2}"
}

# Every result is one JSON document, also that of a mistake.
json() {
	run of a "$@" --json
	python3 -m json.tool <"$work/stdout" >/dev/null || fail "no JSON: $*"
}

# ---- mistakes: each says what, and nothing is ordered ----

capf 2 schedule $a
says '--operation'
capf 2 schedule --operation install
says '--all'
capf 2 schedule $a --all --operation install
capf 2 schedule $a --operation upgrade
says 'install, delete, troubleshoot or none'
capf 2 schedule $a --operation install --auth pin
says 'string, null, lsc, mic'
capf 2 schedule $a --operation install --key rsa:1000
says 'rsa:512'
capf 2 schedule $a --operation install --auth string
says 'no authentication string'
says '--auth-string-file FILE gives one, --generate-string makes one'
capf 2 schedule $a --operation delete --key ec:256
says '--key is for install'
capf 2 schedule $a --operation install --generate-string
says 'is for --auth string'
capf 2 schedule $a --operation install --completes-by 2020-01-01
says 'has passed'
capf 2 schedule $a --operation install --completes-by 2099-02-30
says 'is no moment'
capf 2 schedule --model 7976 --operation install
capf 2 schedule --lsc-expires-before soon --operation install
capf 3 schedule $a SEP0000000000FF --operation install
says 'no phone SEP0000000000FF'
capf 2 cancel
capf 3 cancel SEP0000000000FF
capf 3 show SEP0000000000FF
capf 3 string $a
capf 3 lsc export $a
says 'holds no LSC'
capf 2 lsc export $a --shown both
capf 3 lsc list SEP0000000000FF
capf 2 lsc list --expires-before soon

# Digits, and nothing else; what the file holds is never repeated.
for bad in 'secret12' '123' '12345678901' '1234 5' '' $'1234\n\n' $'\n1234'; do
	printf '%s' "$bad" >"$work/string"
	capf 2 schedule $a --operation install --auth string --auth-string-file "$work/string"
	says '4 to 10 digits'
	! grep -q 'secret12' "$work/stderr" || fail 'the string was repeated'
done
head -c 100 /dev/zero >"$work/string"
capf 1 schedule $a --operation install --auth string --auth-string-file "$work/string"
capf 3 schedule $a --operation install --auth string --auth-string-file "$work/none"

run of a capf list --json
shows_json '"phones":[]'

# ---- strings ----

printf '483920\n' >"$work/string"
capf 0 schedule $a --operation install --auth string --auth-string-file "$work/string"
! grep -q 483920 "$work/stdout" || fail 'a string that was given is shown'
capf 0 string $a
[[ $(<"$work/stdout") == 483920 ]] || fail 'not the string of the file'
printf '0042\r\n' | run of a capf schedule $b --operation install --auth string --auth-string-file -
capf 0 string $b
[[ $(<"$work/stdout") == 0042 ]] || fail 'not the string of standard input'
run of a capf list --json
! grep -q -e 483920 -e '"0042"' "$work/stdout" || fail 'the list shows strings'
run of a events tail --json
! grep -q 483920 "$work/stdout" || fail 'the trail shows strings'
capf 0 cancel $a $b
shows '2 pending operations cancelled'
capf 3 string $a
capf 0 schedule $c --operation install --auth string --generate-string
shows 'does not contact CAPF'
capf 0 schedule --all --operation install --auth string --generate-string --digits 4
[[ $(grep -cE '^SEP[0-9A-F]{12}  +[0-9]{4}$' "$work/stdout") -eq 3 ]] || fail 'no sheet of strings'

# ---- many phones ----

capf 0 schedule --model 8861 --operation delete --auth lsc
shows 'Delete scheduled for 2 phones'
run of a capf list --pending --json
shows_json '"operation":"delete","auth":"lsc"'
capf 3 schedule --all --lsc-expires-before 30d --operation install
says 'no phone'
capf 3 cancel --model 7965
capf 0 cancel --model 8861
shows '2 pending operations cancelled'
capf 0 schedule --all --operation delete
shows 'a null string proves nothing'
capf 0 cancel --all
shows '3 pending operations cancelled'
capf 0 cancel $a
shows '0 pending operations cancelled'

# ---- until when ----

capf 0 schedule $a --operation troubleshoot --completes-by 2099:12:31:18
run of a capf show $a --json
shows_json '"completes_by":"2099-12-31T18:00:00Z"'
capf 0 schedule $a --operation troubleshoot --completes-by 2099-12-31
run of a capf show $a --json
shows_json '"completes_by":"2099-12-31T23:59:59Z"'
capf 0 show $a
shows 'Certificate Operation Status: Operation Pending'
capf 0 schedule $a --operation troubleshoot --completes-by 5d
capf 2 schedule $a --operation troubleshoot --completes-by 0d
says 'has passed'

# ---- a service that is stopped, and what phones are told ----

expect 0 --root "$work/a" service stop CAPF
capf 0 schedule $b --operation install --key ec:384,rsa:2048
shows 'CAPF is stopped'
lab_serve a
boots 0 $b a --model 8861
grep -q '<capfAuthMode>2</capfAuthMode>' "$work/phones/$b/"* || fail 'the phone was not told of its order'
expect 0 --root "$work/a" capf cancel $b
boots 0 $b a
grep -q '<capfAuthMode>0</capfAuthMode>' "$work/phones/$b/"* || fail 'the phone was not told that it is off'
lab_stop a

for words in "schedule $a --operation install --auth string --generate-string" 'schedule --operation install' \
	"list" "list $b" "show $a" "string $a" "string $b" "cancel $a" 'lsc list' "lsc export $a" 'stale-lsc list'; do
	# shellcheck disable=SC2086 # each is some words
	json capf $words
done
json utils capf stale-lsc list
json phone list
json phone show $a
finish
