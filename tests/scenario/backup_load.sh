#!/usr/bin/env bash
# A fleet boots all the while a backup is made; the instance is lost; restored into an empty folder,
# every phone of the fleet is Match, holds the list it held, and boots on.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

phones=60
fleet=$work/fleet
printf 'correct horse battery staple\n' >"$work/words"

# matches ROOT: so many phones are Match.
matches() {
	"$TRUSTLIST" --root "$work/$1" phone list --json | tr -d ' \n' |
		grep -oF '"itl_status":"Match"' | wc -l || true
}

# all_match ROOT: all of them, with the next write of the trail.
all_match() {
	local i
	for ((i = 0; i < 100; i++)); do
		[[ $(matches "$1") != "$phones" ]] || return 0
		sleep 0.1
	done
	fail "$(matches "$1") of $phones phones are Match"
}

fleet_boots() {
	"$TRUSTLIST" vphone boot --all --memory "$fleet" --tftp "${address[a]}:$port"
}

# The lists that phones hold, as they are in their memories.
lists() {
	(cd "$fleet" && sha256sum ./*/ITLFile.tlv)
}

lab_new a 0
expect 0 --root "$work/a" vphone add --count $phones --models 7975:30,8841:30 --memory "$fleet"
lab_serve a
run fleet_boots
((status == 0)) || fail "the fleet does not boot: $(<"$work/stderr")"
all_match a
lists >"$work/lists"

load() {
	local boots=0
	while [[ ! -e $work/enough ]]; do
		fleet_boots >"$work/load" 2>&1 || touch "$work/load.failed"
		boots=$((boots + 1))
		echo "$boots" >"$work/boots"
	done
}
load &
loading=$!
for i in 1 2; do
	expect 0 --root "$work/a" backup create "$work/backup.$i" --password-file "$work/words"
done
touch "$work/enough"
wait "$loading"
[[ ! -e $work/load.failed ]] || fail "phones failed to boot meanwhile: $(<"$work/load")"
(($(<"$work/boots") > 0)) || fail 'nobody booted meanwhile'
lab_stop a
mv "$work/a" "$work/lost"

for i in 1 2; do
	rm -rf "$work/a"
	expect 0 --root "$work/a" backup restore "$work/backup.$i" --password-file "$work/words"
	shows "$phones unaffected"
	expect 0 --root "$work/a" itl verify
	[[ $(matches a) == "$phones" ]] || fail "backup $i: $(matches a) phones are Match"
done
lab_serve a
run fleet_boots
((status == 0)) || fail "the fleet does not boot any more: $(<"$work/stderr")"
all_match a
lists >"$work/lists.after"
same "$work/lists" "$work/lists.after"
lab_stop a
finish
