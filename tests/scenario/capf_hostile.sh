#!/usr/bin/env bash
# Two thousand hostile peers in every state of a conversation with CAPF: good phones get their LSC
# meanwhile, no order is settled or changed by them, and the server is as it was.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"
# shellcheck source=tests/scenario/capf.sh
. "$here/capf.sh"

connections=${HOSTILE_CONNECTIONS:-2000}
stores=$(printf 'SEP0011223355%02X ' {0..63})
declare -A phones=(
	[store]=$stores
	[install]='SEP001122334401 SEP001122334402 SEP001122334403'
	[string]='SEP001122334411'
	[fetch]='SEP001122334421'
	[delete]='SEP001122334431'
	[good]='SEP0011223344A1 SEP0011223344A2 SEP0011223344A3 SEP0011223344A4 SEP0011223344A5'
)
read -ra victims <<<"${phones[install]} ${phones[string]} ${phones[fetch]} ${phones[delete]}"

lab_new a 0
for role in "${!phones[@]}"; do
	for name in ${phones[$role]}; do
		add_phone "$name" 8861
		printf '%s %s\n' "$role" "$name" >>"$work/roles"
		case $role in
		store) ;; # all at once
		install | good) order "$name" install --auth null ;;
		string) order_by_string "$name" install 4711081500 ;;
		fetch) order "$name" troubleshoot --auth null ;;
		delete) order "$name" delete --auth null ;;
		esac
	done
done
# shellcheck disable=SC2086  # many names
of a capf schedule $stores --operation install --auth null --key rsa:2048 >/dev/null
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 2>/dev/null |
	openssl pkey -pubout -outform DER -out "$work/key"
lab_serve a

# What was ordered; what came of it may be another failure each time.
orders() {
	of a capf list --json | python3 -c '
import json, sys
rows = next(v for v in json.load(sys.stdin).values() if isinstance(v, list))
for r in rows:
    if r["name"] in sys.argv[1:]:
        print(*(r[k] for k in ("name", "operation", "auth", "key", "completes_by")))' \
		"${victims[@]}"
}

orders >"$work/before"
run timeout 240 python3 "$here/../hostile/capf_hostile.py" "${address[a]}" "$capf_port" \
	"${server[a]}" "$work/key" "$connections" <"$work/roles"
if ((status != 0)); then
	fail "hostile peers: exit status $status: $(tail -n 5 "$work/stderr")"
	finish
fi
cat "$work/stdout"
orders >"$work/after"
[[ -s $work/before ]] || fail 'no orders'
same "$work/before" "$work/after"
for name in "${victims[@]}"; do
	[[ " $(lscs "$name") " != *' held '* ]] || fail "$name: $(lscs "$name")"
done
of a capf lsc list --json | tr -d ' \n' >"$work/account"
grep -q '"name":"SEP0011223355..","state":"lost"' "$work/account" || fail 'nobody got that far'
! grep -q '"name":"SEP0011223355..","state":"held"' "$work/account" ||
	fail 'a phone of which nobody said that it stored its LSC holds one'
for name in ${phones[good]}; do
	account "$name" held
	stands "$name" status_text 'Upgrade Success'
done

# The phones themselves come, after all that.
for name in ${phones[install]}; do
	talks 'AUTH KEY:rsa:2048 STORE END:1' "$name"
done
lab_stop a
finish
