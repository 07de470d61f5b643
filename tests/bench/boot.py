#!/usr/bin/env python3
"""A building full of phones that get their power back: each asks for its CTL, its ITL, its own
configuration, and the ring list, and nothing has been signed yet.

    boot.py TRUSTLIST BENCH_TFTP [--phones N] [--at-once N]

The limit is one RSA-2048 signature for each phone, on all processors: `openssl speed`, before and
after.  Where the packets take longer than that, they are: the same files once more, when all are
signed.  Loopback only.  Exit status 1 when a file did not come.
"""
import argparse
import json
import os
import re
import resource
import sqlite3
import subprocess
import sys
import tempfile

import common
from common import mark

GOAL = 1.3
MODEL = "SEP0011223344FF"


class Boot(common.Bench):
    def make_phones(self, number):
        """As `phone add` does it for one: ten thousand processes would take minutes."""
        self.done("phone", "add", MODEL, "--model", "8861")
        names = [f"SEP0022{i:08X}" for i in range(number)]
        with sqlite3.connect(self.path("lab/trustlist.db")) as db:
            db.row_factory = sqlite3.Row
            row = dict(db.execute("SELECT * FROM phone WHERE name = ?", (MODEL,)).fetchone())
            row.pop("name")
            db.executemany(f"INSERT INTO phone (name, {', '.join(row)}) VALUES (?{', ?' * len(row)})",
                           [(name, *row.values()) for name in names])
        with open(self.path("lab/tftp/Ringlist.xml"), "w", encoding="ascii") as f:
            f.write("<CiscoIPPhoneRingList>" + "<Ring/>" * 200 + "</CiscoIPPhoneRingList>\n")
        with open(self.path("files"), "w", encoding="ascii") as f:
            for name in names:
                f.write(f"CTL{name}.tlv\nITL{name}.tlv\n{name}.cnf.xml.sgn\nRinglist.xml.sgn\n")
        return names

    def signatures(self):
        """A second, on all processors."""
        said = subprocess.run(["openssl", "speed", "-seconds", "2", "-multi", self.threads, "rsa2048"],
                              check=True, capture_output=True, text=True).stdout
        return float(re.search(r"rsa +2048 bits +\S+ +\S+ +([\d.]+)", said).group(1))

    def boots(self, phones, at_once):
        out = subprocess.run([self.options.bench_tftp, "load", self.address, "6969",
                              self.path("files"), str(at_once), str(4 * phones), "0", "1", "0", "0"],
                             check=True, capture_output=True, timeout=600).stdout
        return json.loads(out)


def measure(bench):
    o = bench.options
    bench.make_cluster()
    bench.make_phones(o.phones)
    bench.start(bench.trustlist("serve"), "serve.log", stderr=True)
    before = bench.signatures()
    cold, warm = bench.boots(o.phones, o.at_once), bench.boots(o.phones, o.at_once)
    after = bench.signatures()
    limit = o.phones / ((before + after) / 2)
    print(f"{o.phones} phones, {o.at_once} at once, {bench.threads} processors for server and phones; "
          f"load 1 min {os.getloadavg()[0]:.1f}\n")
    print(f"nothing signed        {cold['seconds']:8.1f} s, p99 of a file {cold['p99_us'] / 1000:.0f} ms, "
          f"{cold['requests_again']} asked again")
    print(f"all signed            {warm['seconds']:8.1f} s, p99 of a file {warm['p99_us'] / 1000:.0f} ms, "
          f"{warm['requests_again']} asked again")
    print(f"limit, signatures     {limit:8.1f} s ({before:.0f} and {after:.0f} a second)")
    share = cold["seconds"] / max(limit, warm["seconds"])
    print(f"to the slower of the limit and the packets: {mark(share, share <= GOAL)} goal {GOAL}")
    for r in (cold, warm):  # there is no CTL: the cluster is not in mixed mode
        if r["failures"] or r["refused"] != o.phones:
            bench.failures.append(f"{r['failures']} failed ({r['failure']}), {r['refused']} refused")
    for failure in bench.failures:
        print("failed:", failure)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("trustlist")
    parser.add_argument("bench_tftp")
    parser.add_argument("--phones", type=int, default=10000)
    parser.add_argument("--at-once", type=int, default=1000)
    options = parser.parse_args()
    options.within = 0
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print("./dev bench boot", *sys.argv[3:])
    with tempfile.TemporaryDirectory() as folder:
        bench = Boot(options, folder)
        try:
            measure(bench)
        finally:
            bench.stop()
    sys.exit(1 if bench.failures else 0)


if __name__ == "__main__":
    main()
