#!/usr/bin/env bash
# Phones prove to CAPF who they are by the certificate they have: an LSC or a MIC, and everything that
# looks like one.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"
# shellcheck source=tests/scenario/capf.sh
. "$here/capf.sh"

one=SEP001122334401 # has an LSC of its own
three=SEP001122334403
issued='AUTH KEY:rsa:2048 STORE END:1'

# ---- a manufacturer ----

ca=$work/ca

# A CA for what is valid when we say so.
new_ca() {
	local name=$1 cn=$2 from=$3 to=$4
	mkdir -p "$ca/$name"
	: >"$ca/$name/index"
	openssl rand -hex 8 >"$ca/$name/serial"
	cat >"$ca/$name/conf" <<-conf
		[ca]
		default_ca = it
		[it]
		database = $ca/$name/index
		serial = $ca/$name/serial
		new_certs_dir = $ca/$name
		private_key = $ca/$name/key.pem
		certificate = $ca/$name/ca.pem
		default_md = sha256
		policy = any
		unique_subject = no
		[any]
		serialNumber = optional
		organizationName = optional
		organizationalUnitName = optional
		commonName = supplied
		[root]
		basicConstraints = critical, CA:TRUE
		keyUsage = keyCertSign
		[phone]
		basicConstraints = critical, CA:FALSE
	conf
	openssl req -new -newkey rsa:2048 -nodes -keyout "$ca/$name/key.pem" -out "$ca/$name/csr" \
		-subj "/O=Cisco/CN=$cn" 2>/dev/null
	openssl ca -config "$ca/$name/conf" -batch -selfsign -notext -extensions root \
		-in "$ca/$name/csr" -out "$ca/$name/ca.pem" -startdate "$from" -enddate "$to" 2>/dev/null
}

# certificate CA TO COMMON-NAME FROM UNTIL: TO.pem and its key TO.key
certificate() {
	openssl req -new -newkey "${kind:-rsa:2048}" -nodes -keyout "$2.key" -out "$2.csr" \
		-subj "/serialNumber=PID:CP-8861 SN:FCH2133E8B9/O=Cisco Systems Inc./OU=CTG/CN=$3" \
		2>/dev/null
	openssl ca -config "$ca/$1/conf" -batch -notext -extensions phone -in "$2.csr" \
		-out "$2.pem" -startdate "$4" -enddate "$5" 2>/dev/null
}

past=20100101000000Z gone=20200101000000Z soon=20490101000000Z

# ---- phones ----

# by_lsc PATTERN [OPTION...]: by the LSC it has.
by_lsc() {
	talks "$1" "$three" --show "$work/phones/$three/lsc.pem" \
		--with "$work/phones/$three/key.pem" "${@:2}"
}

refused_by_lsc() {
	by_lsc 'AUTH END:7' "$@"
	stands "$three" operation install
}

by_existing_lsc() {
	local key kind
	for kind in rsa:2048 ec:256 ec:521 rsa:2048; do
		order "$three" install --auth null --key "$kind"
		talks "AUTH KEY:$kind STORE END:1" "$three"
		order "$three" install --auth lsc --key "$kind"
		by_lsc "AUTH KEY:$kind STORE END:1"
		lsc_is_good "$three" "CP-8861-$three"
	done
	order "$three" install --auth lsc
	by_lsc "$issued" --sudi right
	cp "$work/phones/$three/lsc.pem" "$work/replaced.pem"
	cp "$work/phones/$three/key.pem" "$work/replaced.key"
	order "$three" install --auth lsc
	by_lsc "$issued" --reuse

	order "$three" install --auth lsc
	refused_by_lsc --sign-name "$one"
	stands "$three" status_text 'Upgrade Failed: Invalid LSC'
	refused_by_lsc --sign-cut
	refused_by_lsc --sign-info
	refused_by_lsc --sign-code 2
	refused_by_lsc --sign-without 6
	refused_by_lsc --sign-without 20
	refused_by_lsc --sign-without 6 --sign-without 20
	refused_by_lsc --sudi big-endian
	refused_by_lsc --sudi other-session
	talks 'AUTH END:7' "$three" # shows nothing
	talks 'AUTH END:7' "$three" --show "$work/replaced.pem" --with "$work/replaced.key"
	key=$work/phones/$three/key.pem
	talks 'AUTH END:7' "$three" --show "$work/phones/$three/lsc.pem" --with "$work/phones/$one/key.pem"
	# Another phone's, rightly signed.
	talks 'AUTH END:7' "$three" --show "$work/phones/$one/lsc.pem" --with "$work/phones/$one/key.pem"
	# One that somebody else made, who calls himself CAPF.
	new_ca foreign CAPF-00000000 "$past" "$soon"
	certificate foreign "$work/foreign" "CP-8861-$three" "$past" "$soon"
	talks 'AUTH END:7' "$three" --show "$work/foreign.pem" --with "$work/foreign.key"
	stands "$three" status_text 'Upgrade Failed: Invalid LSC'
	# One that it made itself, and CAPF's own.
	openssl req -x509 -key "$key" -subj "/CN=CP-8861-$three" -out "$work/self.pem" 2>/dev/null
	talks 'AUTH END:7' "$three" --show "$work/self.pem" --with "$key"
	talks 'AUTH END:7' "$three" --show "$work/capf.pem" --with "$key"
	stands "$three" operation install
	by_lsc "$issued"
}

# by_mic PATTERN CERTIFICATE [OPTION...]
by_mic() {
	order "$three" install --auth mic
	talks "$1" "$three" --show "$work/$2.pem" --with "$work/$2.key" --reuse "${@:3}"
}

refused_by_mic() {
	by_mic 'AUTH END:7' "$@"
	stands "$three" status_text 'Upgrade Failed: Invalid MIC'
	stands "$three" operation install
}

by_existing_mic() {
	new_ca cisco 'Cisco Manufacturing CA SHA2' "$past" "$soon"
	new_ca old 'Cisco Manufacturing CA' "$past" "$gone"
	certificate cisco "$work/mic" "CP-8861-$three" "$past" "$soon"
	kind=ec:"$work/p256" certificate cisco "$work/mic-ec" "CP-8861-$three" "$past" "$soon"
	certificate cisco "$work/mic-one" "CP-8861-$one" "$past" "$soon"
	certificate cisco "$work/mic-gone" "CP-8861-$three" "$past" "$gone"
	certificate old "$work/mic-old" "CP-8861-$three" "$past" "$gone"
	expect 0 --root "$work/a" cert upload --store CAPF-trust "$ca/old/ca.pem"

	refused_by_mic mic # nobody knows that CA; CAPF-trust is live, and then it does
	expect 0 --root "$work/a" cert upload --store CAPF-trust "$ca/cisco/ca.pem"
	by_mic "$issued" mic
	lsc_is_good "$three" "CP-8861-$three"
	by_mic "$issued" mic --sudi right
	by_mic "$issued" mic-ec
	refused_by_mic mic-one
	refused_by_mic mic --sign-name "$one"
	refused_by_mic mic --sign-cut
	refused_by_mic mic --sudi other-session
	refused_by_mic mic --sudi big-endian
	refused_by_mic mic-gone
	refused_by_mic mic-old

	expect 0 --root "$work/a" param set 'Accept Expired Manufacturer Certificates' True
	refused_by_mic mic-gone # not before the restart
	expect 0 --root "$work/a" service restart CAPF
	by_mic "$issued" mic-gone
	by_mic "$issued" mic-old
	refused_by_mic mic-one
	expect 0 --root "$work/a" param set 'Accept Expired Manufacturer Certificates' False --restart
	refused_by_mic mic-gone
}

openssl ecparam -name prime256v1 -out "$work/p256"
lab_new a 0
add_phone "$one" 8861
add_phone "$three" 8861
of a cert export CAPF >"$work/capf.pem"
lab_serve a
order "$one" install --auth null
talks "$issued" "$one"
by_existing_lsc
by_existing_mic
lab_stop a
finish
