#!/usr/bin/env bash
# Mixed mode: the CTL and the ITL of every release and mode, read and verified by a reader of another
# hand; what phones do with a CTL, what becomes of them when somebody forgets to bring it up to date,
# and how it is undone.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

reader=$here/../support/trust_list.py
desk=SEP001122334455 # a 7975: Security By Default
old=SEP001122337960  # a 7960: without

set_mode() {
	expect 0 --root "$work/$1" utils ctl set-cluster "$2" --restart
}

fetch() {
	curl -sf "tftp://${address[$1]}:$port/$2" -o "$3" || fail "no $2 from $1"
}

# The time at which the newest list of this kind was built.
built() {
	of "$1" "$2" show --json | sed -n 's/.*"built": "\(.*\)".*/\1/p' | head -n 1 |
		xargs -I{} date -d {} +%s
}

# reads CLUSTER itl|ctl NODE RECORDS: what is served is sound, has these records, and is printed as by
# the other reader.
reads() {
	local file=$work/$1.$3.$2 want got
	fetch "$3" "${2^^}File.tlv" "$file"
	want=$(tr ',' '\n' <<<"$4" | sed 's/^ //')
	got=$(python3 "$reader" roles "$file" 2>&1) || true
	[[ $got == "$want" ]] || fail "$1, $2 of $3: $got"
	[[ $3 == "$1" ]] || return 0
	of "$1" "$2" export >"$work/exported"
	same "$work/exported" "$file"
	of "$1" show "$2" >"$work/shown"
	python3 "$reader" print "$file" "$(built "$1" "$2")" >"$work/printed" || true
	diff "$work/printed" "$work/shown" >"$work/differs" ||
		fail "$1: show $2 differs: $(head -n 6 "$work/differs")"
}

# itl_of CLUSTER ROLE: the ITL of the publisher, whose own certificate has this role.
itl_of() {
	local tvs="TVS $1-pub, TVS $1-sub"
	case $1 in
	r8) reads "$1" itl "$1" "SAST $1-pub, $2 $1-pub, CAPF $capf, $tvs" ;;
	r10 | r11) reads "$1" itl "$1" "SAST $1-pub, SAST ITLRECOVERY_$1-pub, $2 $1-pub, CAPF $capf, $tvs" ;;
	*) reads "$1" itl "$1" "SAST ITLRECOVERY_$1-pub, SAST $1-pub, $2 $1-pub, CAPF $capf, $tvs" ;;
	esac
}

# ctl_of CLUSTER PUB SUB: the CTL, the same from both servers; PUB and SUB are the CCM+TFTP records.
ctl_of() {
	local records node
	case $1 in
	r10) records="SAST $1-pub, CCM+TFTP $2, CAPF $capf" ;;
	r11) records="SAST $1-pub, CCM+TFTP $2, CAPF $capf, SAST ITLRECOVERY_$1-pub" ;;
	*) records="SAST ITLRECOVERY_$1-pub, SAST $1-pub, CCM+TFTP $2, CAPF $capf" ;;
	esac
	for node in "$1" "$1-sub"; do
		reads "$1" ctl "$node" "$records, CCM+TFTP $3"
	done
	same "$work/$1.$1.ctl" "$work/$1.$1-sub.ctl"
	expect 0 --root "$work/$1" ctl verify
	expect 0 file verify "$work/$1.$1.ctl"
}

# Every release and mode.
each_mode() {
	lab_new "$1" "$2" --release "$3"
	address[$1-sub]=$(lab_address $(($2 + 8)))
	expect 0 --root "$work/$1" cluster add-node "$1-sub" "${address[$1-sub]}" --restart
	capf=$(of "$1" cert export CAPF | openssl x509 -noout -subject -nameopt multiline |
		sed -n 's/.*commonName *= //p')
	lab_serve "$1"
	expect 3 --root "$work/$1" show ctl
	shows 'Length of CTL file: 0'
	shows 'CTL File not found. Please run CTLClient plugin or run the CLI - utils ctl.. to generate the CTL file.'
	run curl -sf "tftp://${address[$1]}:$port/CTLFile.tlv"
	((status != 0)) || fail "$1 serves a CTL that it has not"
	itl_of "$1" TFTP
	if [[ $3 == 8.0 ]]; then
		expect 2 --root "$work/$1" utils ctl set-cluster mixed-mode
		says 'security tokens only'
		lab_stop "$1"
		return
	fi
	expect 0 --root "$work/$1" utils ctl set-cluster mixed-mode
	shows 'Moving Cluster to Mixed Mode'
	shows 'Cluster set to Mixed Mode'
	shows 'Please Restart the TFTP and Cisco CallManager services on all nodes in the cluster'
	shows 'trustlist service restart TFTP CallManager'
	# Not felt before the restart.
	run curl -sf "tftp://${address[$1]}:$port/CTLFile.tlv"
	((status != 0)) || fail "$1 serves the CTL before it restarted"
	expect 0 --root "$work/$1" service restart
	itl_of "$1" CCM+TFTP
	ctl_of "$1" "$1-pub" "$1-sub"
	set_mode "$1" non-secure-mode
	shows 'Cluster set to Non Secure Mode'
	itl_of "$1" TFTP
	ctl_of "$1" blank blank
	lab_stop "$1"
}

each_mode r8 0 8.0
each_mode r10 1 10.0
each_mode r11 2 11.5
each_mode r12 3 12.5
each_mode r14 4 14

# ---- phones ----

knows_ctl() {
	local i
	for ((i = 0; i < 100; i++)); do
		expect 0 --root "$work/$1" phone show "$2"
		grep -qxF "CTL File Status: $3" "$work/stdout" && return
		sleep 0.1
	done
	fail "CTL of $2 is not $3: $(grep 'CTL File Status' "$work/stdout")"
}

# A cluster of one node whose two phones have booted.
begin() {
	lab_new "$1" "$2" --release "$3"
	expect 0 --root "$work/$1" phone add "$desk" --model 7975
	expect 0 --root "$work/$1" phone add "$old" --model 7960
	rm -rf "$work/phones"
	lab_serve "$1"
	boots 0 "$desk" "$1" --model 7975
	boots 0 "$old" "$1" --model 7960
	knows_ctl "$1" "$desk" 'Not Installed'
}

go_mixed() {
	set_mode "$1" mixed-mode
	boots 0 "$desk" "$1"
	shows 'CTL installed'
	boots 0 "$old" "$1" --json
	shows_json '"reason":"first-list"'
	shows_json "\"file\":\"$old.cnf.xml.sgn\""
	knows_ctl "$1" "$desk" Match
	knows_ctl "$1" "$old" Match
}

# 12.5: ITLRecovery signs.  The CallManager certificate is regenerated and the CTL forgotten: the phone
# with Security By Default finds the new one in its ITL, the other nowhere.
begin a 5 12.5
go_mixed a
expect 4 --root "$work/a" cert regenerate CallManager
says "1 phone would be locked; $old"
expect 0 --root "$work/a" cert regenerate CallManager --restart --yes
shows 'does not name the certificates of now'
shows 'trustlist ctl update'
boots 0 "$desk" a
boots 5 "$old" a --json
shows_json '"reason":"no-tvs-in-itl"'
expect 0 --root "$work/a" show ctl
shows 'The newest CTL is not up to date: it lacks CN=a-pub;'
run "$TRUSTLIST" --root "$work/a" doctor
shows 'CTL number 1 is not up to date'
expect 0 --root "$work/a" utils ctl update CTLFile --restart
shows 'Updating CTL file'
shows 'CTL file Updated'
boots 0 "$desk" a
boots 0 "$old" a --json
shows_json '"reason":"signer-in-ctl"'
knows_ctl a "$old" Match
expect 0 --root "$work/a" ctl update
shows 'The CTL file is up to date already'
expect 0 --root "$work/a" ctl diff 1
shows 'CN=a-pub'

# ITLRecovery itself: the new signer is a stranger to the CTL; the CallManager key is not.
expect 0 --root "$work/a" cert regenerate ITLRecovery --yes
expect 4 --root "$work/a" ctl update
says "1 phone would be locked; $old"
expect 0 --root "$work/a" utils ctl reset localkey --restart
boots 0 "$old" a --json
shows_json '"reason":"signer-in-ctl"'
boots 0 "$desk" a
knows_ctl a "$old" Match
knows_ctl a "$desk" Match
expect 0 --root "$work/a" ctl update --restart
boots 0 "$desk" a
boots 0 "$old" a
knows_ctl a "$old" Match

# Non-secure: the CTL stays, with nothing in it that asks for signed files.
set_mode a non-secure-mode
boots 0 "$old" a --json
shows_json "\"file\":\"$old.cnf.xml\""
boots 0 "$desk" a
knows_ctl a "$desk" Match
expect 0 --root "$work/a" utils ctl set-cluster non-secure-mode
shows 'already'
set_mode a mixed-mode
boots 0 "$desk" a
boots 0 "$old" a --json
shows_json "\"file\":\"$old.cnf.xml.sgn\""

# The CTL over HTTP too, and for phones by their name.
curl -sf "http://${address[a]}:6970/CTL$desk.tlv" -o "$work/http.ctl" || fail 'no CTL over HTTP'
fetch a "CTL$desk.tlv" "$work/tftp.ctl"
same "$work/http.ctl" "$work/tftp.ctl"

# Rollback empties the ITL, not the CTL: phones stay locked to the cluster, and say so elsewhere.
lab_new b 6 --release 12.5
expect 0 --root "$work/b" phone add "$desk" --model 7975
lab_serve b
expect 0 --root "$work/a" param set rollbacktopregrayback true --restart
shows 'the CTL stays as it is'
boots 0 "$desk" a
boots 5 "$desk" b --json
shows_json '"reason":"no-tvs-in-itl"'
# It is another matter once the cluster was non-secure.
set_mode a non-secure-mode
boots 0 "$desk" a
boots 0 "$desk" b
lab_stop b
lab_stop a

# 11.5: the CallManager key signs CTL and ITL.  TVS helps the phone that can ask; for the other an
# update makes it worse, and a hand has to delete its CTL.
begin c 7 11.5
go_mixed c
expect 0 --root "$work/c" cert regenerate CallManager --yes
expect 0 --root "$work/c" ctl update --yes --restart
boots 0 "$desk" c --json
shows_json '"reason":"tvs-vouches"'
boots 5 "$old" c
knows_ctl c "$desk" Match
knows_ctl c "$old" Mismatch
expect 0 vphone erase --memory "$work/phones/$old"
boots 0 "$old" c
lab_stop c
finish
