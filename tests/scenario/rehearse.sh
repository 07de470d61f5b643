#!/usr/bin/env bash
# Rehearsals: what comes with the program, a script of one's own, one's own clusters, the report -
# and how it ends when it does not go as the script expects.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

head='title a script of one'\''s own
cluster A release 12.5
fleet 8 models 7975:3 8841:3 7940:2
[steps]'

# script LINE...: in $work/own.conf.
script() {
	printf '%s\n' "$head" "$@" >"$work/own.conf"
}

# play STATUS [OPTION...]
play() {
	expect "$1" rehearse run "$work/own.conf" "${@:2}"
}

# Nothing of it stays.
export TMPDIR=$work/tmp
mkdir "$TMPDIR"
left() {
	ls "$TMPDIR"
}

expect 0 rehearse list
shows 'S01'
shows 'S16'
expect 0 rehearse show s2
cp "$work/stdout" "$work/s2.conf"
expect 0 rehearse run "$work/s2.conf" --phones 10
shows 'TVS regenerated, then CallManager'
shows 'Phones: 10'
grep -qx GO "$work/stdout" || fail 'no GO'
expect 3 rehearse show S99
expect 3 rehearse run "$work/none.conf"

# A variant, by its title; NO-GO is what is expected of it.
expect 0 rehearse run "$work/s2.conf" --phones 10 --variant 'do not boot' --html "$work/page.html" --json
shows_json '"verdict":"NO-GO"'
shows_json '"reason":"tvs-unreachable"'
shows_json '"certificate":"CN=A-pub;'
shows_json '"as_expected":true'
grep -q 'NO-GO' "$work/page.html" || fail 'no verdict on the page'
grep -q '<svg' "$work/page.html" || fail 'no chart on the page'
! grep -qE 'https?:|src=|<script' "$work/page.html" || fail 'the page needs something else'
expect 3 rehearse run "$work/s2.conf" --variant 'no such thing'

# An expectation that does not hold: what was, and how it is.
script boot 'expect locked all' 'boot'
play 5
says 'own.conf: line 6: 0 of 6 phones are locked, not 6; SEP020000000001'
shows 'not as expected'
grep -q '^ *7 ' "$work/stdout" && fail 'it went on after a failure'

# NO-GO that nobody expected, and GO where NO-GO was.
script boot 'create A' boot
play 5
says '6 phones do not follow'
script boot 'expect no-go'
play 5
says 'NO-GO was expected'

# A command that fails, one that should and does not, one that does not exist.
script 'A: cert regenerate Nobody'
play 5
says 'line 5'
script 'A!4: cert list'
play 5
says 'exit status 4'
script 'A!: cert regenerate Nobody'
play 0
script boot 'A: cert regenerat TVS'
play 2
says 'own.conf:6'
script 'A: cert list --nonsense'
play 2
says 'own.conf:5'
script 'bot'
play 2
says 'own.conf:5: a step is'

# Phones without power are not judged; time passes; what a hand does is told.
# shellcheck disable=SC2016 # a variable of the script's own
script 'power off 50%' boot 'expect off 4' 'clock +400d' 'A: cert list > $dir/certs' \
	'power on' 'boot absent' 'expect trusted-A all' 'expect no-list all'
play 0
script boot 'create A' boot 'erase locked' boot 'expect trusted-A all' 'expect no-go'
play 0
shows 'somebody went to 6 phones'

# It stays when one wants to look at it.
script boot
play 0 --keep "$work/kept"
[[ -f $work/kept/play/A/trustlist.db ]] || fail 'the cluster was not kept'
expect 0 vphone list --memory "$work/kept/play/phones"
play 1 --keep "$work/kept"
[[ -z $(left) ]] || fail "it left $(left)"

# Two rehearsals at once do not get into each other's way.
script boot 'expect trusted-A all'
"$TRUSTLIST" rehearse run "$work/own.conf" >"$work/one" 2>&1 &
one=$!
play 0
wait "$one" || fail "the other one: $(cat "$work/one")"

# A script from somebody else goes to no other cluster, does not serve, writes nowhere else, and
# loads no code.
lab_new victim 5
for step in "--root $work/victim param set \"Prepare Cluster for Rollback to pre 8.0\" True" \
	'--yes serve' "bulk export --to $work/anywhere" 'token list --module /lib/any.so' \
	"backup create $work/anywhere --password-file \$dir/pw"; do
	script "A: $step" boot
	play 2
	says 'own.conf:5'
done
[[ ! -e $work/anywhere ]] || fail 'it wrote somewhere else'
of victim param get 'Prepare Cluster for Rollback to pre 8.0' --json >"$work/param"
grep -q '"value": *"False"' "$work/param" || fail 'the other cluster was changed'

# Real tokens are out of reach, with tokens of its own and without.
export TRUSTLIST_PKCS11_MODULE=/usr/lib/real-tokens.so
# shellcheck disable=SC2016 # a variable of the script's own
script 'write $dir/pin Secret123' \
	'A: token init --ca $dir/ca.pem --pin-file $dir/pin --so-pin-file $dir/pin' boot
play 5
shows 'no PKCS#11 library to reach security tokens with'
! grep -q Secret123 "$work/stdout" "$work/stderr" || fail 'what was written stands in the report'

# What a way leaves behind, the next one does not find.
cat >"$work/own.conf" <<'END'
title tokens and names are put back
cluster A release 10.0
tokens
fleet 1 models 7975:1 at A
[before]
write $dir/pin Cisco123
A: cert export CAPF > $dir/capf.pem
boot
[steps]
A: token init --ca $dir/maker.pem --label SAST-ADN00000001 --pin-file $dir/pin --so-pin-file $dir/pin
A: cert export tomcat > $dir/tomcat.pem
[other: the same again]
A: token init --ca $dir/maker.pem --label SAST-ADN00000001 --pin-file $dir/pin --so-pin-file $dir/pin
A: cert delete $cn --store CallManager-trust --yes
END
play 0 --all
unset TRUSTLIST_PKCS11_MODULE

# Phones without Security By Default are locked by a CTL (TechNote 118893).
head=${head/12.5/10.0 mixed}
script boot 'A: cert regenerate CallManager --yes --restart' 'A: ctl update --yes --restart' boot \
	'expect locked none'
play 5
says 'a 7940, is locked'
script boot 'A: cert regenerate CallManager --yes --restart' 'A: ctl update --yes --restart' boot \
	'expect locked models 7940' 'expect no-go'
play 0
shows 'erase the CTL of each of these phones by hand'
script boot 'A: cert regenerate CallManager --yes --restart' 'A: ctl update --yes --restart' boot \
	'erase locked' boot 'expect locked none' 'expect no-go'
play 0
head=${head/10.0 mixed/12.5}
script boot

# On somebody's cluster: served by its own process, which a rehearsal does not end.
lab_new a 0
play 2 --a "$work/a"
says 'nobody serves'
lab_serve a
script boot 'A: cert regenerate TVS --restart' boot 'expect trusted-A all'
play 0 --a "$work/a"
for step in 'switch off A' 'create A' 'clock +1h'; do
	script "$step"
	play 2 --a "$work/a"
	says "own.conf:5: $step: not with your own cluster"
done
script boot
sed -i 's/12.5/11.5/' "$work/own.conf"
play 2 --a "$work/a"
says 'is release 12.5, but the script wants 11.5'
lab_stop a

# SIGINT ends it, and it puts its things away.
script boot 'A: cert regenerate TVS --restart --yes' boot boot boot boot boot boot boot boot
"$TRUSTLIST" rehearse run "$work/own.conf" --phones 100 >"$work/one" 2>&1 &
one=$!
for ((i = 0; i < 300; i++)); do
	[[ -z $(left) ]] || break
	sleep 0.1
done
kill -INT "$one"
status=0
wait "$one" || status=$?
((status == 1)) || fail "interrupted: exit status $status"
grep -q 'stopped before it was over' "$work/one" || fail 'it does not say that it was stopped'
[[ -z $(left) ]] || fail "it left $(left)"
finish
