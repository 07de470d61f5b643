#!/usr/bin/env bash
# The lines of README.md run as they stand there, on a cluster like the one that `./dev run` makes.
# Only the address is another one, so that a demo that somebody is running is left alone.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

# The code blocks below "Try it"; those above build and test.
lines() {
	awk '/^## Try it/ { on = 1 } /^## The map/ { on = 0 }
	     /^```/ { code = !code; next } on && code' "$here/../../README.md" |
		grep -v '^PATH=' | sed "s/127\.0\.0\.1/${address[lab]}/g"
}

lab_new lab 0
expect 0 --root "$work/lab" phone add SEP001122334455 --model 7975
lab_serve lab
boots 0 SEP001122334455 lab --model 7975
mkdir -p "$work/lab/phones"
cp -r "$work/phones/SEP001122334455" "$work/lab/phones/"

mkdir "$work/bin"
ln -s "$TRUSTLIST" "$work/bin/trustlist"
cd "$work"
PATH=$work/bin:$PATH
ran=0
while IFS= read -r line; do
	run bash -c "$line"
	((status == 0)) || fail "README.md: $line: exit status $status: $(cat "$work/stderr")"
	ran=$((ran + 1))
done < <(lines)
((ran >= 8)) || fail "only $ran lines were found"
lab_stop lab
finish
