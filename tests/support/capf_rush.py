#!/usr/bin/env python3
"""Many phones get an LSC at once, from a CAPF that may be killed under their hands.

    capf_rush.py ADDRESS PORT KEY.der THREADS OUT

Device names on standard input.  A phone comes again until it has heard that all is done: reason 1
after it stored what it was told, or reason 0 (nothing to do) when it had stored it and the server
died before it could say so.  They all send the same public key, so that phones cost little.

OUT, when all are done: a line for each phone - its name and the SHA-256 of all the certificates
that CAPF told it about, the last of them the one it holds.  Standard output: "COUNT done" after
every tenth phone.  Exit status 1 when the server broke the protocol or had no order for a phone
that has nothing yet.
"""
import hashlib
import socket
import ssl
import sys
import threading
import time

import capf_client

END_OF_PATIENCE = 240  # seconds without any phone getting done


class Rush:
    def __init__(self, at, key, names):
        self.at, self.key = at, key
        self.left = list(reversed(names))
        self.offered = {}
        self.wrong = []
        self.tries = 0
        self.lock = threading.Lock()
        self.progress = time.monotonic()

    def next_phone(self):
        with self.lock:
            return self.left.pop() if self.left and not self.wrong else None

    def source(self):
        with self.lock:
            self.tries += 1
            return f"127.76.{self.tries // 250 % 250}.{self.tries % 250 + 1}"

    def once(self, phone):
        """A visit.  True when the phone knows that it is done."""
        had = len(phone.offered)
        try:
            last = phone.talk(self.at, self.source())[-1]
        except (OSError, socket.timeout, ssl.SSLError):
            time.sleep(0.02)  # nobody listens just now
            return False
        if last == "END:1" and len(phone.offered) > had:
            return True
        # "Issued already": the END_SESSION of the last visit got lost.
        if phone.said[-2:] == ["AUTH", "END:7"] and had:
            return True
        if last != "CLOSED":
            raise capf_client.Broken(f"after {phone.said}")
        return False

    def enrol(self, name):
        phone = capf_client.Phone(name, key=self.key)
        while not self.once(phone):
            if self.wrong or time.monotonic() - self.progress > END_OF_PATIENCE:
                raise capf_client.Broken("it never got done")
        with self.lock:
            self.progress = time.monotonic()
            self.offered[name] = [hashlib.sha256(der).hexdigest() for der in phone.offered]
            if len(self.offered) % 10 == 0:
                print(len(self.offered), "done", flush=True)

    def work(self):
        while (name := self.next_phone()) is not None:
            try:
                self.enrol(name)
            except Exception as e:  # whatever it is, the others need not go on
                self.wrong.append(f"{name}: {e!r}")

    def run(self, threads):
        crew = [threading.Thread(target=self.work) for _ in range(threads)]
        for each in crew:
            each.start()
        for each in crew:
            each.join()


def main():
    address, port, key, threads, out = sys.argv[1:]
    with open(key, "rb") as f:
        rush = Rush((address, int(port)), f.read(), sys.stdin.read().split())
    rush.run(int(threads))
    with open(out, "w", encoding="ascii") as f:
        for name, offered in sorted(rush.offered.items()):
            print(name, *offered, file=f)
    for wrong in rush.wrong:
        print(wrong, file=sys.stderr)
    sys.exit(1 if rush.wrong else 0)


if __name__ == "__main__":
    main()
