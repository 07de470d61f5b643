#!/usr/bin/env python3
"""Ten thousand peers that a TVS would rather not have, then a good one.

    tvs_hostile.py ADDRESS PORT PID CERT.pem [CONNECTIONS]

PID is the server's process.  Most peers are cheap and never speak TLS; every twentieth completes a
handshake and misbehaves after it.  Then, while 200 peers hold their connections in silence, good
requests must be answered at once, and when all are gone the server must hold no descriptor more
than before and not much more memory.  Loopback only.  Exit status 1 when something was not so.
"""
import os
import random
import socket
import ssl
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import tvs_client  # noqa: E402

AT_ONCE = 100  # hostile connections held open at a time
SILENT = 200
GOOD = 20
GOOD_SECONDS = 2.0  # for one request, on a machine that has other work
FREED_SECONDS = 15  # a half-open peer is given 10
# What the allocator keeps after the first storm (its arenas, freed pieces; with a sanitizer the
# quarantine too) is not a leak: the second storm, as large as the first, may add only this.
SLACK_KIB = 8 << 10
SLACK_SANITIZED_KIB = 96 << 10

HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(200 - 7))
rng = random.Random(8861)


class Target:
    def __init__(self, address, port, pid, pem):
        self.address, self.port, self.pid, self.pem = address, port, pid, pem
        self.question = tvs_client.request(pem, True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.made = 0

    def connect(self):
        """From many addresses: one alone would meet the limit for a host."""
        self.made += 1
        s = socket.socket()
        s.settimeout(10)
        s.bind((f"127.79.{self.made // 250 % 16}.{self.made % 250 + 1}", 0))
        s.connect((self.address, self.port))
        return s

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def memory_kib(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))

    def is_sanitized(self):
        with open(f"/proc/{self.pid}/maps", encoding="utf-8") as f:
            return "libasan" in f.read()


# ---- without TLS: each gives the socket, to be held for a while ----

def nothing(target):
    return target.connect()


def plain_text(target):
    s = target.connect()
    s.sendall(b"GET / HTTP/1.1\r\nHost: tvs\r\n\r\n")
    return s


def question_without_tls(target):
    s = target.connect()
    s.sendall(target.question)
    return s


def cut_handshake(target):
    s = target.connect()
    s.sendall(HELLO[: rng.randrange(1, len(HELLO))])
    s.shutdown(socket.SHUT_WR)
    return s


def half_open(target):
    s = target.connect()
    s.sendall(HELLO[: rng.randrange(1, len(HELLO))])
    return s


def garbage(target):
    s = target.connect()
    s.sendall(rng.randbytes(rng.randrange(1, 4000)))
    return s


def garbage_in_a_record(target):
    s = target.connect()
    s.sendall(b"\x16\x03\x01" + struct.pack(">H", 512) + rng.randbytes(512))
    return s


def oversized_record(target):
    s = target.connect()
    s.sendall(b"\x16\x03\x01\xff\xff" + bytes(2000))
    return s


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def reset_in_the_middle(target):
    s = target.connect()
    s.sendall(HELLO[:50])
    reset(s)
    return None


def slow_drip(target):
    s = target.connect()
    for byte in HELLO[: rng.randrange(2, 8)]:
        s.sendall(bytes([byte]))
    return s


CHEAP = (nothing, plain_text, question_without_tls, cut_handshake, half_open, garbage,
         garbage_in_a_record, oversized_record, reset_in_the_middle, slow_drip)


# ---- after a handshake ----

def shaken(target):
    return target.context.wrap_socket(target.connect())


def header_in_two(target):
    """Five bytes and five, as some stacks send it; then it goes without asking."""
    s = shaken(target)
    s.sendall(target.question[:5])
    s.sendall(target.question[5:10])
    return s


def oversized_length(target):
    s = shaken(target)
    s.sendall(target.question[:8] + b"\xff\xff" + bytes(100))
    return s


def garbage_after_handshake(target):
    s = shaken(target)
    s.sendall(rng.randbytes(300))
    return s


def elements_that_overrun(target):
    s = shaken(target)
    s.sendall(target.question[:10] + b"\xff" * (len(target.question) - 10))
    return s


def dripped_question(target):
    """All of it, in pieces: this one has a right to its answer."""
    s = shaken(target)
    for at in range(0, len(target.question), 25):
        s.sendall(target.question[at : at + 25])
    assert s.recv(1) == b"\x57", "a question in pieces was not answered"
    return s


def reset_after_question(target):
    s = shaken(target)
    s.sendall(target.question)
    reset(s)
    return None


def many_questions_unread(target):
    s = shaken(target)
    s.sendall(target.question * 50)
    return s


SHAKEN = (header_in_two, oversized_length, garbage_after_handshake, elements_that_overrun,
          dripped_question, reset_after_question, many_questions_unread)


def storm(target, connections):
    held = []
    for i in range(connections):
        kinds = SHAKEN if i % 20 == 19 else CHEAP
        try:
            s = kinds[i // 20 % len(kinds) if kinds is SHAKEN else i % len(kinds)](target)
        except (ConnectionError, ssl.SSLError, socket.timeout):
            s = None  # the server's right; whether it lives is asked below
        if s is not None:
            held.append(s)
        if len(held) >= AT_ONCE:
            held.pop(0).close()
    for s in held:
        s.close()


def settle(target, descriptors):
    """Waits until the server has let go of its connections; gives its descriptors then."""
    end = time.monotonic() + FREED_SECONDS
    while target.descriptors() > descriptors and time.monotonic() < end:
        time.sleep(0.1)
    return target.descriptors()


def slowest_good(target):
    slowest = 0
    for i in range(GOOD):
        began = time.monotonic()
        answer = tvs_client.ask(target.address, target.port,
                                tvs_client.request(target.pem, i % 2 == 0))
        slowest = max(slowest, time.monotonic() - began)
        assert answer[:3] == bytes((87, 1, 4 if i % 2 == 0 else 2)), answer[:10]
    return slowest


def among_silent(target):
    silent = [half_open(target) if i % 2 else nothing(target) for i in range(SILENT)]
    slowest = slowest_good(target)
    held = target.descriptors()
    for s in silent:
        s.close()
    return slowest, held


def main():
    address, port, pid, pem = sys.argv[1:5]
    connections = int(sys.argv[5]) if len(sys.argv) > 5 else 10000
    target = Target(address, int(port), int(pid), pem)
    faults, began = [], time.monotonic()

    slowest_good(target)
    time.sleep(0.5)  # the last of them has left
    descriptors = target.descriptors()
    storm(target, connections // 2)
    after_first = settle(target, descriptors)
    memory = target.memory_kib()
    storm(target, connections - connections // 2)
    slowest, held = among_silent(target)
    after = settle(target, descriptors)
    grown = target.memory_kib() - memory
    slack = SLACK_SANITIZED_KIB if target.is_sanitized() else SLACK_KIB

    if slowest > GOOD_SECONDS:
        faults.append(f"a good request took {slowest:.2f} s")
    if held < descriptors + SILENT:
        faults.append(f"only {held - descriptors} of {SILENT} silent peers were held meanwhile")
    if max(after, after_first) > descriptors:
        faults.append(f"descriptors: {descriptors} before, {after_first} and {after} after")
    if grown > slack:
        faults.append(f"the second half took {grown} KiB more, above {slack}")
    print(f"{connections} hostile peers in {time.monotonic() - began:.1f} s; slowest good request "
          f"{slowest * 1000:.0f} ms; descriptors {descriptors}, then {after}; memory {memory} KiB, "
          f"then {grown:+} KiB")
    for fault in faults:
        print("FAILED:", fault, file=sys.stderr)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
