#!/usr/bin/env bash
# Bulk certificate management: two clusters export to one folder, one of them consolidates, the old
# one imports; then its phones follow to the new one, by asking its TVS.  By way of a folder here,
# and of one on an SFTP server.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

phone=SEP001122334455
other=SEP0011223388A1
left=SEP0011223388A2
drop=$work/drop

lab_new a 0
lab_new b 1
for name in "$phone" "$other" "$left"; do
	expect 0 --root "$work/a" phone add "$name" --model 8841
	expect 0 --root "$work/b" phone add "$name" --model 8841
done
lab_serve a
lab_serve b
for name in "$phone" "$other" "$left"; do
	boots 0 "$name" a --model 8841
done

# ---- wrong order ----

expect 3 bulk consolidate "$drop"
expect 3 --root "$work/a" bulk import "$drop"
expect 2 --root "$work/a" bulk export
expect 2 --root "$work/a" bulk export --to "$drop" --type IPSec
expect 2 --root "$work/a" bulk export --to ftp://localhost/x
expect 0 --root "$work/a" bulk export --to "$drop"
shows 'bulk consolidate'
expect 2 bulk consolidate "$drop"
says 'certificates of 1 cluster: two are needed'
expect 3 --root "$work/a" bulk import "$drop"
says 'nothing was consolidated'
expect 0 --root "$work/b" bulk export --to "$drop" --type Tomcat
expect 0 --root "$work/b" bulk export --to "$drop" --json
shows_json '"type":"ITLRecovery"'
expect 0 bulk consolidate "$drop"
shows 'Clusters: 2'

# OpenSSL reads what we wrote: certificates, and no key.
openssl pkcs12 -in "$drop/Consolidated.CallManager.p12" -passin pass: -nodes >"$work/read.pem" \
	2>"$work/openssl.err" || fail "openssl cannot read it: $(cat "$work/openssl.err")"
[[ $(grep -c 'BEGIN CERTIFICATE' "$work/read.pem") == 2 ]] || fail 'not two certificates'
! grep -q 'PRIVATE KEY' "$work/read.pem" || fail 'a private key was exported'

# ---- before the import, and before TVS knows ----

boots 5 "$left" b
says 'TVS does not know it'
expect 0 --root "$work/a" bulk import "$drop"
shows 'Phone-SAST-trust'
shows 'service restart TVS'
boots 5 "$left" b
says 'TVS does not know it'
# Nothing comes new, but TVS was not told yet.
expect 0 --root "$work/a" bulk import "$drop" --json
shows_json '"added":0'
shows_json '"restart_needed":["TVS"]'
expect 0 --root "$work/a" bulk import "$drop" --restart
shows 'TVS restarted'
expect 0 --root "$work/a" bulk import "$drop" --json
! grep -q restart_needed "$work/stdout" || fail 'TVS is to restart again'
boots 0 "$phone" b --json
shows_json '"reason":"tvs-vouches"'

# ---- what changes after the consolidation ----

expect 0 --root "$work/b" cert regenerate CallManager --yes
expect 0 --root "$work/b" bulk export --to "$drop"
expect 0 --root "$work/a" bulk import "$drop"
shows '1 certificate was exported since the consolidation'

# ---- what somebody did to the folder ----

cp "$drop/Consolidated.CAPF.p12" "$work/whole.p12"
printf 'x' | dd of="$drop/Consolidated.CAPF.p12" bs=1 seek=400 conv=notrunc status=none
cp "$work/a/trustlist.db" "$work/before.db" 2>/dev/null || true
of a cert list --json >"$work/before.json"
expect 1 --root "$work/a" bulk import "$drop"
says 'Consolidated.CAPF.p12'
of a cert list --json >"$work/after.json"
same "$work/before.json" "$work/after.json"
cp "$work/whole.p12" "$drop/Consolidated.CAPF.p12"
# A pipe that nobody writes to makes nobody wait.
mkfifo "$drop/pipe.p12"
expect 1 bulk consolidate "$drop"
says 'not a regular file'
rm "$drop/pipe.p12"
echo rubbish >"$drop/rubbish.p12"
expect 1 bulk consolidate "$drop"
says 'rubbish.p12'
# It is no part of what was consolidated, which is imported, and TVS told.
expect 0 --root "$work/a" cert delete ITLRECOVERY_b-pub --store Phone-SAST-trust --yes
expect 0 --root "$work/a" bulk import "$drop" --restart
shows 'rubbish.p12'
shows 'TVS restarted'
! grep -q 'x0a' "$work/stdout" || fail 'a newline stands on the screen'
rm "$drop/rubbish.p12"
head -c 5000000 /dev/zero >"$drop/large.p12"
expect 1 bulk consolidate "$drop"
says 'large.p12'
rm "$drop/large.p12"
mkdir "$drop/.hidden" "$drop/folder"
echo note >"$drop/read me.txt"
expect 0 bulk consolidate "$drop"

# ---- by SFTP ----

sshd=$(command -v sshd || printf /usr/sbin/sshd)
mkdir "$work/ssh" "$work/ssh/drop"
ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/host"
ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/user"
ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/stranger"
cp "$work/ssh/user.pub" "$work/ssh/authorized"
# A port of our own, at our own address.
at=$(lab_address 2)
cat >"$work/ssh/config" <<EOF
Port 2222
ListenAddress $at
HostKey $work/ssh/host
PidFile $work/ssh/pid
AuthorizedKeysFile $work/ssh/authorized
PasswordAuthentication no
StrictModes no
UsePAM no
Subsystem sftp internal-sftp -d $work/ssh
EOF
mkdir -p /run/sshd 2>/dev/null || true
"$sshd" -f "$work/ssh/config" -E "$work/ssh/log" -D &
server[ssh]=$!
for ((i = 0; i < 100; i++)); do
	ssh-keyscan -p 2222 "$at" >"$work/ssh/known" 2>/dev/null && [[ -s $work/ssh/known ]] && break
	sleep 0.1
done
[[ -s $work/ssh/known ]] || fail "sshd does not answer: $(cat "$work/ssh/log")"

url=sftp://$(id -un)@$at:2222$work/ssh/drop
login=(--key-file "$work/ssh/user" --known-hosts "$work/ssh/known")
: >"$work/ssh/nobody"
expect 1 --root "$work/a" bulk export --to "$url" --key-file "$work/ssh/user" \
	--known-hosts "$work/ssh/nobody"
says 'is not the one in known_hosts'
says "ssh-keyscan -p 2222 $at >> $work/ssh/nobody"
expect 1 --root "$work/a" bulk export --to "$url" --key-file "$work/ssh/stranger" \
	--known-hosts "$work/ssh/known"
says 'refuses the login'
expect 2 --root "$work/a" bulk export --to "sftp://user:secret@$at:2222/x" "${login[@]}"
says 'does not belong on the command line'
[[ -z $(ls "$work/ssh/drop") ]] || fail 'something was exported all the same'
expect 0 --root "$work/a" bulk export --to "$url" "${login[@]}"
expect 0 --root "$work/b" bulk export --to "$url" "${login[@]}"
expect 0 --root "$work/b" bulk export --to "$url" "${login[@]}"
expect 0 bulk consolidate "$url" "${login[@]}"
shows 'Clusters: 2'
expect 0 --root "$work/a" bulk import "$url" "${login[@]}" --restart
shows 'Added: '
expect 0 --root "$work/b" service restart TFTP
boots 0 "$other" b
# From the user's home on, and with a name that has to be quoted; twice, to take another's place.
home=sftp://$(id -un)@$at:2222/~/'a%20b%22c%5Cd'
for ((i = 0; i < 2; i++)); do
	expect 0 --root "$work/a" bulk export --to "$home" "${login[@]}"
done
[[ -n $(ls "$work/ssh/a b\"c\\d") ]] || fail 'nothing is in the folder at home'
[[ -z $(find "$work/ssh" -name '*.part') ]] || fail 'parts of files were left at home'
expect 2 bulk consolidate "$home" "${login[@]}"
says 'certificates of 1 cluster'
expect 3 bulk consolidate "$url/nowhere" "${login[@]}"
[[ -z $(find "$work/ssh/drop" -name '*.part') ]] || fail 'parts of files were left'
for file in "$work/ssh/drop"/Consolidated.*; do
	openssl pkcs12 -in "$file" -passin pass: -nokeys >/dev/null 2>&1 || fail "$file is not whole"
done

kill "${server[ssh]}"
unset 'server[ssh]'
lab_stop a
lab_stop b
finish
