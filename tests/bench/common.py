"""What the measurements of every service share: a cluster of their own, servers that are started and
stopped, the time within which all has to end."""
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))


def own_address():
    pid = os.getpid()
    return f"127.{80 + pid // 62500 % 40}.{pid // 250 % 250 + 1}.{pid % 250 + 1}"


class Bench:
    """options: has trustlist (the program) and within (seconds)."""

    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.address = own_address()
        self.threads = str(len(os.sched_getaffinity(0)))
        self.started = []
        self.began = time.monotonic()
        self.failures = []

    def is_late(self):
        """On a slow machine the rest is run once, so that all ends within the time."""
        return time.monotonic() - self.began > self.options.within

    def path(self, name):
        return os.path.join(self.folder, name)

    def trustlist(self, *words):
        return [self.options.trustlist, "--root", self.path("lab"), *words]

    def done(self, *words):
        """A verb, which must succeed; gives its standard output."""
        return subprocess.run(self.trustlist(*words), check=True, stdout=subprocess.PIPE).stdout

    def make_cluster(self):
        self.done("cluster", "init", "--name", "bench", "--address", self.address)

    def start(self, command, ready, **streams):
        """Starts a server and waits for its "ready"; gives its process."""
        with open(self.path(ready), "w", encoding="utf-8") as log:
            process = subprocess.Popen(command, **{name: log for name in streams})
        self.started.append(process)
        end = time.monotonic() + 30
        while "ready" not in open(self.path(ready), encoding="utf-8").read():
            if process.poll() is not None or time.monotonic() > end:
                sys.exit(f"{command[0]} did not get ready:\n" + open(self.path(ready)).read())
            time.sleep(0.05)
        return process.pid

    def stop(self):
        for process in self.started:
            process.terminate()
        for process in self.started:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()

    def by_turns(self, one, other):
        """Runs of two servers that follow each other: pairs."""
        pairs = []
        while len(pairs) < 1 or (len(pairs) < self.options.runs and not self.is_late()):
            pairs.append((one(), other()))
        return pairs


def median(pairs, what):
    return statistics.median(what(a, b) for a, b in pairs)


def mark(value, good):
    return f"{value:.2f}" + (" " if good else "!")
