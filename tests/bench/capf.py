#!/usr/bin/env python3
"""How near CAPF comes to what the machine allows.

    capf.py TRUSTLIST BENCH_TLS [--runs N] [--phones N] [--clients N,N...] [--within S]

Serves a cluster of its own and, beside it, a server that says to a phone what CAPF says and does
only what cannot be done without (capf.h): the limit.  The same phones load both by turns: each
comes once in a run, with a whole handshake and a whole conversation, and leaves with its LSC.
Orders are given between the runs.  Machines drift, so what counts is the ratio of two runs that
followed each other; the median of these is shown.  Loopback only.  Exit status 1 when a phone got
no LSC.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import common  # it knows where capf_client is
import capf_client
from common import mark, median

PORT, LIMIT_PORT = 3804, 3805
GOAL = 0.7


class Capf(common.Bench):
    def __init__(self, options, folder):
        super().__init__(options, folder)
        self.phones = [f"SEP0011{i:08X}" for i in range(options.phones)]

    def make_phones(self):
        with ThreadPoolExecutor(4) as adding:
            list(adding.map(lambda name: self.done("phone", "add", name, "--model", "8861"),
                            self.phones))
        with open(self.path("names"), "w", encoding="ascii") as f:
            f.write("\n".join(self.phones) + "\n")
        capf_client.make_key("rsa:2048", self.path("key.pem"))
        with open(self.path("key"), "wb") as f:
            f.write(capf_client.public_key_of(self.path("key.pem")))

    def first_lsc(self):
        """What the limit signs is as large as an LSC."""
        self.order()
        phone = capf_client.Phone(self.phones[0], memory=self.folder)
        said = phone.talk((self.address, PORT))
        if said[-1] != "END:1":
            sys.exit(f"the first phone was told {said}")

    def start_servers(self):
        self.make_cluster()
        self.make_phones()
        self.server = self.start(self.trustlist("serve"), "serve.log", stderr=True)
        self.first_lsc()
        self.limit = self.start([self.options.bench_tls, "capf-limit", self.address,
                                 str(LIMIT_PORT), self.path("lsc.pem"), self.folder, self.threads],
                                "limit.log", stdout=True)

    def order(self):
        self.done("capf", "schedule", "--all", "--operation", "install", "--auth", "null",
                  "--key", "rsa:2048")

    def load(self, of_limit, clients):
        if not of_limit:
            self.order()
        port, pid = (LIMIT_PORT, self.limit) if of_limit else (PORT, self.server)
        out = subprocess.run([self.options.bench_tls, "capf-load", self.address, str(port),
                              self.path("names"), self.path("key"), self.threads, str(clients),
                              str(pid)], check=True, capture_output=True, timeout=120).stdout
        r = json.loads(out)
        r["rate"] = r["issued"] / r["seconds"]
        r["cpu_ms"] = 1000 * r["server_seconds"] / max(r["issued"], 1)
        if r["failures"] or r["issued"] != len(self.phones):
            self.failures.append(f"{'limit' if of_limit else 'trustlist'}, {clients} clients: "
                                 f"{r['issued']} issued, {r['failures']} failed ({r['failure']})")
        return r


def row(clients, pairs):
    """A pair is (limit, trustlist)."""
    ratio = median(pairs, lambda a, b: b["rate"] / max(a["rate"], 1e-9))
    cells = [median(pairs, lambda a, b, i=i, k=k: (a, b)[i][k]) for k in
             ("rate", "cpu_ms", "p50_us", "p99_us") for i in (0, 1)]
    print(f"{clients:7} {cells[0]:8.0f} {cells[1]:9.0f}   {mark(ratio, ratio >= GOAL)}"
          f" {cells[2]:8.2f} {cells[3]:7.2f}"
          f" {cells[4] / 1000:9.1f} {cells[5] / 1000:7.1f}"
          f" {cells[6] / 1000:9.1f} {cells[7] / 1000:7.1f}"
          f" {sum(b['failures'] for _, b in pairs):7}", flush=True)


def measure(bench):
    o = bench.options
    print(f"CAPF, an LSC by null string for each of {o.phones} phones, TLS 1.2, "
          "ECDHE-RSA-AES256-GCM-SHA384, P-256, RSA-2048;\n"
          f"{bench.threads} threads each in both servers and the clients, on the same processors; "
          f"{o.runs} runs by turns, medians; load 1 min {os.getloadavg()[0]:.1f}\n")
    bench.start_servers()
    print("               LSCs/s              CPU ms/LSC           p50 ms            p99 ms")
    print("clients    limit trustlist  ratio    limit    ours     limit    ours"
          "     limit    ours  failed")
    for clients in o.clients:
        row(clients, bench.by_turns(partial(bench.load, True, clients),
                                    partial(bench.load, False, clients)))
    print(f"\ngoal (! missed): at least {GOAL} of the limit: handshake, one signature, one durable "
          "write; no failure")
    for failure in bench.failures:
        print("failed:", failure)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("trustlist")
    parser.add_argument("bench_tls")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--phones", type=int, default=500)
    parser.add_argument("--clients", default="1,16,64",
                        type=lambda text: [int(n) for n in text.split(",")])
    parser.add_argument("--within", type=float, default=95)
    return parser.parse_args()


def main():
    print("./dev bench capf", *sys.argv[3:])
    with tempfile.TemporaryDirectory() as folder:
        bench = Capf(arguments(), folder)
        try:
            measure(bench)
        finally:
            bench.stop()
    sys.exit(1 if bench.failures else 0)


if __name__ == "__main__":
    main()
