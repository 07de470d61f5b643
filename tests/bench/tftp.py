#!/usr/bin/env python3
"""TFTP beside the servers that Debian has, on the same files.

    tftp.py TRUSTLIST BENCH_TFTP SERVERS [--runs N] [--only PART,PART...] [--within S] [--workers N]

SERVERS is a folder with the packages tftpd-hpa, atftpd and dnsmasq-base, each unpacked in a folder of
its name.  All four serve
at the same time, each at an address of its own, and are loaded by turns; what counts is the ratio
of runs that followed each other, to the best of the three; the median of these is shown.  The phones
are one busy process on the same machine, so trustlist has a worker for each processor but one.
Loopback only; root is needed, for dnsmasq knows only port 69.  Parts: small, storm, large, memory, loss.
Exit status 1 when a transfer from trustlist failed.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import common
from common import mark

OURS = "trustlist"
SECONDS = 30  # after which a run has failed: a server that has lost 1000 phones would take minutes
SMALL = {1: 600, 16: 3000, 128: 4000, 1000: 4000}  # transfers by phones
GOALS = {1: 1.0, 16: 1.2, 128: 1.5, 1000: 1.5}
CONFIGURATION = "SEP001122334455.cnf.xml"
LARGE = [  # name, blksize, window, clients, goal
    ("512", 512, 1, 1, 0), ("1428", 1428, 1, 1, 1.0), ("1468", 1468, 1, 1, 1.0), ("8192", 8192, 1, 1, 0),
    ("1468, window 16", 1468, 16, 1, 1.0), ("1468, 16 clients", 1468, 1, 16, 1.5),
    ("1468, 16 clients, window 16", 1468, 16, 16, 0)]


def family(pid):
    """The process and its descendants."""
    found = [pid]
    for p in found:
        try:
            for task in os.listdir(f"/proc/{p}/task"):
                with open(f"/proc/{p}/task/{task}/children", encoding="ascii") as f:
                    found += [int(c) for c in f.read().split()]
        except OSError:
            pass
    return found


def cpu_seconds(pid):
    """Of the process and of all it has waited for; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return sum(int(n) for n in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def memory(pid):
    """KiB that are these processes' own, or their share of what is not."""
    total = 0
    for p in family(pid):
        try:
            with open(f"/proc/{p}/smaps_rollup", encoding="ascii") as f:
                total += next(int(line.split()[1]) for line in f if line.startswith("Pss:"))
        except OSError:
            pass
    return total


class Tftp(common.Bench):
    def __init__(self, options, folder):
        super().__init__(options, folder)
        self.served = {}  # name: (address, port, pid)
        self.names = {}
        self.theirs = {}  # name: (number, command)
        self.process = {}

    def where(self, number):
        first, *rest = self.address.split(".")
        return ".".join([first, str(int(rest[0]) + 40 * number), *rest[1:]])

    def program(self, path):
        found = os.path.join(self.options.servers, path)
        return found if os.path.exists(found) else sys.exit(f"{found} is not there")

    def start_ours(self):
        self.make_cluster()
        self.set_workers(self.options.workers)
        self.done("phone", "add", "SEP001122334455", "--model", "8861")
        tftp = self.path("lab/tftp")
        with open(os.path.join(tftp, "firmware"), "wb") as f:
            f.write(os.urandom(5 << 20))
        for name, size in (("plain", 8192), ("half", 512 << 10)):
            with open(os.path.join(tftp, name), "wb") as f:
                f.write(os.urandom(size))
        filling = "<!--" + "x" * 7400 + "-->"
        with open(os.path.join(tftp, CONFIGURATION), "w", encoding="ascii") as f:
            f.write("<?xml version=\"1.0\"?>\n<device><deviceProtocol>SIP</deviceProtocol>"
                    f"{filling}</device>\n")
        pid = self.start(self.trustlist("serve"), "serve.log", stderr=True)
        self.served[OURS] = (self.address, 6969, pid)

    def set_workers(self, n):
        path = self.path("lab/trustlist.conf")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        assert "workers = auto" in text
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace("workers = auto", f"workers = {n}"))

    def copy_files(self):
        """What ours serves, signature and all, as files for the others."""
        theirs = self.path("theirs")
        os.mkdir(theirs)
        for name in ("firmware", "plain", "half", CONFIGURATION, CONFIGURATION + ".sgn"):
            out = os.path.join(theirs, name)
            subprocess.run(["curl", "-sS", "--tftp-blksize", "1428", "-o", out,
                            f"tftp://{self.address}:6969/{name}"], check=True)
        os.chmod(theirs, 0o755)
        self.names = {name: os.path.getsize(os.path.join(theirs, name)) for name in
                      os.listdir(theirs)}
        for name in self.names:
            with open(self.path("name-" + name), "w", encoding="ascii") as f:
                f.write(name + "\n")

    def start_theirs(self):
        theirs = self.path("theirs")
        os.chmod(self.folder, 0o755)
        commands = {
            "tftpd-hpa": ["tftpd-hpa/usr/sbin/in.tftpd", "-L", "-u", "root", "-a", self.where(1) + ":6969", "-s", theirs],
            "atftpd": ["atftpd/usr/sbin/atftpd", "--daemon", "--no-fork", "--bind-address", self.where(2), "--port",
                       "6969", "--maxthread", "2000", "--user", "root", "--group", "root",
                       "--logfile", self.path("atftpd.log"), "--verbose=1", theirs],
            "dnsmasq": ["dnsmasq-base/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0",
                        "--enable-tftp", "--tftp-root=" + theirs, "--tftp-max=4000", "--user=root",
                        "--listen-address=" + self.where(3), "--bind-interfaces",
                        "--log-facility=" + self.path("dnsmasq.log"), "--pid-file="]}
        for number, (name, command) in enumerate(commands.items(), 1):
            command[0] = self.program(command[0])
            self.theirs[name] = (number, command)
            self.start_one(name)

    def start_one(self, name):
        number, command = self.theirs[name]
        with open(self.path(name + ".out"), "w", encoding="utf-8") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out)
        self.started.append(process)
        self.process[name] = process
        self.served[name] = (self.where(number), 69 if name == "dnsmasq" else 6969, process.pid)
        self.wait_for(name, process)

    def start_again(self, name):
        """atftpd does not survive a thousand phones."""
        if name in self.process and self.process[name].poll() is not None:
            self.start_one(name)

    def wait_for(self, name, process):
        address, port, _ = self.served[name]
        end = time.monotonic() + 10
        while subprocess.run(["curl", "-s", "--max-time", "1", "-o", os.devnull,
                              f"tftp://{address}:{port}/plain"], check=False).returncode:
            if process.poll() is not None or time.monotonic() > end:
                sys.exit(f"{name} does not serve:\n" + open(self.path(name + ".out")).read())

    def load(self, name, file, clients, transfers, block_size=0, window=1, lose=0, delay=0):
        self.start_again(name)
        address, port, pid = self.served[name]
        before = cpu_seconds(pid)
        out = subprocess.run([self.options.bench_tftp, "load", address, str(port),
                              self.path("name-" + file), str(clients), str(transfers),
                              str(block_size), str(window), str(lose), str(self.names[file]),
                              str(SECONDS), str(delay)],
                             check=True, capture_output=True, timeout=2 * SECONDS).stdout
        r = json.loads(out)
        r["failures"] += r["refused"]
        time.sleep(0.05)  # for children that are to be waited for
        r["cpu_us"] = 1e6 * max(cpu_seconds(pid) - before, 0) / max(r["transfers"], 1)
        r["rate"] = (r["transfers"] - r["failures"]) / r["seconds"]
        r["mb_s"] = r["bytes"] / r["seconds"] / 1e6
        if name == OURS and r["failures"]:
            self.failures.append(f"{file}, {clients} clients: {r['failures']} failed ({r['failure']})")
        return r

    def load_or_repeat(self, last, name, *what, **how):
        """Who did not get to the end in time will not do so next time."""
        if name in last and last[name]["failures"] and last[name]["seconds"] > SECONDS:
            return last[name]
        return self.load(name, *what, **how)

    def turns(self, *what, **how):
        turns = [{}]
        while len(turns) < 2 or (len(turns) <= self.options.runs and not self.is_late()):
            turns.append({name: self.load_or_repeat(turns[-1], name, *what, **how)
                          for name in self.served})
        return turns[1:]


def middle(turns, name, key):
    return statistics.median(t[name][key] for t in turns)


def ratio(turns, key):
    """To the best of the others that failed nobody; None: all did."""
    ratios = []
    for t in turns:
        others = [t[n][key] for n in t if n != OURS and not t[n]["failures"]]
        if others:
            ratios.append(t[OURS][key] / max(others))
    return statistics.median(ratios) if ratios else None


def row(title, turns, key, goal, form):
    r = ratio(turns, key)
    cells = "".join(f" {middle(turns, n, key):{form}}"
                    + ("x" if any(t[n]["failures"] for t in turns) else " ") for n in turns[0])
    print(f"{title:28}{cells}   {mark(r, r >= goal) if r else 'all others failed'}"
          + (f" goal {goal}" if goal else ""), flush=True)


def heading(bench, title):
    print(f"\n{title:28}" + "".join(f" {n:>10} " for n in bench.served))


def small(bench):
    heading(bench, "8 KiB signed, transfers/s")
    for clients, transfers in SMALL.items():
        turns = bench.turns(CONFIGURATION + ".sgn", clients, transfers)
        row(f"  {clients} phones", turns, "rate", GOALS[clients], "10.0f")
        print(f"{'    p99 ms':28}" + "".join(
            f" {middle(turns, n, 'p99_us') / 1000:10.1f} " for n in turns[0])
            + ("   goal 300" if clients == 1000 else ""))
        print(f"{'    server CPU µs':28}" + "".join(
            f" {middle(turns, n, 'cpu_us'):10.0f} " for n in turns[0])
            + f"   to dnsmasq {statistics.median(t[OURS]['cpu_us'] / max(t['dnsmasq']['cpu_us'], 1) for t in turns):.2f}"
            " goal 1.0")
    pairs = bench.by_turns(lambda: bench.load(OURS, CONFIGURATION + ".sgn", 16, 3000),
                           lambda: bench.load(OURS, "plain", 16, 3000))
    cpu = common.median(pairs, lambda a, b: a["cpu_us"] / max(b["cpu_us"], 1))
    print(f"  ours, CPU signed to plain: {mark(cpu, cpu <= 1.1)} goal 1.1")


def storm(bench):
    heading(bench, "1000 at once, seconds in all")
    turns = bench.turns(CONFIGURATION + ".sgn", 1000, 1000)
    for key, scale in (("seconds", 1), ("requests_again", 1), ("failures", 1)):
        print(f"{'  ' + key:28}" + "".join(
            f" {middle(turns, n, key) / scale:10.2f} " for n in turns[0])
            + ("   goal 0.35" if key == "seconds" else "   goal 0"))
    r = bench.load(OURS, CONFIGURATION + ".sgn", 3500, 3500)
    print(f"  ours, 3500 at once: {r['seconds']:.2f} s, {r['failures']} failed, "
          f"{r['requests_again']} asked again")


def large(bench):
    heading(bench, "5 MiB, MB/s")
    for name, block_size, window, clients, goal in LARGE:
        turns = bench.turns("firmware", clients, 2 * clients, block_size, window)
        row("  " + name, turns, "mb_s", goal, "10.1f")


def held_memory(bench, name, clients):
    bench.start_again(name)
    address, port, pid = bench.served[name]
    before = memory(pid)
    with subprocess.Popen([bench.options.bench_tftp, "hold", address, str(port),
                           bench.path("name-firmware"), str(clients)],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        held = int(holder.stdout.readline().split()[1])
        used = memory(pid) - before
        holder.stdin.close()
    return held, used


def memories(bench):
    print("\nmemory of a running transfer, blksize 512")
    for name in bench.served:
        held, used = held_memory(bench, name, 1000)
        each = used / max(held, 1)
        print(f"  {name:12} {each:8.1f} KiB, {held} of 1000 held"
              + (f" {'' if each < 4.5 else '! '}goal 4 and a window" if name == OURS else ""))


def loss(bench):
    heading(bench, "1 % lost, 8 KiB, 16 phones")
    turns = bench.turns("plain", 16, 1000, lose=10)
    for key, title in (("p50_us", "p50 ms"), ("p99_us", "p99 ms"), ("p99_asked_us", "p99, request came, ms"),
                       ("most_us", "most ms")):
        print(f"{'  ' + title:28}" + "".join(
            f" {middle(turns, n, key) / 1000:10.1f} " for n in turns[0])
            + ("   goal 600" if key.startswith("p99") else ""))
    print("  where the request itself is lost (1 % of them), the client's own second is in the p99")
    heading(bench, "512 KiB over 20 ms, s")
    for block_size, window in ((0, 1), (1468, 16)):
        turns = bench.turns("half", 1, 1, block_size, window, delay=20)
        print(f"{f'  blksize {block_size or 512}, window {window}':28}" + "".join(
            f" {middle(turns, n, 'seconds'):10.2f}" + ("x" if turns[-1][n]["failures"] else " ")
            for n in turns[0]), flush=True)


PARTS = dict(small=small, storm=storm, large=large, memory=memories, loss=loss)


def measure(bench):
    o = bench.options
    bench.start_ours()
    bench.copy_files()
    bench.start_theirs()
    print(f"TFTP, {bench.threads} processors for all, {o.workers} of trustlist's workers, {o.runs} runs by turns, medians; x: failures; "
          f"!: goal missed; load 1 min {os.getloadavg()[0]:.1f}")
    for part in o.only:
        PARTS[part](bench)
    for failure in bench.failures:
        print("failed:", failure)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("trustlist")
    parser.add_argument("bench_tftp")
    parser.add_argument("servers")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default=",".join(PARTS), type=lambda text: text.split(","))
    parser.add_argument("--within", type=float, default=150)
    parser.add_argument("--workers", type=int, default=max(1, len(os.sched_getaffinity(0)) - 1))
    return parser.parse_args()


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print("./dev bench tftp", *sys.argv[4:])
    with tempfile.TemporaryDirectory() as folder:
        bench = Tftp(arguments(), folder)
        try:
            measure(bench)
        finally:
            bench.stop()
    sys.exit(1 if bench.failures else 0)


if __name__ == "__main__":
    main()
