#!/usr/bin/env python3
"""How near TVS comes to what the machine allows.

    tvs.py TRUSTLIST BENCH_TLS [--runs N] [--seconds S] [--clients N,N...] [--silent N]
           [--within S]

Serves a cluster of its own and, beside it, a server that does only the handshake and a canned
answer (tls.h): the limit.  The same clients load both by turns, each connection one handshake and
one query.  Machines drift, so what counts is the ratio of two runs that followed each other; the
median of these is shown.  Loopback only.  Exit status 1 when a query went unanswered.
"""
import argparse
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
from functools import partial

import common  # it knows where tvs_client is
import tvs_client
from common import mark, median

PORT, LIMIT_PORT = 2445, 2446
GOALS = dict(cpu=1.15, queries=0.85, p99_ms=50, silent=0.9)
SILENT_AMONG = 64  # clients


class Tvs(common.Bench):
    def start_servers(self):
        self.make_cluster()
        with open(self.path("pem"), "wb") as f:
            f.write(self.done("cert", "export", "CallManager"))
        self.server = self.start(self.trustlist("serve"), "serve.log", stderr=True)
        question = tvs_client.request(self.path("pem"), True)
        answer = tvs_client.ask(self.address, PORT, question)
        for name, content in (("question", question), ("answer", answer)):
            with open(self.path(name), "wb") as f:
                f.write(content)
        self.limit = self.start(self.end("limit", LIMIT_PORT), "limit.log", stdout=True)

    def end(self, which, port, *more):
        return [self.options.bench_tls, which, self.address, str(port), self.path("question"),
                self.path("answer"), self.threads, *more]

    def load(self, of_limit, clients, handshake):
        port, pid = (LIMIT_PORT, self.limit) if of_limit else (PORT, self.server)
        out = subprocess.run(self.end("load", port, str(clients),
                                      str(int(self.options.seconds * 1000)), handshake, str(pid)),
                             check=True, capture_output=True, timeout=60).stdout
        r = json.loads(out)
        answers = max(r["answers"], 1)
        r["queries"] = r["answers"] / r["seconds"]
        r["cpu_ms"] = 1000 * r["server_seconds"] / answers
        if r["failures"]:
            self.failures.append(f"{'limit' if of_limit else 'trustlist'}, {clients} clients, "
                                 f"{handshake}: {r['failures']} failed ({r['failure']})")
        if handshake == "resumed" and r["resumed"] < r["answers"]:
            self.failures.append(f"{clients} clients: only {r['resumed']} of {r['answers']} resumed")
        return r


class SilentPeers:
    """Half of them say nothing, the others stop in the middle of their first message."""

    def __init__(self, address, number):
        start = bytes.fromhex("16030100c8010000c40303") + bytes(32)
        self.peers = []
        for i in range(number):
            s = socket.socket()
            s.bind((f"127.78.{i // 250}.{i % 250 + 1}", 0))
            s.connect((address, PORT))
            if i % 2:
                s.sendall(start)
            s.setblocking(False)
            self.peers.append(s)

    def held(self):
        held = 0
        for s in self.peers:
            try:
                s.recv(1)
            except BlockingIOError:
                held += 1
            except OSError:
                pass
        return held

    def close(self):
        for s in self.peers:
            s.close()


def row(handshake, clients, pairs):
    """A pair is (limit, trustlist)."""
    queries = median(pairs, lambda a, b: b["queries"] / max(a["queries"], 1e-9))
    cpu = median(pairs, lambda a, b: b["cpu_ms"] / max(a["cpu_ms"], 1e-9))
    p99 = [median(pairs, lambda a, b, i=i: (a, b)[i]["p99_us"]) / 1000 for i in (0, 1)]
    full = handshake == "full"
    print(f"{handshake:8} {clients:7}"
          f" {median(pairs, lambda a, b: a['queries']):9.0f}"
          f" {median(pairs, lambda a, b: b['queries']):9.0f}"
          f"   {mark(queries, not full or clients < 16 or queries >= GOALS['queries'])}"
          f" {median(pairs, lambda a, b: a['cpu_ms']):7.2f}"
          f" {median(pairs, lambda a, b: b['cpu_ms']):7.2f}"
          f"   {mark(cpu, not full or cpu <= GOALS['cpu'])}"
          f" {median(pairs, lambda a, b: b['p50_us']) / 1000:7.1f} {p99[0]:7.1f} {p99[1]:7.1f}"
          f"{' ' if not full or clients != 64 or p99[1] < GOALS['p99_ms'] else '!'}"
          f" {sum(b['failures'] for _, b in pairs):6}", flush=True)


def table(bench):
    o = bench.options
    print("                    queries/s                CPU ms/query          "
          "   p50     p99 ms         ")
    print("handshake clients  limit trustlist  ratio   limit    ours  ratio "
          "   ours   limit    ours  failed")
    for handshake in ("full", "resumed"):
        for clients in o.clients:
            row(handshake, clients, bench.by_turns(partial(bench.load, True, clients, handshake),
                                                   partial(bench.load, False, clients, handshake)))


def silent(bench):
    ratios, held = [], []
    while len(ratios) < 1 or (len(ratios) < bench.options.runs and not bench.is_late()):
        without = bench.load(False, SILENT_AMONG, "full")
        peers = SilentPeers(bench.address, bench.options.silent)
        among = bench.load(False, SILENT_AMONG, "full")
        held.append(peers.held())
        peers.close()
        ratios.append(among["queries"] / max(without["queries"], 1e-9))
    ratio = statistics.median(ratios)
    print(f"\nqueries/s of {SILENT_AMONG} clients with {min(held)} silent and half-open peers held, "
          f"against without: {mark(ratio, ratio >= GOALS['silent'])}")


def measure(bench):
    o = bench.options
    print(f"TVS, TLS 1.2, ECDHE-RSA-AES256-GCM-SHA384, P-256, RSA-2048; {bench.threads} threads each "
          f"in both servers and the clients, on the same\nprocessors; {o.runs} runs of {o.seconds} s "
          "by turns, medians; load 1 min {:.1f}\n".format(os.getloadavg()[0]))
    bench.start_servers()
    table(bench)
    if o.silent:
        silent(bench)
    print("\ngoals (! missed), full handshakes: CPU <= {cpu}, queries >= {queries} from 16 clients on, "
          "p99 < {p99_ms} ms at 64,\nno failure, >= {silent} with silent peers; a p99 at 64 clients "
          "cannot be below 64 / (queries/s)".format(**GOALS))
    for failure in bench.failures:
        print("failed:", failure)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("trustlist")
    parser.add_argument("bench_tls")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--clients", default="1,16,64,256",
                        type=lambda text: [int(n) for n in text.split(",")])
    parser.add_argument("--within", type=float, default=95)
    parser.add_argument("--silent", type=int, default=2000)
    return parser.parse_args()


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print("./dev bench tvs", *sys.argv[3:])
    with tempfile.TemporaryDirectory() as folder:
        bench = Tvs(arguments(), folder)
        try:
            measure(bench)
        finally:
            bench.stop()
    sys.exit(1 if bench.failures else 0)


if __name__ == "__main__":
    main()
