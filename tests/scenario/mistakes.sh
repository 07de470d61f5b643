#!/usr/bin/env bash
# What people get wrong, at the command line and in the config: one clear error with what, where and
# what next, the right exit status, and nothing changed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

a=$work/a

# Before there is a cluster.
expect 3 --root "$a" cert list
says 'cluster init'
expect 3 --root "$a" serve
says 'cluster init'
for bad in '--name a/b' '--name a --release 9' '--name a --address 300.1.1.1' '--name a --country USA' ''; do
	# shellcheck disable=SC2086 # each is some words
	expect 2 --root "$a" cluster init $bad
done
[[ ! -e $a ]] || fail 'a refused init left something behind'

lab_new a 0
expect 1 --root "$a" cluster init --name other
says 'already'
generation() {
	of a itl history --json
	of a param list --json
	of a cert list --json
	of a service list --json
	of a phone list --json
}
generation >"$work/before"

expect 2 --root "$a" param set "TFTP File Signature Algorithm" MD5
says 'SHA-1 or SHA-512'
expect 3 --root "$a" param set "No Such Parameter" 1
expect 2 --root "$a" param set "Prepare Cluster for Rollback to pre 8.0" maybe
expect 2 --root "$a" param set "Prepare Cluster for Rollback to pre 8.0"
says 'usage:'
expect 2 --root "$a" param set "Cluster Security Mode" 1
says 'read-only'
expect 3 --root "$a" service restart TVSS
says 'TVS'
expect 3 --root "$a" service restart TVS --node nowhere
expect 2 --root "$a" phone add SEP0011 --model 7975
says '12 upper-case hex digits'
expect 2 --root "$a" phone add sep001122334455 --model 7975
expect 2 --root "$a" phone add SEP001122334455 --model 7976
says '7975'
expect 2 --root "$a" phone add SEP001122334455
says '--model'
expect 3 --root "$a" phone show SEP001122334455
expect 3 --root "$a" cert regenerate Callmanger
expect 2 --root "$a" cert regenerate Phone-SAST-trust
expect 1 --root "$a" cert upload --store CallManager "$0"
expect 3 --root "$a" cert upload --store CallManager-trust "$work/none.pem"
expect 1 --root "$a" cert upload --store CallManager-trust "$0"
expect 3 --root "$a" cert delete --store CallManager-trust nobody
expect 3 --root "$a" itl show --number 99
expect 2 --root "$a" itl show --number one
expect 2 --root "$a" nonsense
expect 2 --root "$a" cert
expect 2 --root "$a" cert list --no-such-option
generation >"$work/after"
same "$work/before" "$work/after"

# The config file: every mistake with its line, and serve does not start.
expect 0 --root "$a" config check
cat >"$a/trustlist.conf" <<-end
	[server]
	workers = many
	[tftp]
	port = 70000
	prot = 69
	[ftp]
	port = 1
	this is no setting
end
expect 1 --root "$a" config check
cat "$work/stdout" >>"$work/stderr"
for line in ':2' ':4' ':5' ':7' ':8'; do
	says "trustlist.conf$line"
done
expect 1 --root "$a" serve
says 'trustlist.conf:2'
printf '[tvs]\ntls_min = 1.3\ntls_max = 1.0\n' >"$a/trustlist.conf"
expect 1 --root "$a" config check
says '[tvs] tls_min is above tls_max'
rm "$a/trustlist.conf"
expect 3 --root "$a" config check

# A port that somebody has, and a store that somebody serves.
rm -rf "$a"
lab_new a 0
lab_serve a
expect 1 --root "$a" serve
says 'already'
# Another cluster on the same address: it would get a share of the phones.
expect 0 --root "$work/b" cluster init --name b --address "${address[a]}"
expect 1 --root "$work/b" serve
says 'in use'
lab_stop a
finish
