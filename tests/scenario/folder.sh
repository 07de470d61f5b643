#!/usr/bin/env bash
# A folder that somebody else fills: what is served of it while it changes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"
data=$here/../data/devconf
desk=SEP001122334455
stranger=SEP0011223300FF

lab_new a 0
folder=$work/a/tftp
expect 0 --root "$work/a" phone add "$desk" --model 7975
lab_serve a
fetch() {
	run curl -s "tftp://${address[a]}:$port/$1" -o "$work/fetched"
}

# What FreePBX wrote is signed, with what it lacks, and phones judge by it.
cp "$data/freepbx.xml" "$folder/$desk.cnf.xml"
boots 0 "$desk" a --model 7975
config=$work/phones/$desk/$desk.cnf.xml
grep -q 'SIP45.9-4-2SR3-1S' "$config" || fail 'the configuration of the folder was not served'
grep -q "<address>${address[a]}</address>" "$config" || fail 'no TVS was put in'
grep -c '<deviceSecurityMode>' "$config" | grep -qx 1 || fail 'the security mode is there twice'
cp "$data/wazo.xml" "$folder/$stranger.cnf.xml"
boots 0 "$stranger" a --model 7942
grep -q "<address>${address[a]}</address>" "$work/phones/$stranger/$stranger.cnf.xml" ||
	fail 'a phone that nobody added was told of no TVS'

# Changed, the next phone gets the change; broken, it is said where.
sed -i 's/Front desk/Back door/' "$folder/$desk.cnf.xml"
boots 0 "$desk" a
grep -q 'Back door' "$config" || fail 'a change of the folder was not noticed'
cp "$data/broken.xml" "$folder/$desk.cnf.xml"
fetch "$desk.cnf.xml"
same "$work/fetched" "$data/broken.xml"
grep -q "$desk configuration-not-completed .*line 3, column" "$work/a.log" ||
	fail 'nothing about the broken file in the log'
expect 0 --root "$work/a" param set 'Broken Configuration Files' Refuse --restart
fetch "$desk.cnf.xml.sgn"
((status != 0)) || fail 'a broken file was served although it should be refused'
cp "$data/by_hand.xml" "$folder/$desk.cnf.xml"
boots 0 "$desk" a
expect 0 --root "$work/a" param set 'Complete Configuration Files' False --restart
fetch "$desk.cnf.xml"
same "$work/fetched" "$data/by_hand.xml"

# Capitals, folders in the folder, and no way out.
printf 'rings' >"$folder/Ringlist2.xml"
mkdir -p "$folder/Desktops/320x212x12"
printf 'pictures' >"$folder/Desktops/320x212x12/List.xml"
fetch RINGLIST2.XML
printf 'rings' | cmp -s - "$work/fetched" || fail 'RINGLIST2.XML was not found'
fetch Desktops/320x212x12/list.xml
printf 'pictures' | cmp -s - "$work/fetched" || fail 'the list of pictures was not found'
fetch Desktops/320x212x12/List.xml.sgn
of a cert export CallManager >"$work/callmanager.pem"
expect 0 file verify "$work/fetched" --with "$work/callmanager.pem"
ln -s "$work/a/trustlist.db" "$folder/way-out"
for name in way-out WAY-OUT Desktops/../../trustlist.db "${desk,,}.cnf.xml"; do
	run curl -s --path-as-is "tftp://${address[a]}:$port/$name" -o "$work/leak"
	((status == 68)) || fail "$name: curl said $status instead of file not found"
done

# Who looks for a reason finds what was looked for, and where.
grep -q "file=way-out .*not in $folder" "$work/a.log" || fail 'the log does not say where it looked'

lab_stop a
finish
