#!/usr/bin/env bash
# A server is set up afresh without rollback first: every phone is locked, and a hand that deletes
# the list on the phone repairs it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"

phones=(SEP001122334455 SEP0011223388A1)
models=(7975 8861)

lab_new a 0
lab_serve a
for i in 0 1; do
	boots 0 "${phones[i]}" a --model "${models[i]}"
done
lab_stop a

rm -rf "$work/a"
lab_new a 0
lab_serve a
for i in 0 1; do
	boots 5 "${phones[i]}" a --json
	shows_json '"reason":"tvs-unreachable"'
	expect 0 vphone erase --memory "$work/phones/${phones[i]}"
	boots 0 "${phones[i]}" a
done
lab_stop a
finish
