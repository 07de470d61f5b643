#!/usr/bin/env python3
"""
What somebody gains who sends packets in another's name and sees none of the answers (PROTOCOL.md of
tftp/, "What a forger can do"): tftp_forger.py ADDRESS PORT FOLDER.  On this machine a forged packet is
one that goes out of the victim's own socket, while nothing is used that came to it.
"""
import os
import select
import socket
import struct
import sys
import time

HEADERS = 28  # of IPv4 and UDP: they cost the forger as much as anybody
ACK, ERROR, DATA, OACK = 4, 5, 3, 6
FORGER, VICTIM = "127.0.0.99", "127.0.0.98"
RESENDS = 20  # of what was never acknowledged, in a second or two
checks = []


def check(function):
    checks.append(function)
    return function


def want(good, what):
    if not good:
        raise AssertionError(what)


def rrq(name, **options):
    return b"\0\1" + b"".join(x.encode() + b"\0" for x in (name, "octet")) + b"".join(
        f"{k}\0{v}\0".encode() for k, v in options.items())


def ack(number):
    return struct.pack(">HH", ACK, number % 65536)


class Host:
    def __init__(self, server, address):
        self.server = server
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self.socket.bind((address, 0))
        self.sent = self.sent_bytes = 0

    def send(self, raw, port):
        self.socket.sendto(raw, (self.server.address, port))
        self.sent += 1
        self.sent_bytes += len(raw) + HEADERS

    def take(self, within=5.0):
        """The next packet and the port it came from, or None."""
        if not select.select([self.socket], [], [], within)[0]:
            return None
        raw, peer = self.socket.recvfrom(70000)
        return raw, peer[1]

    def all(self, quiet):
        """What has come, until nothing does for so long."""
        got = []
        while True:
            p = self.take(quiet)
            if p is None:
                return got
            got.append(p[0])


class Server:
    def __init__(self, address, port, folder):
        self.address, self.port = address, port
        self.big = bytes(i * 31 % 251 for i in range(1 << 20))
        with open(os.path.join(folder, "forged-big"), "wb") as f:
            f.write(self.big)

    def learn(self, requests=300):
        """Where answers come from now, as anybody may find out."""
        ports = set()
        for i in range(requests):
            h = Host(self, FORGER)
            h.send(rrq(f"nothing-{i}"), self.port)
            p = h.take()
            want(p is not None, "no answer to a request of the forger's own")
            ports.add(p[1])
            h.socket.close()
        return ports


def fetch(server, disturb):
    """A whole file, one block at a time; disturb(phone, port, number) after each block."""
    phone, got, number = Host(server, VICTIM), b"", 1
    phone.send(rrq("forged-big", blksize=1024), server.port)
    raw, port = phone.take()
    want(raw[1] == OACK, f"no OACK but {raw[:40]}")
    phone.send(ack(0), port)
    while True:
        p = phone.take()
        want(p is not None, f"the phone is left alone behind block {number - 1}")
        raw, came = p
        if came != port:  # to a port that has no transfer with it: RFC 1350 wants an error
            continue
        want(raw[1] == DATA, f"instead of block {number} the phone is sent {raw[:40]}")
        if struct.unpack(">H", raw[2:4])[0] != number % 65536:
            continue
        got += raw[4:]
        disturb(phone, port, number)
        phone.send(ack(number), port)
        if len(raw) < 1028:
            want(got == server.big, "other bytes")
            return
        number += 1


@check
def forged_errors_end_no_transfer(server):
    known = server.learn()

    def disturb(phone, port, number):
        if number % 100 == 0:
            for p in known | {port}:  # even if it was guessed
                for raw in (b"\0\5\0\0good bye\0", b"\0\3\0\1x", b"\0\4", b"\xff\xff"):
                    phone.send(raw, p)

    fetch(server, disturb)


@check
def ports_that_were_learned_are_soon_of_no_use(server):
    before = server.learn()
    server.learn(4 * 64 * len(before))
    after = server.learn()
    want(len(before & after) <= 1, f"still in use: {before & after}")


def pull(server, packets, **options):
    """A forger asks in the victim's name, and acknowledges at all ports he knows: what comes of it?"""
    known, victim = server.learn(), Host(server, VICTIM)
    victim.send(rrq("forged-big", **options), server.port)
    for k in range(packets):
        for p in known:
            victim.send(ack(k), p)
        if k % 4 == 0:
            time.sleep(0.002)
    got = victim.all(1.0)
    victim.send(b"\0\5\0\0\0", server.port)
    return got, victim, sum(len(raw) + HEADERS for raw in got)


@check
def windows_and_large_blocks_come_to_nobody_who_did_not_see_the_port(server):
    for options in ({"windowsize": 64, "blksize": 1024}, {"windowsize": 64}, {"blksize": 8192}):
        got, victim, size = pull(server, 300, **options)
        blocks, oacks = (sum(raw[1] == op for raw in got) for op in (DATA, OACK))
        want(blocks == 0, f"{options}: {blocks} blocks")
        want(oacks <= 6, f"{options}: {oacks} OACKs")
        want(size < 2 * victim.sent_bytes, f"{options}: {size} bytes for {victim.sent_bytes}")


@check
def an_acknowledgement_brings_one_packet_at_most(server):
    for options in ({}, {"blksize": 1468}):
        got, victim, size = pull(server, 300, **options)
        want(len(got) <= victim.sent + RESENDS, f"{options}: {victim.sent} packets forged, {len(got)} came")
        times = size / victim.sent_bytes
        print(f"    {options}: {victim.sent_bytes} bytes forged, {size} came: {times:.1f} times")
        want(times < 16, f"{options}: {times:.1f} times the bytes forged")


@check
def who_tries_all_ports_does_not_find_that_of_a_window(server):
    phone, forger = Host(server, VICTIM), Host(server, FORGER)
    phone.send(rrq("forged-big", windowsize=8), server.port)
    raw, port = phone.take()
    want(raw[1] == OACK, f"no OACK but {raw[:40]}")
    answered = set()
    for p in range(1024, 65536):
        if p == server.port:
            continue
        try:
            forger.send(ack(1), p)
        except OSError:  # somebody refused the one before
            pass
        if p % 64 == 0:
            while (got := forger.take(0)) is not None:
                answered.add(got[1])
    while (got := forger.take(0.2)) is not None:
        answered.add(got[1])
    want(port not in answered, "it answered")
    phone.send(ack(0), port)
    while (got := phone.take()) is not None and got[0][1] == OACK:
        pass
    want(got is not None and got[0][:4] == b"\0\3\0\1", "the phone is not served any more")


def main():
    server, failed = Server(sys.argv[1], int(sys.argv[2]), sys.argv[3]), 0
    for function in checks:
        name = function.__name__.replace("_", " ")
        try:
            function(server)
            print(f"ok   {name}")
        except AssertionError as e:
            failed += 1
            print(f"FAIL {name}: {e}")
    return 1 if failed else 0


sys.exit(main())
