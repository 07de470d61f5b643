#!/usr/bin/env bash
# Hundreds of virtual phones as one: who follows a change and who does not is counted right, a copied
# folder is the phone, and a boot that is interrupted leaves memories that boot on.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

fleet=$work/fleet

# fleet_boots STATUS [OPTION...]: the fleet boots from cluster a, in JSON.
fleet_boots() {
	expect "$1" vphone boot --all --memory "$fleet" --tftp "${address[a]}:$port" --json "${@:2}"
}

# shows_count STATE NUMBER: so many phones are in that state.
shows_count() {
	local n
	n=$(tr -d ' \n' <"$work/stdout" | grep -oF -- "\"state\":\"$1\",\"reason\":" | wc -l || true)
	# The table of states has one such line itself, and no row when there is nobody.
	(($2 == 0 ? n == 0 : n >= 1)) || fail "state $1: $n mentions"
	(($2 == 0)) || shows_json "\"phones\":$2"
}

lab_new a 0
expect 0 --root "$work/a" vphone add --count 300 --models 7975:60,8841:30,7940:10 --memory "$fleet"
shows '300 phones added, 0 known already'
expect 0 --root "$work/a" vphone add --all --memory "$fleet"
shows '0 phones added, 300 known already'
lab_serve a

# A tenth is off, of each model alike; the others trust what they get.
fleet_boots 0 --off 10 --report "$work/a"
shows_count trusted 270
shows_count off 30
[[ $(grep -c ' off$' "$fleet/fleet.txt") == 30 ]] || fail 'fleet.txt does not say who is off'
expect 0 vphone list --memory "$fleet" --json
[[ $(grep -c '"power": "on"' "$work/stdout") == 270 ]] || fail 'vphone list misses phones'
[[ $(grep -c '"power": "off"' "$work/stdout") == 30 ]] || fail 'vphone list misses those that are off'
expect 0 vphone list --memory "$fleet"
grep -qE '^Name +Model +Power +Result' "$work/stdout" || fail 'no column for power'
grep -qE '^SEP[0-9A-F]{12} +[0-9]+ +off +- +never' "$work/stdout" || fail 'nobody is off'

# A certificate changes: who was on asks TVS; who comes back later does, too.
expect 0 --root "$work/a" cert regenerate CallManager --restart --yes
fleet_boots 0 --off 0
shows_count trusted 300
shows_count refused 0

# A folder copied elsewhere is the phone there; a folder of them is a fleet.
mkdir "$work/copies"
cp -r "$fleet/SEP020000000001" "$fleet/SEP020000000002" "$work/copies/"
expect 0 vphone boot --all --memory "$work/copies" --tftp "${address[a]}:$port" --json
shows_count trusted 2
cp -r "$fleet/SEP020000000003" "$work/copies/SEP0200000000FF"
expect 3,1,5,6 vphone boot --all --memory "$work/copies" --tftp "${address[a]}:$port"
says 'in a fleet a folder is named for its phone'

# Interrupted midway: some did not boot, no memory is damaged, and all boot on.
"$TRUSTLIST" vphone boot --all --memory "$fleet" --tftp "${address[a]}:$port" --at-once 1 \
	>"$work/stdout" 2>"$work/stderr" &
boots=$!
before=$(stat -c %y "$fleet/SEP020000000001/phone.txt")
until [[ $(stat -c %y "$fleet/SEP020000000001/phone.txt") != "$before" ]]; do
	kill -0 "$boots" || break
done
kill -INT "$boots" || true
status=0
wait "$boots" || status=$?
((status == 1)) || fail "interrupted: exit status $status"
says 'phones did not boot'
shows 'not-booted'
fleet_boots 0
shows_count trusted 300

# Sent to a cluster that none of their lists knows, they refuse its list: exit status 5, who and why;
# those without Security By Default go there as anywhere.  By hand they are freed, one by one.
lab_new b 1
expect 0 --root "$work/b" vphone add --all --memory "$fleet"
lab_serve b
expect 5 vphone boot --all --memory "$fleet" --tftp "${address[b]}:$port"
says '270 of 300 phones refused what they were given'
grep -qE '^trusted +- +- +30$' "$work/stdout" || fail 'the 7940s did not follow'
grep -qE '^refused +tvs-lacks-certificate +ITL +270$' "$work/stdout" || fail 'not refused for that'
shows 'and 267 more'
expect 5 vphone boot --all --memory "$fleet" --tftp "${address[b]}:$port" --json
shows_json '{"state":"refused","reason":"tvs-lacks-certificate","file":"ITL","phones":270}'
expect 0 vphone list --memory "$fleet" --json
shows_json '"outcome":"refused"'
expect 0 vphone erase --memory "$fleet/SEP020000000001"
expect 5 vphone boot --all --memory "$fleet" --tftp "${address[b]}:$port"
says '269 of 300 phones refused'
lab_stop b
rm -r "$fleet/SEP020000000001"
fleet_boots 0

# A file describes it; what is wrong in it is told with its line.
printf '[fleet]\nphones = 20\nmodels = 8841\nnon_sbd = 50\ntftp = %s:%d\nmemory = filed\n' \
	"${address[a]}" "$port" >"$work/fleet.conf"
expect 0 vphone boot --fleet "$work/fleet.conf" --json
shows_count trusted 20
printf '[fleet]\nphones = many\n' >"$work/bad.conf"
expect 2,6,1 vphone boot --fleet "$work/bad.conf"
says 'bad.conf:2: phones'
expect 2 vphone boot --count 3 --all --memory "$fleet" --tftp "${address[a]}"
expect 2 vphone boot SEP020000000001 --all --memory "$fleet" --tftp "${address[a]}"
expect 2 vphone boot --memory "$fleet" --tftp "${address[a]}"
lab_stop a

# Nobody listens there any more: that is known at once, not after ten seconds for each.
fleet_boots 1
shows_count unreachable 300
finish
