#!/usr/bin/env bash
# Security tokens sign the CTL of clusters of old releases; SoftHSM stands in for them.  Two clusters
# that share a token share their phones; a token alone can still sign; one that is a stranger
# cannot.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

export TRUSTLIST_PKCS11_MODULE=/usr/lib/softhsm/libsofthsm2.so
export SOFTHSM2_CONF=$work/softhsm2.conf
mkdir "$work/drawer"
printf 'directories.tokendir = %s\nlog.level = ERROR\n' "$work/drawer" >"$SOFTHSM2_CONF"
echo Cisco123 >"$work/pin"
echo officer-1 >"$work/so-pin"
pins=(--pin-file "$work/pin" --so-pin-file "$work/so-pin")
pin=(--pin-file "$work/pin")

one=SAST-ADN0054f501
two=SAST-ADN0054f502
stranger=SAST-ADN0054f50f
phone=SEP001122334455
old=SEP0011223388A1 # without Security By Default

for token in "$one" "$two" "$stranger"; do
	expect 0 token init --ca "$work/maker.pem" --label "$token" "${pins[@]}"
done
expect 1 token init --ca "$work/maker.pem" --label "$one" "${pins[@]}"
says 'already'
expect 0 token list
shows "$two"
shows 'OU=IPCBU;O=Cisco Systems'

for cluster in a b; do
	lab_new "$cluster" "$([[ $cluster == a ]] && echo 0 || echo 1)" --release 8.0
	expect 0 --root "$work/$cluster" phone add "$phone" --model 7975
	expect 0 --root "$work/$cluster" phone add "$old" --model 7940
done

# ---- what makes no CTL ----

mixed=(ctl set-mode mixed-mode)
expect 2 --root "$work/a" "${mixed[@]}"
says 'security tokens only'
expect 2 --root "$work/a" "${mixed[@]}" --token "$one" "${pin[@]}"
says 'at least 2 security tokens'
expect 3 --root "$work/a" "${mixed[@]}" --token "$one" --token SAST-gone "${pin[@]}"
says 'security token SAST-gone is not plugged in'
echo 00000000 >"$work/wrong"
expect 1 --root "$work/a" "${mixed[@]}" --token "$one" --token "$two" --pin-file "$work/wrong"
says 'refuses the PIN'
TRUSTLIST_PKCS11_MODULE='' expect 2 --root "$work/a" "${mixed[@]}" --token "$one" "${pin[@]}"
says 'no PKCS#11 library'
expect 3 --root "$work/a" ctl show

# ---- one that does ----

expect 0 --root "$work/a" "${mixed[@]}" --token "$one" --token "$two" "${pin[@]}" --restart
expect 0 --root "$work/a" ctl show
shows 'System Administrator Security Token'
shows "$two"
expect 0 --root "$work/a" ctl verify
lab_serve a
boots 0 "$phone" a --model 7975
boots 0 "$old" a --model 7940
expect 0 vphone show --memory "$work/phones/$phone" --json
shows_json "$one"
python3 "$here/../support/trust_list.py" roles "$work/phones/$phone/CTLFile.tlv" >"$work/read.txt" 2>&1 ||
	fail "an independent reader refuses the CTL: $(tail -n 2 "$work/read.txt")"

# ---- a certificate changes: the CTL is due, and any of its tokens can sign it ----

expect 0 --root "$work/a" cert regenerate CAPF --yes
expect 2 --root "$work/a" ctl update
says 'tokens update it'
expect 2 --root "$work/a" ctl update --token "$stranger" "${pin[@]}"
says 'The Security Token you have inserted does not exist in the CTL File'
expect 0 --root "$work/a" ctl update --token "$two" "${pin[@]}" --restart
expect 0 --root "$work/a" ctl show
shows "$one"
boots 0 "$phone" a
boots 0 "$old" a

# ---- both clusters by the same tokens: phones go from one to the other and back ----

lab_serve b
expect 0 --root "$work/b" "${mixed[@]}" --token "$one" --token "$two" "${pin[@]}" --restart
boots 0 "$phone" b
boots 0 "$old" b
boots 0 "$phone" a
cp -r "$work/phones" "$work/kept"

# ---- the other cluster by another token: nobody follows ----

lab_new c 2 --release 8.0
expect 0 --root "$work/c" phone add "$phone" --model 7975
expect 0 --root "$work/c" "${mixed[@]}" --token "$stranger" --token "$two" "${pin[@]}" --restart
lab_serve c
boots 5 "$phone" c
says 'CTL'

# ---- both tokens are lost: nothing signs, and a hand helps ----

for token in "$one" "$two"; do
	softhsm2-util --delete-token --token "$token" >/dev/null 2>&1 || fail "cannot lose $token"
done
expect 0 --root "$work/a" cert regenerate CAPF --yes
expect 3 --root "$work/a" ctl update --token "$one" "${pin[@]}"
says "security token $one is not plugged in"
expect 2 --root "$work/a" ctl update --token "$stranger" "${pin[@]}"
expect 0 --root "$work/a" ctl verify
boots 0 "$phone" a
expect 0 vphone erase --memory "$work/phones/$phone"
boots 0 "$phone" c
for cluster in a b c; do
	lab_stop "$cluster"
done
finish
