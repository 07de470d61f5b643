#!/usr/bin/env bash
# What came of a rehearsal, shown again from the JSON that was kept of it: the same table, the same
# page to the byte.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"

expect 0 rehearse run S1 --all --phones 20 --json --html "$work/run.html"
cp "$work/stdout" "$work/run.json"

expect 0 rehearse report "$work/run.json" --html "$work/again.html"
same "$work/run.html" "$work/again.html"
shows "Page: $work/again.html"
expect 0 rehearse report "$work/run.json" --json
same "$work/run.json" "$work/stdout"
expect 0 rehearse report "$work/run.json"
shows 'NO-GO: 18 phones do not follow - as expected'
shows 'the services are not restarted yet, and all looks well'
cp "$work/stdout" "$work/table"
"$TRUSTLIST" rehearse report - <"$work/run.json" >"$work/piped" || fail 'not from a pipe'
same "$work/table" "$work/piped"

# One that did not go as the script expects is a report all the same.
printf '%s\n' 'title t' 'cluster A release 12.5' 'fleet 4 models 8841' '[steps]' \
	boot 'expect locked all' >"$work/own.conf"
expect 5 rehearse run "$work/own.conf" --json --html "$work/run.html"
cp "$work/stdout" "$work/failed.json"
expect 0 rehearse report "$work/failed.json" --html "$work/again.html"
same "$work/run.html" "$work/again.html"
expect 0 rehearse report "$work/failed.json"
shows 'not as expected'

# Refused, with what is wrong.
expect 3 rehearse report "$work/none.json"
expect 1 rehearse report "$here/lib.sh"
says 'is no JSON'
expect 0 rehearse list --json
cp "$work/stdout" "$work/other.json"
expect 1 rehearse report "$work/other.json"
says 'is no report of a rehearsal'
sed 's/"format": 1/"format": 2/' "$work/run.json" >"$work/newer.json"
expect 1 rehearse report "$work/newer.json"
says 'has format 2, we know 1'
says 'a newer trustlist wrote it'
head -c 2000 "$work/run.json" >"$work/cut.json"
expect 1 rehearse report "$work/cut.json"
says 'is no JSON'
sed 's/"locked": 18/"locked": 19/' "$work/run.json" >"$work/wrong.json"
rm "$work/again.html"
expect 1 rehearse report "$work/wrong.json" --html "$work/again.html"
says 'its states do not add up'
[[ ! -e $work/again.html ]] || fail 'a page of what does not add up'
finish
