#!/usr/bin/env bash
# A backup restored at another address, as when a server is set up afresh in a lab beside the one that
# goes on: certificates keep their names, lists and configurations name the new address, and the
# phones follow as soon as they are sent there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

phones=(SEP001122334455 SEP0011223388A1)
models=(7975 8861)
printf 'correct horse battery staple\n' >"$work/words"

# restore STATUS CLUSTER [OPTION...]
restore() {
	expect "$1" --root "$work/$2" backup restore "$work/a.backup" --password-file "$work/words" "${@:3}"
}

lab_new a 0
address[b]=$(lab_address 1)
sed -i "s/^;address = 0.0.0.0/address = ${address[a]}/" "$work/a/trustlist.conf"
grep -c "^address = ${address[a]}" "$work/a/trustlist.conf" >"$work/settings"
for i in 0 1; do
	expect 0 --root "$work/a" phone add "${phones[i]}" --model "${models[i]}"
done
lab_serve a
for i in 0 1; do
	boots 0 "${phones[i]}" a --model "${models[i]}"
done
expect 0 --root "$work/a" backup create "$work/a.backup" --password-file "$work/words"

restore 2 b --address nowhere
says '--address: "nowhere" is neither an IPv4 nor an IPv6 address'
restore 3 b --address "sub=${address[b]}"
says 'to another address: no node sub'
[[ ! -e $work/b ]] || fail 'a refused restore made a folder'

restore 0 b --address "${address[b]}" --json
shows_json "\"moved\":[{\"node\":\"a-pub\",\"from\":\"${address[a]}\",\"to\":\"${address[b]}\"}]"
shows_json "\"settings_moved\":$(<"$work/settings")"
rm -rf "$work/b"
restore 0 b --address "a-pub=${address[b]}"
grep -qE "^a-pub +${address[a]} +${address[b]}$" "$work/stdout" || fail "not shown: $(<"$work/stdout")"
shows "trustlist.conf: $(<"$work/settings") addresses changed"
shows 'Certificates keep their names'
! grep -rq "${address[a]}" "$work/b/trustlist.conf" || fail 'trustlist.conf names the old address'

# Both serve, side by side; what the phones hold is good at both.
lab_serve b
expect 0 --root "$work/b" cert export CallManager
cp "$work/stdout" "$work/b.pem"
expect 0 --root "$work/a" cert export CallManager
same "$work/b.pem" "$work/stdout"
for i in 0 1; do
	boots 0 "${phones[i]}" b
	expect 0 file inspect "$work/phones/${phones[i]}/ITLFile.tlv"
	shows "${address[b]}"
	! grep -qF "${address[a]}" "$work/stdout" || fail 'the ITL names the old address'
	run curl -fsS "http://${address[b]}:6970/${phones[i]}.cnf.xml"
	shows "<address>${address[b]}</address>"
	! grep -qF "${address[a]}" "$work/stdout" || fail 'the configuration names the old address'
done

# And from then on they ask the new TVS: the old one is gone when a signer is new.
lab_stop a
expect 0 --root "$work/b" cert regenerate CallManager --restart
expect 0 --root "$work/b" cert regenerate ITLRecovery --restart
for i in 0 1; do
	boots 0 "${phones[i]}" b --json
	shows_json '"reason":"tvs-vouches"'
done
lab_stop b
finish
