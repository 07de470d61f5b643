#!/usr/bin/env bash
# Phones that nobody added: the default configuration, and auto-registration on and off.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

stranger=SEP001122338861
shy=SEP001122338862

# listed STATUS: whether phone list has the line of a phone, once what was seen is written.
listed() {
	for _ in {1..50}; do
		of a phone list --json | tr -d ' \n' >"$work/list"
		grep -q "\"name\":\"$1\"" "$work/list" && return 0
		[[ ${2:-} == now ]] && return 1
		read -rt 0.1 <> <(:) || true
	done
	return 1
}

lab_new a 0
expect 0 --root "$work/a" phone add SEP001122337975 --model 7975
lab_serve a

# It gets the default configuration, signed, with a firmware for each model, and is in the list.
boots 0 "$stranger" a --model 8861
default=$work/phones/$stranger/XMLDefault.cnf.xml
[[ -e $default ]] || default=$(grep -rl '<Default>' "$work/phones/$stranger" | head -n 1)
grep -q '<loadInformation685 model="Cisco 8861">sip88xx' "$default" ||
	fail 'no firmware for an 8861 in the default configuration'
grep -q '<autoRegistration>enabled' "$default" || fail 'auto-registration is not on'
listed "$stranger" || fail 'a phone that registered by itself is not in phone list'
grep -q "\"name\":\"$stranger\",\"model\":null" "$work/list" || fail 'its model is known'
grep -q '"auto_registered":true' "$work/list" || fail 'not shown as auto-registered'
grep -q '"itl_status":"Match"' "$work/list" || fail 'its list is not known'

# It becomes a phone like others when somebody says what it is.
expect 3 --root "$work/a" phone show "$stranger"
says '--model M adds it'
expect 2 --root "$work/a" phone set "$stranger" --description 'who is it'
says '--model M adds it'
expect 0 --root "$work/a" phone set "$stranger" --model 8861 --description 'Lobby'
expect 0 --root "$work/a" phone show "$stranger" --json
shows_json '"description":"Lobby"'
boots 0 "$stranger" a
shows "$stranger.cnf.xml.sgn"
expect 0 --root "$work/a" phone delete "$stranger"
listed "$stranger" now && fail 'a deleted phone is in the list'

# Switched off, it is refused by what the default configuration says, and nobody lists it.
expect 0 --root "$work/a" param set Auto-registration False --restart
boots 0 "$shy" a --model 8861
grep -rq '<autoRegistration>disabled' "$work/phones/$shy" || fail 'auto-registration is on'
lab_stop a # what was seen is written then
listed "$shy" now && fail 'a phone that may not register is in phone list'

finish
