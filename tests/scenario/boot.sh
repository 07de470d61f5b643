#!/usr/bin/env bash
# From nothing to the main job: a cluster is made and serves, phones boot against it and judge.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

lab_new a 0
expect 0 --root "$work/a" phone add SEP001122334455 --model 7975 --description 'Reception'
expect 0 --root "$work/a" phone add SEP00112233AA60 --model 7960
expect 0 --root "$work/a" phone add SEP0011223388A1 --model 8861
lab_serve a

# A 7975 from nothing: trust on first use, then verified against what it holds.
boots 0 SEP001122334455 a --model 7975
shows 'ITL installed'
shows 'SEP001122334455.cnf.xml.sgn'
boots 0 SEP001122334455 a --json
shows_json '"outcome":"trusted"'
shows_json '"reason":"signer-in-itl"'
boots 0 SEP0011223388A1 a --model 8861

# A 7960 knows no lists and gets plain files.
boots 0 SEP00112233AA60 a --model 7960
shows 'SEP00112233AA60.cnf.xml'
[[ ! -e $work/phones/SEP00112233AA60/ITLFile.tlv ]] || fail 'a 7960 holds an ITL'

# A file changed on its way is refused with the phone's own words, and the phone keeps what it had.
cp "$work/phones/SEP001122334455/SEP001122334455.cnf.xml" "$work/before"
boots 5 SEP001122334455 a --tamper SEP001122334455.cnf.xml.sgn
shows 'authenticated fail'
same "$work/before" "$work/phones/SEP001122334455/SEP001122334455.cnf.xml"
# An altered list is refused by a phone that holds one; a first list must at least be whole.
boots 5 SEP0011223388A2 a --model 8861 --tamper ITLSEP0011223388A2.tlv
[[ ! -e $work/phones/SEP0011223388A2/ITLFile.tlv ]] || fail 'an altered first list was taken'

# A phone nobody added gets the default configuration.
boots 0 SEP00AABBCCDDEE a --model 8861
shows 'XMLDefault.cnf.xml.sgn'

# A hand deletes the lists.
expect 0 vphone erase --memory "$work/phones/SEP001122334455"
shows 'Erasing CTL and ITL files'
boots 0 SEP001122334455 a
shows 'ITL installed'

# What is served is what the tools of others find in order.
curl -s "tftp://${address[a]}:$port/SEP001122334455.cnf.xml.sgn" -o "$work/signed"
of a cert export CallManager >"$work/callmanager.pem"
expect 0 file verify "$work/signed" --with "$work/callmanager.pem"
curl -s "tftp://${address[a]}:$port/ITLSEP001122334455.tlv" -o "$work/itl"
of a cert export ITLRecovery >"$work/recovery.pem"
expect 0 file verify "$work/itl" --with "$work/recovery.pem"
expect 5 file verify "$work/itl" --with "$work/callmanager.pem"

# The folder's own configuration is what gets signed, from the moment it is there.
printf '<device><note>by hand</note></device>' >"$work/a/tftp/SEP001122334455.cnf.xml"
boots 0 SEP001122334455 a
grep -q 'by hand' "$work/phones/SEP001122334455/SEP001122334455.cnf.xml" ||
	fail 'the configuration of the folder was not served'

# Static files and their signed form; firmware as it is.
curl -s "tftp://${address[a]}:$port/RINGLIST.XML" | cmp -s - "$work/a/tftp/RINGLIST.XML" ||
	fail 'the ring list differs'
curl -s "tftp://${address[a]}:$port/RINGLIST.XML.sgn" -o "$work/ring.sgn"
expect 0 file verify "$work/ring.sgn" --with "$work/callmanager.pem"
run curl -s "tftp://${address[a]}:$port/SCCP75.9-4-2SR3-1S.loads.sgn" -o /dev/null
((status == 68)) || fail "firmware was signed: curl said $status"
for name in ../a/trustlist.db ..%2ftrustlist.db /etc/passwd tftp/../../trustlist.db trustlist.db nothing; do
	run curl -s --path-as-is "tftp://${address[a]}:$port/$name" -o "$work/leak"
	((status == 68)) || fail "$name: curl said $status instead of file not found"
done

# A service that is stopped answers nobody; started, it answers again.
expect 0 --root "$work/a" service stop TFTP
boots 1 SEP001122334455 a --timeout 1
expect 0 --root "$work/a" service start TFTP
boots 0 SEP001122334455 a
lab_stop a
finish
