"""Does `service stats --json`, on standard input, count so?

    stats_say.py NODE DOOR NAME=NUMBER...

Prints what differs, and ends with 1 then.
"""

import json
import sys

node, door = sys.argv[1:3]
rows = [
    row
    for row in json.load(sys.stdin)["counters"]
    if row["node"] == node and row["door"] == door
]
if len(rows) != 1:
    sys.exit("%d rows of %s over %s" % (len(rows), node, door))
wrong = []
for wanted in sys.argv[3:]:
    name, number = wanted.split("=")
    if rows[0][name] != int(number):
        wrong.append("%s is %d, not %s" % (name, rows[0][name], number))
if wrong:
    sys.exit("; ".join(wrong))
