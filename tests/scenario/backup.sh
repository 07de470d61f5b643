#!/usr/bin/env bash
# Disaster recovery: a backup taken under load, the instance lost, restored into an empty folder, and
# every phone goes on as if nothing had happened.  And what is refused: altered backups, another
# passphrase, a restore while the instance is served, and one that would lock phones.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

phones=(SEP001122334455 SEP001122334466 SEP001122334477)
backup=$work/a.backup
words='correct horse battery staple'
printf '%s\n' "$words" >"$work/words"
printf 'another passphrase\n' >"$work/wrong"

# backup VERB STATUS CLUSTER FILE [OPTION...]
backup() {
	expect "$2" --root "$work/$3" backup "$1" "$4" --password-file "$work/words" "${@:5}"
}

# The list a phone holds, as it is in its memory.
lists() {
	(cd "$work/phones" && sha256sum ./*/ITLFile.tlv)
}

# knows CLUSTER PHONE STATUS: it is told with the next write of the trail.
knows() {
	local i
	for ((i = 0; i < 100; i++)); do
		expect 0 --root "$work/$1" phone show "$2"
		grep -qxF "ITL File Status: $3" "$work/stdout" && return
		sleep 0.1
	done
	fail "$2 is not $3: $(grep 'ITL File Status' "$work/stdout")"
}

# Everything under a folder, by name and content.
print_of() {
	(cd "$1" && find . -type f ! -name '*.db-*' -print0 | sort -z | xargs -0 sha256sum)
}

lab_new a 0 --release 11.5
for phone in "${phones[@]}"; do
	expect 0 --root "$work/a" phone add "$phone" --model 7975
done
mkdir -p "$work/a/tftp/sub"
head -c 300000 /dev/urandom >"$work/a/tftp/sub/firmware.sbn"
lab_serve a
for phone in "${phones[@]}"; do
	boots 0 "$phone" a --model 7975
	knows a "$phone" Match
done
lists >"$work/lists"

# ---- made under load: phones boot and parameters are set all the while

load() {
	local i=0
	while [[ ! -e $work/enough ]]; do
		"$TRUSTLIST" vphone boot SEP0011223399AA --model 7975 --tftp "${address[a]}:$port" \
			--memory "$work/other" >/dev/null 2>&1 || true
		of a phone set "${phones[0]}" --description "desk $((i++))" >/dev/null 2>&1 || true
	done
}
load &
loading=$!
backup create 0 a "$backup"
shows 'Files: '
backup create 1 a "$backup"
says 'exists already'
for i in 1 2; do
	backup create 0 a "$work/more.$i"
	backup verify 0 a "$work/more.$i"
done
touch "$work/enough"
wait "$loading"
[[ $(stat -c %a "$backup") == 600 ]] || fail 'others may read the backup'
[[ -z $(find "$work" -maxdepth 2 -name '*.part-*' -o -maxdepth 2 -name '.backup-*') ]] ||
	fail 'something was left behind'
grep -qF "$words" "$backup" && fail 'the passphrase is in the backup'

# ---- what it says, and who else can read it

backup verify 0 a "$backup" --json
shows_json '"verified":true'
shows_json '"path":"tftp/sub/firmware.sbn"'
shows_json '"release":"11.5"'
backup verify 0 a "$backup"
shows 'Verified:'
expect 5 backup verify "$backup" --password-file "$work/wrong"
says 'another passphrase'
expect 3 backup verify "$work/none" --password-file "$work/words"
expect 2 backup verify "$backup" </dev/null
says 'nobody at a terminal'
printf 'too short\n' >"$work/short"
expect 2 --root "$work/a" backup create "$work/no" --password-file "$work/short"
says 'at least 12'
[[ ! -e $work/no ]] || fail 'there is a backup with a short passphrase'
expect 0 backup verify "$backup" --password-file - <"$work/words"

openssl cms -decrypt -inform DER -in "$backup" -pwri_password "$words" -out "$work/backup.tar" ||
	fail 'openssl cms does not open it'
tar -tf "$work/backup.tar" >"$work/names"
for name in trustlist.db trustlist.conf tftp/sub/firmware.sbn manifest.json; do
	grep -qx "$name" "$work/names" || fail "tar does not list $name"
done
# By hand, too, it becomes an instance.
mkdir -m 700 "$work/hand"
tar -xf "$work/backup.tar" -C "$work/hand"
expect 0 --root "$work/hand" itl verify
(cd "$work/hand" && python3 -c 'if True:
	import hashlib, json
	for f in json.load(open("manifest.json"))["files"]:
		assert hashlib.sha256(open(f["path"], "rb").read()).hexdigest() == f["sha256"], f
	') || fail 'the hashes of the manifest are not those of the files'

# ---- what is refused, and changes nothing

size=$(stat -c %s "$backup")
for at in 0 200 $((size / 2)) $((size - 1)); do
	cp "$backup" "$work/bad"
	python3 - "$work/bad" "$at" <<-'END'
		import sys
		with open(sys.argv[1], "r+b") as f:
		    f.seek(int(sys.argv[2])); byte = f.read(1)[0]
		    f.seek(int(sys.argv[2])); f.write(bytes([byte ^ 4]))
	END
	backup restore 5 fresh "$work/bad"
done
backup verify 5 a "$work/bad"
for cut in 0 100 $((size - 1)); do
	head -c "$cut" "$backup" >"$work/bad"
	backup restore 5 fresh "$work/bad"
done
cat "$backup" <(printf x) >"$work/bad"
backup restore 5 fresh "$work/bad"
expect 5 --root "$work/fresh" backup restore "$backup" --password-file "$work/wrong"
[[ ! -e $work/fresh ]] || fail 'a refused restore made a folder'

backup restore 1 a "$backup"
says 'serves'
boots 0 "${phones[0]}" a

# ---- the instance is lost, and comes back

lab_stop a
print_of "$work/a" >"$work/before"
head -c $((size / 2)) "$backup" >"$work/bad"
backup restore 5 a "$work/bad"
print_of "$work/a" >"$work/after"
same "$work/before" "$work/after"

mv "$work/a" "$work/lost"
backup restore 0 a "$backup"
shows 'by what was known of them when the backup was made'
shows '3 unaffected'
same "$work/a/tftp/sub/firmware.sbn" "$work/lost/tftp/sub/firmware.sbn"
expect 0 --root "$work/a" events tail
shows 'backup restore'
lab_serve a
for phone in "${phones[@]}"; do
	knows a "$phone" Match
	boots 0 "$phone" a
	knows a "$phone" Match
done
lists >"$work/lists.after"
same "$work/lists" "$work/lists.after"

# ---- older than the last regeneration, of which the phones took the list

expect 0 --root "$work/a" cert regenerate TVS --restart
for phone in "${phones[@]}"; do
	boots 0 "$phone" a
	knows a "$phone" Match
done
expect 0 --root "$work/a" cert regenerate CallManager --restart
# One of them was switched off, and holds what it held.
for phone in "${phones[@]:0:2}"; do
	boots 0 "$phone" a
	knows a "$phone" Match
done
lab_stop a
backup restore 4 a "$backup"
says '2 phones would be locked'
backup restore 4 a "$backup" --json
shows_json '"restored":false'
shows_json '"judged_by":"instance"'
shows_json '{"fate":"locked","after":2}'
shows_json '{"fate":"follow","after":1}'
lab_serve a
boots 0 "${phones[0]}" a
lab_stop a

backup restore 0 a "$backup" --yes
shows 'replaced-1'
[[ -e $work/a/replaced-1/trustlist.db ]] || fail 'what was there is gone'
lab_serve a
for phone in "${phones[@]:0:2}"; do
	boots 5 "$phone" a
done
boots 0 "${phones[2]}" a
lab_stop a

# ---- a folder that trustlist.conf has elsewhere is not written to

mkdir "$work/elsewhere"
printf '[tftp]\nfolder = %s\n' "$work/elsewhere" >"$work/a/trustlist.conf"
printf there >"$work/elsewhere/file.xml"
backup create 0 a "$work/elsewhere.backup"
printf changed >"$work/elsewhere/file.xml"
backup restore 0 b "$work/elsewhere.backup" --yes
shows "$work/elsewhere"
[[ $(cat "$work/elsewhere/file.xml") == changed ]] || fail 'a folder outside the root was written'
[[ $(cat "$work/b/tftp/file.xml") == there ]] || fail 'its files are not under the root'
finish
