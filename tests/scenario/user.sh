#!/usr/bin/env bash
# Users, API tokens and the audit trail on the command line: who may administer, what is shown once,
# what is kept of it, and that no secret is kept anywhere.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

root=$work/a
password='correct horse battery'
a() {
	local wanted=$1
	shift
	expect "$wanted" --root "$root" "$@"
}
# field NAME: the last document's field of that name.
field() {
	python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$work/stdout" "$1"
}
# trail: the newest entry but for those that only read, "who from what subject was now outcome".
trail() {
	"$TRUSTLIST" --root "$root" audit list --count "${1:-1}" --json | python3 -c '
import json, sys
for row in json.load(sys.stdin)["audit"]:
	print("|".join(row[k] for k in ("what", "subject", "was", "now", "outcome")))'
}
# noted LINE: that is the trail now.
noted() {
	local is
	is=$(trail)
	[[ $is == "$1" ]] || fail "the trail says $is, not $1"
}

a 0 cluster init --name a
noted 'cluster init||||done'
printf '%s\n' "$password" >"$work/password"
printf 'short\n' >"$work/short"

# Users.
a 0 user add anna --role admin --password-file "$work/password"
shows 'anna added: may admin'
noted 'user add|anna||role admin, disabled no|done'
a 1 user add anna --role read --password-file "$work/password"
says 'there is a user anna already'
a 2 user add otto --role root --password-file "$work/password"
says 'neither read, operate nor admin'
a 2 user add Otto --role read --password-file "$work/password"
says '1 to 32 of a-z'
a 2 user add otto --role read --password-file "$work/short"
says 'a password has 8 to 128 bytes, not 5'
a 2 user add otto --role read </dev/null
says 'nobody at a terminal to type it'
run "$TRUSTLIST" --root "$root" user add otto --role read --password-file - <"$work/password"
[[ $status -eq 0 ]] || fail "a password from standard input: exit status $status"
a 0 user list --json
[[ $(python3 -c 'import json, sys
print([(u["name"], u["role"], u["disabled"]) for u in json.load(open(sys.argv[1]))["users"]])' \
	"$work/stdout") == "[('anna', 'admin', False), ('otto', 'read', False)]" ]] || fail 'user list'

# Typed, a password is asked for twice and not shown.
typed() {
	local wanted=$1
	run python3 "$here/../support/typed.py" "$2" "$3" -- \
		"$TRUSTLIST" --root "$root" user set otto "${@:4}"
	[[ $status -eq $wanted ]] || fail "typed: exit status $status, not $wanted"
	! grep -qF "$2" "$work/stdout" || fail 'the password was shown'
}
typed 0 'typed password' 'typed password' --password-file -
shows 'new password'
typed 2 'typed password' 'mistyped password' --password-file -
shows 'the two differ'

# The last admin stays, unless one insists.
a 1 user set anna --role read
says 'anna is the last enabled admin'
says '--yes'
noted 'user set|anna|||limit'
a 1 user set anna --disabled yes
a 1 user delete anna
a 0 user set otto --role admin --password-file "$work/password"
noted 'user set|otto|role read, disabled no|role admin, disabled no, new password|done'
a 0 user set anna --role operate
a 0 user set anna --role operate
shows 'it is so already'
a 2 user set anna
says 'nothing to set'
a 2 user set anna --disabled maybe
a 3 user set nobody --role read
a 0 user set otto --disabled yes --yes
noted 'user set|otto --yes|role admin, disabled no|role admin, disabled yes|done'

# Tokens are shown once.
a 0 user token add anna --label 'build machine' --role operate --days 30 --json
token=$(field token)
[[ $token =~ ^tl_[A-Za-z0-9_-]{43}$ ]] || fail "a token looks like $token"
noted 'user token add|anna||token 1 of anna, label "build machine", role operate|done'
a 1 user token add anna --label x --role admin --days 30
says 'may operate at most, not admin'
a 2 user token add anna --label x --role read --days 3651
a 2 user token add anna --label x --role read
a 3 user token add nobody --label x --role read --days 1
a 0 user token list anna --json
! grep -qF "$token" "$work/stdout" || fail 'the list shows the token'
shows_json '"state":"good"'
a 3 user token list nobody
a 0 user token delete 1
noted 'user token delete|1|token 1 of anna, label "build machine", role operate||done'
a 3 user token delete 1
a 2 user token delete x
a 0 user token list --json
shows_json '"state":"deleted"'
a 0 user delete anna
a 0 user token list --json
shows_json '"tokens":[]'

# What verbs change is noted with old and new value.
a 0 param set 'CAPF Phone Port' 3805
noted 'param set|CAPF Phone Port 3805|3804|3805|done'
a 2 param set 'CAPF Phone Port' none
noted 'param set|CAPF Phone Port none|||usage'
a 0 param set 'CAPF Phone Port' 3806 --dry-run
noted 'param set|CAPF Phone Port 3806 --dry-run|||done'
a 0 phone add SEP001122334455 --model 7975
a 0 phone set SEP001122334455 --load L1
[[ $(trail) == *'load ""'*'|'*'load "L1"'*'|done' ]] || fail "phone set: $(trail)"
a 0 service stop TVS
noted 'service stop|TVS|TVS on a-pub: running (start 1)|TVS on a-pub: stopped|done'
a 0 service start TVS
noted 'service start|TVS|TVS on a-pub: stopped|TVS on a-pub: running (start 2)|done'
a 0 cert regenerate TVS --json
serial=$(field serial)
[[ $(trail) == 'cert regenerate|TVS|'*"|${serial,,}|done" ]] || fail "cert regenerate: $(trail)"
a 0 ctl set-mode mixed-mode
noted 'ctl set-mode|mixed-mode|non-secure-mode|mixed-mode|done'

# Reading is not noted, and who is at the shell is.
before=$(trail 99 | wc -l)
a 0 param list
a 0 user list
[[ $(trail 99 | wc -l) -eq $before ]] || fail 'what only reads is in the trail'
a 0 audit list --who "shell:$(id -un)" --count 2 --after 1 --json
shows_json '"id":2'
shows_json '"from":"shell"'
a 0 audit list --who nobody --json
shows_json '"audit":[]'

# A backup has users, tokens and trail; who restored stands in what was restored.
a 0 backup create "$work/backup" --password-file "$work/password"
noted "backup create|$work/backup|||done"
root=$work/b
a 0 backup restore "$work/backup" --password-file "$work/password"
noted "backup restore|$work/backup|||done"
a 0 user list
shows otto

# Nowhere is a password or a token as it was typed.
for file in "$work"/a/* "$work"/b/*; do
	[[ -f $file ]] || continue
	! grep -qaF "$password" "$file" || fail "the password is in $file"
	! grep -qaF "$token" "$file" || fail "the token is in $file"
done
finish
