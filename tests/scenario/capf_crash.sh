#!/usr/bin/env bash
# SIGKILL of the server while a thousand phones get their certificates, again and again: whatever a
# phone was told of is in the account, orders go on where they were, and in the end each phone holds
# what the account says.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/scenario/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/scenario/lab.sh
. "$here/lab.sh"
# shellcheck source=tests/scenario/capf.sh
. "$here/capf.sh"

phones=${CRASH_PHONES:-1000}
kills=${CRASH_KILLS:-12}
threads=16

names() {
	local i
	for ((i = 0; i < phones; i++)); do
		printf 'SEP0011%08X\n' "$i"
	done
}

lab_new a 0
names | xargs -P 4 -I NAME "$TRUSTLIST" --root "$work/a" phone add NAME --model 8861 >/dev/null
order_all install --auth null --key rsa:2048
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 2>/dev/null |
	openssl pkey -pubout -outform DER -out "$work/key"

lab_serve a
names | python3 "$support/capf_rush.py" "${address[a]}" "$capf_port" "$work/key" "$threads" \
	"$work/offered" >"$work/progress" 2>"$work/wrong" &
rush=$!

killed=0
while ((killed < kills)) && kill -0 "$rush" 2>/dev/null; do
	# Any moment will do, best when the phones are at it.
	sleep "0.$((RANDOM % 90 + 10))"
	kill -0 "$rush" 2>/dev/null || break
	kill -KILL "${server[a]}"
	wait "${server[a]}" 2>/dev/null || true
	killed=$((killed + 1))
	lab_serve a
done
status=0
wait "$rush" || status=$?
((status == 0)) || fail "the phones: $(cat "$work/wrong")"
((killed >= 3)) || fail "only $killed kills in time: more phones are needed"
[[ $(wc -l <"$work/offered") == "$phones" ]] || fail "$(wc -l <"$work/offered") of $phones are done"

# ---- the account ----

of a capf lsc list --json >"$work/account"
of a capf list --json >"$work/orders"
run python3 - "$work/account" "$work/orders" "$work/offered" <<'python'
import collections, json, sys

account, orders = ([v for v in json.load(open(path)).values() if isinstance(v, list)][0]
                   for path in sys.argv[1:3])
told = {line.split()[0]: line.split()[1:] for line in open(sys.argv[3])}
states = collections.defaultdict(dict)
for lsc in account:
    states[lsc["name"]][lsc["sha256"].replace(":", "").lower()] = lsc["state"]
extra = 0
for phone, offered in told.items():
    has = states[phone]
    extra += len(has) - 1
    for sha256 in offered:
        if sha256 not in has:
            print(phone, "was told of", sha256, "which is not in the account")
    held = [sha256 for sha256, state in has.items() if state == "held"]
    if held != offered[-1:]:
        print(phone, "holds", offered[-1:], "and the account says", held)
    if any(state not in ("held", "replaced") for state in has.values()):
        print(phone, "has open ends:", has)
for row in orders:
    if row["operation"] != "none" or row["status"] != "success":
        print(row["name"], "is left with", row["operation"], row["status"])
print(f"{len(account)} certificates, {extra} of them cut off by a kill", file=sys.stderr)
python
[[ $status == 0 && ! -s $work/stdout ]] || fail "$(head -n 20 "$work/stdout" "$work/stderr")"
printf '%d phones, %d kills: %s\n' "$phones" "$killed" "$(cat "$work/stderr")"

lab_stop a
finish
