#!/usr/bin/env python3
"""A day of phones in a few minutes: good ones, ones with a bad line, and peers that mean no good, all
at once.

    soak.py TRUSTLIST BENCH_TFTP SECONDS

Every good and every lossy phone must be served; memory must not grow after the first fifth of the
time, and when all are gone the server holds as many descriptors as after its first phones: each
worker keeps the ports it answers from.  Loopback only.
"""
import argparse
import json
import os
import random
import resource
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import common

SLACK_KIB = 8 << 10  # what an allocator keeps
FORGOTTEN = 75  # seconds in which those who fell silent are
PHONE = "SEP001122334455"
rng = random.Random(7975)


class Soak(common.Bench):
    def __init__(self, options, folder):
        super().__init__(options, folder)
        self.over = threading.Event()
        self.served = {"good": 0, "lossy": 0}
        self.hostile = 0

    def prepare(self):
        self.make_cluster()
        self.done("phone", "add", PHONE, "--model", "8861")
        for name, size in (("small", 8192), ("large", 1 << 20)):
            with open(self.path("lab/tftp/" + name), "wb") as f:
                f.write(rng.randbytes(size))
        with open(self.path("names"), "w", encoding="ascii") as f:
            f.write(f"{PHONE}.cnf.xml.sgn\nsmall\nsmall.sgn\nITL{PHONE}.tlv\nlarge\n{PHONE}.cnf.xml\n")
        self.pid = self.start(self.trustlist("--log-level", "error", "serve"), "serve.log", stderr=True)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def memory_kib(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))

    def load(self, clients, block_size, window, lose):
        return subprocess.run([self.options.bench_tftp, "load", self.address, "6969",
                               self.path("names"), str(clients), str(clients * 6), str(block_size),
                               str(window), str(lose), "0"], check=True, capture_output=True,
                              timeout=600).stdout

    def phones(self, kind, *what):
        """Again and again, until the time is over."""
        while not self.over.is_set():
            r = json.loads(self.load(*what))
            self.served[kind] += r["transfers"] - r["failures"]
            if r["failures"] or r["refused"]:
                self.failures.append(f"{kind}: {r['failures']} failed ({r['failure']}), "
                                     f"{r['refused']} refused")

    def enemies(self):
        """From many ports; few wait for what they provoke."""
        at, seen = (self.address, 6969), []
        while not self.over.is_set():
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind((f"127.78.{rng.randrange(250)}.{rng.randrange(1, 250)}", 0))
            s.settimeout(0.005)
            s.sendto(self.nuisance(), at)
            self.hostile += 1
            try:
                _, server = s.recvfrom(2000)
                seen.append(server)
                for _ in range(rng.randrange(4)):
                    s.sendto(self.nonsense(), server)
            except OSError:
                pass
            for server in rng.sample(seen, min(3, len(seen))):  # somebody else's transfer
                s.sendto(self.nonsense(), server)
            del seen[:-50]
            s.close()

    @staticmethod
    def nuisance():
        names = [b"small", b"large", b"nowhere", b"../../etc/passwd", b"a" * 255, b"\xff\n", b""]
        options = [b"", b"blksize\0008\0", b"windowsize\000065535\0", b"timeout\00015\0", b"tsize\0",
                   b"blksize\00065464\0windowsize\00064\0", rng.randbytes(rng.randrange(300))]
        op = rng.choice([1, 1, 1, 1, 2, 0, 7, 3, 65535])
        return (struct.pack(">H", op) + rng.choice(names) + b"\0"
                + rng.choice([b"octet", b"netascii", b"mail", b"x"]) + b"\0" + rng.choice(options))

    @staticmethod
    def nonsense():
        return rng.choice([struct.pack(">HH", 4, rng.randrange(4)), b"", b"\0", b"\0\4",
                           struct.pack(">HH", 5, 0) + b"x\0", rng.randbytes(rng.randrange(100)),
                           struct.pack(">HH", 3, 1) + bytes(100)])

    def least_descriptors(self, most):
        """Waits until no more are held than that, or dead transfers were long forgotten."""
        end = time.monotonic() + FORGOTTEN
        while self.descriptors() > most and time.monotonic() < end:
            time.sleep(0.5)
        return self.descriptors()

    def first_phones(self):
        """So many that every worker has served some; what is held when none comes or goes any more."""
        self.load(64, 0, 1, 0)
        held = [self.descriptors()]
        while held[-4:] != 4 * held[-1:]:
            time.sleep(1)
            held.append(self.descriptors())
        return held[-1]

    def run(self, seconds):
        before = self.first_phones()
        crowd = [threading.Thread(target=self.phones, args=a) for a in
                 (("good", 16, 0, 1, 0), ("good", 8, 1428, 16, 0), ("lossy", 32, 512, 1, 20),
                  ("lossy", 16, 1428, 8, 20))]
        crowd += [threading.Thread(target=self.enemies) for _ in range(2)]
        for thread in crowd:
            thread.start()
        time.sleep(seconds / 5)
        early, most = self.memory_kib(), 0
        for _ in range(10):
            time.sleep(seconds * 0.08)
            most = max(most, self.memory_kib())
            print(f"  {self.memory_kib()} KiB, {self.descriptors()} descriptors, "
                  f"{self.served['good']} good, {self.served['lossy']} lossy, {self.hostile} hostile",
                  flush=True)
        self.over.set()
        for thread in crowd:
            thread.join()
        self.verdict(before, early, most)

    def verdict(self, before, early, most):
        after = self.least_descriptors(before)
        print(f"descriptors {before} before, {after} after; memory {early} KiB early, "
              f"{most} at most later, {self.memory_kib()} after")
        if after > before:
            self.failures.append("descriptors were lost")
        if most > early + SLACK_KIB:
            self.failures.append("memory grew")
        if not all(self.served.values()):
            self.failures.append("nobody was served")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("trustlist")
    parser.add_argument("bench_tftp")
    parser.add_argument("seconds", type=int)
    options = parser.parse_args()
    options.within = 0
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print("./dev soak", options.seconds)
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(options, folder)
        try:
            soak.prepare()
            soak.run(options.seconds)
        finally:
            soak.over.set()
            soak.stop()
    for failure in soak.failures:
        print("failed:", failure)
    sys.exit(1 if soak.failures else 0)


if __name__ == "__main__":
    main()
