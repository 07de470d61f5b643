#!/usr/bin/env bash
# The `file` verbs against files that other programs made (tests/data/vectors): made again byte for
# byte, verified, opened, taken apart, and refused where they are broken.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
cd "$here/../data/vectors"

out=$work/out

# rebuild FILE PAYLOAD RECIPE: makes it again from "signer=... digest=... record=ROLE:CERT ...".
rebuild() {
	local file=$1 payload=$2 word words args=()
	read -ra words <<<"$3"
	for word in "${words[@]}"; do
		case $word in
		signer=*) args+=(--key "${word#*=}") ;;
		signer_version=*) args+=(--signer-version "${word#*=}") ;;
		record=*)
			word=${word#record=}
			args+=(--record "${word%%:*}=${word#*:}")
			;;
		*) args+=("--${word%%=*}" "${word#*=}") ;;
		esac
	done
	if [[ $payload == - ]]; then
		expect 0 file build-list "${args[@]}" --order compat --out "$out"
	else
		expect 0 file sign "$payload" "${args[@]}" --out "$out"
	fi
	same "$file" "$out"
}

# A file that one may take or not must still get an answer.
status_for() {
	case $1 in
	accept) printf 0 ;;
	either) printf 0,5 ;;
	*) printf 5 ;;
	esac
}

verify_list() {
	local file=$1 want=$2 cert=$3
	if [[ $want == reject-if-trusting ]]; then
		expect 5 file verify "$file" --with "$cert"
	else
		expect "$(status_for "$want")" file verify "$file"
	fi
}

# Some files are broken inside the encryption: their signature is good all the same.
open_enc() {
	local file=$1 want=$2 cert=$3 device=$4 plain=$5
	rm -f "$out"
	case $want in
	accept) expect 0 file decrypt "$file" --key "$device" --with "$cert" --out "$out" ;;
	either) expect 0,1,5 file decrypt "$file" --key "$device" --out "$out" ;;
	*) expect 1,5 file decrypt "$file" --key "$device" --out "$out" ;;
	esac
	[[ $status -eq 0 || ! -e $out ]] || fail "$file: refused, but something was written"
	[[ $plain == - ]] || same "$plain" "$out"
}

strip_sgn() {
	local file=$1 payload=$2
	[[ $payload != - ]] || return 0
	expect 0 file strip "$file" --out "$out"
	shows "Signature verified: no"
	same "$payload" "$out"
}

all_vectors() {
	local file kind want cert device payload recipe
	while IFS=$'\t' read -r file kind want cert device payload recipe; do
		expect 0,5 file inspect "$file"
		[[ $recipe == - ]] || rebuild "$file" "$payload" "$recipe"
		case $kind in
		itl | ctl) verify_list "$file" "$want" "$cert" ;;
		sgn)
			expect "$(status_for "$want")" file verify "$file" --with "$cert"
			[[ $want != accept ]] || strip_sgn "$file" "$payload"
			;;
		enc) open_enc "$file" "$want" "$cert" "$device" "$payload" ;;
		esac
	done <index.tsv
}

# A list vouches for what its records may sign, and for nothing else.
lists_vouch() {
	local list=itl/itl-full-sha1-v10.tlv
	expect 0 file verify itl/itl-full-sha512-v11.tlv --with "$list"
	shows "the SAST of record 1"
	expect 5 file verify itl/itl-highbit-signer.tlv --with "$list" # there a CCM record, no SAST
	expect 0 file verify sgn/file-0.bin.sgn --with "$list"
	shows "the TFTP of record 4"
	expect 5 file verify sgn/file-512.bin.sgn --with "$list" # a CAPF record
	expect 0 file verify enc/SEP58971ECC97C0.cnf.xml.enc.sgn --with "$list"
}

opening() {
	local enc=enc/SEP58971ECC97C0.cnf.xml
	expect 0 file decrypt "$enc.enc.sgn" --key certs/device-rsa2048.pem --out "$out"
	shows "Signature verified: no"
	[[ $(stat -c %a "$out") == 600 ]] || fail "a decrypted file that others may read"
	expect 5 file decrypt "$enc.enc.sgn" --key certs/device-rsa1024.pem --out "$work/no"
	expect 5 file decrypt "$enc.enc.sgn" --key certs/device-rsa2048.pem --with certs/sast.pem \
		--out "$work/no"
	[[ ! -e $work/no ]] || fail "written in spite of a signature that does not verify"
	expect 2 file strip "$enc.enc.sgn" --out "$work/no"
	says "trustlist file decrypt"
}

streams() {
	local sgn=sgn/SEP58971ECC9704.cnf.xml
	expect 0 file strip "$sgn.sgn" --out -
	same "$work/stdout" "$sgn"
	"$TRUSTLIST" file sign - --key certs/tftp.pem --filename SEP58971ECC9704.cnf.xml.sgn \
		--timestamp 1795414027 --out - <"$sgn" >"$out"
	same "$out" "$sgn.sgn"
	expect 2 file sign "$sgn" --key certs/tftp.pem --out -
	says "--filename NAME"
	run bash -c "exec \"$TRUSTLIST\" file inspect \"$sgn.sgn\" >/dev/full"
	[[ $status -eq 1 ]] || fail "a full disk went unnoticed"
	run bash -c "exec \"$TRUSTLIST\" file inspect \"$sgn.sgn\" >&-"
	[[ $status -eq 1 ]] || fail "a closed standard output went unnoticed"
}

names() {
	expect 0 file sign sgn/file-0.bin --key certs/tftp.pem --timestamp 0 --out "$work/SEP1.cnf.xml.sgn"
	expect 0 file verify "$work/SEP1.cnf.xml.sgn" --with certs/tftp.pem
	shows "Name: SEP1.cnf.xml.sgn"
}

json() {
	expect 0 --json file inspect itl/itl-min-sha1-v10.tlv
	shows '"name": "SIGNERNAME"'
	shows '"signer_record": 1'
	expect 0 file inspect --json certs/sast.pem
	shows '"sha1": "a0599d8b7e06afe21d2ff5c279f8b1c2fad4ea08"'
	expect 5 file verify --json sgn/file-0.bin.sgn --with certs/sast.pem
	shows '"verified": false'
	shows '"code": "no"'
}

limits() {
	local records=() i
	for ((i = 0; i < 40; i++)); do
		records+=(--record APP-SERVER=certs/tvs.pem)
	done
	expect 0 file build-list --key certs/sast.pem --record SAST=certs/sast.pem "${records[@]}" \
		--out "$out"
	shows "Warning: 41 certificates"
}

mistakes() {
	local build=(file build-list --key certs/sast.pem --record SAST=certs/sast.pem)
	expect 3 file inspect "$work/none"
	says "error: cannot open $work/none"
	expect 5 file inspect /dev/null
	expect 5 file verify sgn/file-512.bin
	expect 2 file verify sgn/file-512.bin.sgn
	says "hint: --with CERT.pem"
	expect 1 file verify sgn/file-512.bin.sgn --with sgn/file-512.bin
	expect 1 file strip sgn/file-512.bin --out "$out"
	expect 2 "${build[@]}" --record PBX=certs/tvs.pem --out "$out"
	says "no such role: PBX"
	says "CCM+TFTP"
	expect 2 "${build[@]}" --record TVS --out "$out"
	says "not ROLE=CERT.pem"
	expect 2 file build-list --key certs/sast.pem --record TVS=certs/tvs.pem --out "$out"
	says "not among the SAST records"
	expect 2 "${build[@]}" --signer-version 2 --out "$out"
	expect 2 "${build[@]}" --digest md5 --out "$out"
	expect 2 "${build[@]}" --order any --out "$out"
	expect 2 "${build[@]}" --timestamp yesterday --out "$out"
	says "not a number"
	expect 2 "${build[@]}" --timestamp 4294967296 --out "$out"
	expect 2 file build-list --record SAST=certs/sast.pem --out "$out"
	says "--key SIGNER.pem is missing"
	expect 2 "${build[@]}" --key certs/tvs.pem --out "$out"
	says "--key given twice"
	expect 1 file sign sgn/file-0.bin --key certs.tsv --out "$out"
	says "no private key"
	expect 2 file sign sgn/file-0.bin --key certs/sast-ec.pem --out "$out"
	expect 3 file sign sgn/file-0.bin --key certs/tftp.pem --out "$work/none/x.sgn"
	expect 2 file sign sgn/file-0.bin --key certs/tftp.pem --out /dev/null
	says "hint: --out - writes to standard output"
	expect 2 file inspect
	says "usage: trustlist file inspect FILE"
	expect 2 file inspect a b
	says "one argument too many: b"
	expect 2 file inspect a --bogus
	says "no option --bogus"
	expect 2 file inspect a --root
	says "its value is missing"
	expect 2 file verify a --with=b --json=yes
	says "takes no value"
	expect 2 file insepct a
	says "did you mean: file inspect"
	cp certs/tvs.pem "$work/--odd"
	(cd "$work" && exec "$TRUSTLIST" file inspect -- --odd >/dev/null) || fail "a name with dashes"
	expect 2 flie
	expect 2
	says "usage: trustlist NOUN VERB"
}

# What is read is never written over, by whatever name.
own_input() {
	cp certs/tftp.pem "$work/key.pem"
	ln -s key.pem "$work/other"
	expect 2 file sign sgn/file-0.bin --key "$work/key.pem" --out "$work/other"
	says "would overwrite the input"
	same certs/tftp.pem "$work/key.pem"
	cp sgn/file-512.bin.sgn "$work/x.sgn"
	expect 2 file strip "$work/x.sgn" --out "$work/x.sgn"
	same sgn/file-512.bin.sgn "$work/x.sgn"
}

help_is_there() {
	expect 0 --help
	shows "inspect, verify, sign"
	expect 0 help file
	shows "file build-list"
	expect 0 help file sign
	shows "--timestamp UNIX"
	expect 0 file sign --help
	expect 2 help file sing
	expect 0 --version
	shows "trustlist "
}

all_vectors
lists_vouch
opening
streams
names
json
limits
mistakes
own_input
help_is_there
finish
