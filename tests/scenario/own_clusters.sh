#!/usr/bin/env bash
# A rehearsal with both clusters one's own, each served by its own process: the procedures that can
# be played there, what stays, and the mistakes that are told before anything is done.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

# play STATUS SCRIPT [OPTION...]: with both of them.
play() {
	expect "$1" rehearse run "$2" --phones 10 --a "$work/a" --b "$work/b" "${@:3}"
}

# phones CLUSTER: how many it has.
phones() {
	of "$1" phone list --json | tr -d ' \n' | grep -o '"name":"SEP' | wc -l
}

lab_new a 0
lab_new b 1
lab_new old 2 --release 8.0
for name in 02000000000A 001122334455; do
	of a phone add "SEP$name" --model 7975 >"$work/added"
done

# ---- mistakes ----

play 2 S07
says "nobody serves $work/a"
says "trustlist --root $work/a serve"
lab_serve a
play 2 S07
says "nobody serves $work/b"
lab_serve b
expect 2 rehearse run S07 --a "$work/a" --b "$work/b/../a"
says 'cannot be both A and B'
ln -s a "$work/alias"
expect 2 rehearse run S07 --a "$work/a" --b "$work/alias"
says 'cannot be both A and B'
expect 3 rehearse run S07 --a "$work/nowhere" --b "$work/b"
says 'cluster A: '
says "$work/nowhere"
expect 2 rehearse run S01 --a "$work/a"
says "$work/a is release 12.5, but the script wants 11.5 for A"
expect 2 rehearse run S09 --a "$work/a"
says 'is not in mixed mode, but the script wants A to be'
expect 2 rehearse run S14 --a "$work/a" --b "$work/b"
says 'the script has no cluster B'
expect 2 rehearse run S07 --all --a "$work/a"
says 'without --a and --b'

# What a rehearsal cannot do to a cluster that is not its own is said with the line, and before the
# first phone boots.
for each in 'S04 --a a' 'S10 --a a' 'S13 --a a' 'S16 --a a' 'S11 --back --a a' 'S11 --back --b b'; do
	read -ra word <<<"$each"
	word[-1]=$work/${word[-1]}
	expect 2 rehearse run "${word[@]}"
	says "${word[0]}:"
	says 'not with your own cluster'
done
lab_serve old
expect 2 rehearse run S12 --a "$work/old"
says 'makes security tokens and throws them away'
lab_stop old
[[ $(phones a) == 2 && $(phones b) == 0 ]] || fail 'a refused rehearsal put phones into a cluster'

# ---- played ----

# A step left out strands phones as anywhere: NO-GO, as its script expects.
play 0 S07 --variant 'not reset' --json
shows_json '"verdict":"NO-GO"'
shows_json '"reason":"tvs-lacks-certificate"'

# What the steps did stays: on a cluster that is rolled back, no rehearsal says anything.
play 2 S07
says "$work/a is prepared for rollback"
says "trustlist --root $work/a param set"
unprepare() {
	expect 0 --root "$work/$1" param set 'Prepare Cluster for Rollback to pre 8.0' false --restart
}
unprepare a
play 0 S07 --back --html "$work/page.html"
grep -qF "$work/a" "$work/page.html" || fail 'the page does not say whose cluster A is'

play 2 S07
says "$work/b is prepared for rollback"
unprepare b

# The bulk way, with B not switched off at the end as S10 wants; phones ask A's TVS.
"$TRUSTLIST" rehearse show S10 | sed '/^\[steps\]/,/^\[back\]/ { /^switch off/,/^expect trusted/d }' \
	>"$work/bulk.conf"
play 0 "$work/bulk.conf" --json
shows_json "\"cluster_a\":\"release12.5,$work/a,at${address[a]}\""
shows_json "\"cluster_b\":\"release12.5,$work/b,at${address[b]}\""
shows_json '"trusted_b":9'
shows_json '"as_expected":true'

# Phones of the clusters' own are left alone, and the virtual ones leave with the rehearsal.
[[ $(phones a) == 2 && $(phones b) == 0 ]] || fail "phones stay: $(phones a), $(phones b)"
of a events tail >"$work/events"
! grep -q SEP02000000000A "$work/events" || fail 'a phone of the cluster took part'

# Kept, the phones stay in the clusters, too, and boot on.
play 0 S07 --keep "$work/kept"
[[ $(phones a) == 12 && $(phones b) == 10 ]] || fail "kept, but gone: $(phones a), $(phones b)"
expect 0 vphone boot --all --tftp "${address[b]}:$port" --memory "$work/kept/play/phones"
lab_stop a
lab_stop b
finish
