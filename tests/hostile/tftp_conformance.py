#!/usr/bin/env python3
"""Does a TFTP server do what the RFCs say?  Every MUST and SHOULD that a server which only sends can
meet, each as a check with a name, over raw UDP: with packets lost, repeated, late, from strangers
and malformed.

    tftp_conformance.py ADDRESS PORT FOLDER [NAME...]

FOLDER is what the server serves; the files are made there.  ADDRESS is IPv4, and the server listens
on all addresses.  With names, only these checks.  Exit status 1 when one failed.
"""
import os
import socket
import struct
import sys
import time
from concurrent.futures import ThreadPoolExecutor

RRQ, WRQ, DATA, ACK, ERROR, OACK = 1, 2, 3, 4, 5, 6
PATIENCE = 10  # seconds for what must come, on a machine that has other work
QUIET = 0.3    # seconds in which nothing may come
PATIENT = 5    # seconds as an option where a resend would be taken for what must not come
SIZES = (0, 1, 511, 512, 513, 1024, 65536)
CHECKS = []


def check(rfc):
    def keep(function):
        CHECKS.append((rfc, function))
        return function
    return keep


class Failure(Exception):
    pass


def want(good, what):
    if not good:
        raise Failure(what)


class Packet:
    def __init__(self, raw, peer):
        self.raw, self.peer = raw, peer
        self.op = struct.unpack(">H", raw[:2])[0]
        self.number = struct.unpack(">H", raw[2:4])[0] if self.op in (DATA, ACK, ERROR) else None
        self.body = raw[4:]
        self.options = {}
        if self.op == OACK:
            parts = raw[2:].split(b"\0")
            want(parts.pop() == b"" and len(parts) % 2 == 0, f"malformed OACK {raw!r}")
            self.options = dict(zip((p.decode() for p in parts[::2]),
                                    (p.decode() for p in parts[1::2])))

    def __str__(self):
        names = {DATA: "DATA", ACK: "ACK", ERROR: "ERROR", OACK: "OACK"}
        return f"{names.get(self.op, self.op)} {self.number or self.options} ({len(self.raw)} bytes)"


class Server:
    def __init__(self, address, port, folder):
        self.address, self.port, self.folder = address, port, folder
        for size in SIZES:
            self.make(f"bytes-{size}", bytes(i * 31 + i // 256 & 255 for i in range(size)))
        self.make("lines", b"one\ntwo\r\rthree\r\n" * 100)
        self.make("wrap", bytes(range(256)) * (8 * 65540 // 256) + b"end")

    def make(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path + ".new", "wb") as f:
            f.write(content)
        os.rename(path + ".new", path)

    def content(self, name):
        with open(os.path.join(self.folder, name), "rb") as f:
            return f.read()


class Client:
    """One port.  Leaves its socket to be closed with the process: what is late finds a listener."""

    def __init__(self, server, address="127.0.0.1"):
        self.server = server
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind((address, 0))
        self.peer = None

    def raw(self, content, to=None):
        self.socket.sendto(content, to or (self.server.address, self.server.port))

    def ask(self, name, mode="octet", op=RRQ, **options):
        text = [name, mode]
        for key, value in options.items():
            text += [key, str(value)]
        self.request = struct.pack(">H", op) + b"".join(t.encode() + b"\0" for t in text)
        self.raw(self.request)
        return self

    def take(self, within=PATIENCE):
        """The next packet, or None."""
        self.socket.settimeout(max(within, 0.001))
        try:
            raw, peer = self.socket.recvfrom(70000)
        except TimeoutError:
            return None
        return Packet(raw, peer)

    def answer(self, within=PATIENCE):
        """The next packet, from which on this is the server's port."""
        p = self.take(within)
        want(p is not None, "no answer")
        self.peer = p.peer
        return p

    def ack(self, number):
        self.raw(struct.pack(">HH", ACK, number % 65536), self.peer)

    def error(self, code, text=b"enough\0"):
        self.raw(struct.pack(">HH", ERROR, code) + text, self.peer)

    def data(self, number, within=PATIENCE):
        p = self.answer(within)
        want(p.op == DATA and p.number == number % 65536, f"{p} where DATA {number} was awaited")
        return p

    def oack(self, **expected):
        p = self.answer()
        want(p.op == OACK, f"{p} where an OACK was awaited")
        for key, value in expected.items():
            want(p.options.get(key) == str(value), f"{key} in {p.options} is not {value}")
        return p

    def refused(self, *codes):
        p = self.answer()
        want(p.op == ERROR and p.number in codes, f"{p} where an error of {codes} was awaited")
        want(p.body.endswith(b"\0") and p.body.count(b"\0") == 1, "the text of an error ends in NUL")
        return p

    def quiet(self, seconds=QUIET):
        p = self.take(seconds)
        want(p is None, f"{p} where nothing was awaited")

    def next_data(self, number, window, again):
        """Where this process was held up, the server has sent what it knows nothing of again."""
        while True:
            p = self.answer()
            if p.op != DATA or not 1 <= (number - p.number) % 65536 <= window or again <= 0:
                want(p.op == DATA and p.number == number % 65536, f"{p} where DATA {number} was awaited")
                return p, again
            again -= 1

    def rest(self, block_size=512, number=1, window=1):
        """All that is left, in lockstep or by windows."""
        got, again = b"", 3 * window
        while True:
            p, again = self.next_data(number, window, again)
            want(len(p.body) <= block_size, f"a block of {len(p.body)} bytes")
            got += p.body
            last = len(p.body) < block_size
            if last or number % window == 0:
                self.ack(number)
            if last:
                return got
            number += 1


def fetch(server, name, mode="octet", **options):
    """With its options granted as asked for."""
    c = Client(server).ask(name, mode, **options)
    if options:
        c.oack(**{k: v for k, v in options.items() if k != "tsize"})
        c.ack(0)
    return c.rest(int(options.get("blksize", 512)), window=int(options.get("windowsize", 1)))


def netascii(content):
    return content.replace(b"\r", b"\r\0").replace(b"\n", b"\r\n")


# ---- RFC 1350 ----

@check("1350, 5")
def files_of_every_size_come_as_they_are(server):
    for size in SIZES:
        want(fetch(server, f"bytes-{size}") == server.content(f"bytes-{size}"), f"{size} bytes")


@check("1350, 4")
def the_answer_comes_from_a_port_of_its_own(server):
    """Peers may share one, but nobody gets the same twice: what he still sends to it is of the past."""
    c, ports = Client(server), set()
    for name in ("bytes-1024", "bytes-513", "bytes-65536"):
        ports.add(c.ask(name).data(1).peer[1])
    want(server.port not in ports and len(ports) == 3, f"ports {ports}")


@check("1350, 4")
def the_answer_comes_from_the_address_asked(server):
    p = Client(server).ask("bytes-513").answer()
    want(p.peer[0] == server.address, f"from {p.peer}")


@check("1350, 5")
def every_block_but_the_last_has_512_bytes(server):
    c = Client(server).ask("bytes-65536")
    for number in range(1, 129):
        want(len(c.data(number).body) == 512, f"block {number}")
        c.ack(number)
    want(c.data(129).body == b"", "the last is empty")


@check("1350, 6")
def an_empty_file_is_one_empty_block(server):
    c = Client(server).ask("bytes-0")
    want(c.data(1).body == b"", "not empty")
    c.ack(1)
    c.quiet(1)


@check("1350, 1")
def one_block_at_a_time_is_on_its_way(server):
    c = Client(server).ask("bytes-65536", timeout=PATIENT)
    c.oack()
    c.ack(0)
    for number in (1, 2, 3):
        c.data(number)
        c.quiet()
        c.ack(number)


@check("1350, 5")
def the_mode_is_read_in_any_case(server):
    for mode in ("octet", "OCTET", "OcTeT"):
        want(fetch(server, "bytes-513", mode) == server.content("bytes-513"), mode)


@check("1350, 1")
def netascii_is_converted(server):
    want(fetch(server, "lines", "netascii") == netascii(server.content("lines")), "other bytes")
    want(fetch(server, "lines", "NetASCII") == netascii(server.content("lines")), "other bytes")


@check("1350, 5")
def mail_and_unknown_modes_are_refused(server):
    for mode in ("mail", "binary", "", "octets"):
        Client(server).ask("bytes-1", mode).refused(0, 4)


@check("1350, 2")
def a_lost_block_is_sent_again(server):
    c = Client(server).ask("bytes-1024")
    first = c.data(1)
    want(c.data(1).raw == first.raw, "another block 1")
    c.ack(1)
    c.data(2)
    want(c.data(2).peer == first.peer, "from another port")
    c.ack(2)
    want(c.data(3).body == b"", "the last")


@check("1350, 6")
def a_lost_last_block_is_sent_again_until_it_is_acknowledged(server):
    c = Client(server).ask("bytes-513")
    c.data(1)
    c.ack(1)
    for _ in range(3):
        want(len(c.data(2).body) == 1, "the last block")
    c.ack(2)
    while c.take(0.05):  # what was on its way
        pass
    c.quiet(1.5)


@check("1350, 5")
def what_is_not_there_is_error_1_at_once(server):
    began = time.monotonic()
    Client(server).ask("nowhere").refused(1)
    want(time.monotonic() - began < 2, "slow")


@check("1350, 2")
def an_error_is_sent_once(server):
    c = Client(server).ask("nowhere")
    c.refused(1)
    c.quiet(1.5)


@check("1350, 5")
def an_error_of_the_peer_ends_the_transfer(server):
    for code in (0, 3, 8, 99):
        c = Client(server).ask("bytes-1024")
        c.data(1)
        c.error(code)
        c.quiet(1)


@check("1350, 5")
def an_error_without_its_end_ends_the_transfer(server):
    c = Client(server).ask("bytes-1024")
    c.data(1)
    c.error(0, b"no end")
    c.quiet(1)


@check("1350, 4")
def writing_is_refused_and_writes_nothing(server):
    c = Client(server).ask("written", op=WRQ)
    p = c.answer()
    want(p.op == ERROR and p.number == 2, f"{p}")
    want(not os.path.exists(os.path.join(server.folder, "written")), "a file was made")


@check("1350, 4")
def a_stranger_gets_error_5_and_the_transfer_goes_on(server):
    c, stranger = Client(server).ask("bytes-1024"), Client(server)
    c.data(1)
    stranger.peer = c.peer
    for number in (0, 1, 2):
        stranger.ack(number)
        stranger.refused(5)
    c.ack(1)
    c.data(2)
    c.ack(2)
    want(c.data(3).body == b"", "the last")
    c.ack(3)


@check("1350, 4")
def a_stranger_at_another_address_too(server):
    c, stranger = Client(server).ask("bytes-1024"), Client(server, "127.0.0.99")
    c.data(1)
    stranger.peer = c.peer
    stranger.ack(1)
    stranger.refused(5)
    c.ack(1)
    want(c.rest(number=2) == server.content("bytes-1024")[512:], "other bytes")


@check("1350, 4")
def a_strangers_malformed_packet_disturbs_nobody(server):
    c, stranger = Client(server).ask("bytes-1024"), Client(server)
    c.data(1)
    for raw in (b"", b"\0", b"\0\4", b"\0\7\0\0", b"\0\3\0\1abc", c.request):
        stranger.raw(raw, c.peer)
    c.ack(1)
    want(c.rest(number=2) == server.content("bytes-1024")[512:], "other bytes")


@check("1350, 4")
def a_strangers_error_is_not_answered_and_ends_nothing(server):
    c, stranger = Client(server).ask("bytes-1024"), Client(server)
    c.data(1)
    stranger.peer = c.peer
    stranger.error(5)
    stranger.quiet(0.2)
    c.ack(1)
    want(c.rest(number=2) == server.content("bytes-1024")[512:], "other bytes")


# It asks for an error.  But anybody may have sent it in the peer's name, and the peer would believe ours.
@check("1350, 2")
def what_no_delay_explains_ends_nothing(server):
    for raw in (b"\0\7\0\1", b"\0\3\0\1abc", b"\xff\xff", b"\0", b"\0\4", b"\0\4\0", b"\0\6blksize\0"):
        c = Client(server).ask("bytes-1024")
        c.data(1)
        c.raw(raw, c.peer)
        c.ack(1)
        want(c.rest(number=2) == server.content("bytes-1024")[512:], "other bytes")


@check("1350, 5")
def malformed_requests_start_no_transfer(server):
    c = Client(server)
    for raw in (b"", b"\0octet\0", b"bytes-1", b"bytes-1\0", b"bytes-1\0octet", b"\0\0", b"\0",
                b"x" * 300 + b"\0octet\0"):
        c.raw(struct.pack(">H", RRQ) + raw)
        p = c.take(0.2)
        want(p is None or p.op == ERROR, f"{p} for {raw!r}")
    want(fetch(server, "bytes-1") == server.content("bytes-1"), "the server is gone")


@check("1350, 4")
def what_is_no_request_gets_no_answer_at_the_servers_port(server):
    c = Client(server)
    for raw in (b"", b"\0", b"\0\3\0\1abc", b"\0\4\0\0", b"\0\4\0\1", b"\0\5\0\0no\0", b"\0\6tsize\0000\0",
                b"\0\0", b"\0\7", b"\xff\xff"):
        c.raw(raw)
    c.quiet(0.5)


@check("1350, 2")
def an_ack_of_what_was_never_sent_is_left_alone(server):
    c = Client(server).ask("bytes-65536", timeout=PATIENT)
    c.oack()
    c.ack(0)
    c.data(1)
    for number in (2, 3, 1000, 65535, 0):
        c.ack(number)
    c.quiet()
    c.ack(1)
    c.data(2)


@check("1350, 4")
def two_transfers_of_one_host_do_not_meet(server):
    pair = [Client(server).ask(f"bytes-{size}") for size in (1024, 65536)]
    for number in (1, 2, 3):
        for c, name in zip(pair, ("bytes-1024", "bytes-65536")):
            start = 512 * (number - 1)
            want(c.data(number).body == server.content(name)[start:start + 512], "mixed up")
            c.ack(number)


@check("1350, 4")
def a_repeated_request_is_one_transfer(server):
    c = Client(server).ask("bytes-1024")
    first = c.data(1)
    for _ in range(3):
        c.raw(c.request)
        want(c.data(1).peer == first.peer, "a second transfer")
    while c.take(0.05):
        pass
    c.ack(1)
    c.data(2)
    c.raw(c.request)
    c.ack(2)
    want(c.data(3).peer == first.peer, "a late copy began anew")


@check("1350, 4")
def another_request_from_the_port_is_served(server):
    c = Client(server).ask("bytes-1024")
    c.data(1)
    c.ask("bytes-513")
    want(c.rest() == server.content("bytes-513"), "other bytes")


@check("1350, 5")
def numbers_start_over_after_65535(server):
    want(fetch(server, "wrap", blksize=8) == server.content("wrap"), "other bytes")


# ---- RFC 1123, section 4.2.3 ----

@check("1123, 4.2.3.1")
def repeated_acks_double_nothing(server):
    c, taken = Client(server).ask("bytes-65536", timeout=PATIENT), 0
    c.oack()
    c.ack(0)
    for number in range(1, 130):
        c.data(number)
        taken += 1
        c.ack(number)
        c.ack(number)
    while c.take(0.2):
        taken += 1
    want(taken == 129, f"{taken} blocks sent for 129")


@check("1123, 4.2.3.1")
def late_acks_send_nothing(server):
    c = Client(server).ask("bytes-65536", timeout=PATIENT)
    c.oack()
    for number in (0, 1, 2, 3):
        c.ack(number)
        c.data(number + 1)
    for number in (3, 2, 1):
        c.ack(number)
    c.quiet()
    c.ack(4)
    c.data(5)


def resend_times(c, n):
    """Seconds between n copies of what comes now."""
    first, at, between = c.answer(), time.monotonic(), []
    for _ in range(n):
        again = c.take()
        want(again is not None and again.raw == first.raw, f"{again} is no copy")
        between.append(time.monotonic() - at)
        at += between[-1]
    return between


@check("1123, 4.2.3.2")
def resends_back_off_exponentially(server):
    between = resend_times(Client(server).ask("bytes-1024"), 3)
    want(all(b > 1.5 * a for a, b in zip(between, between[1:])), f"{between}")


@check("1123, 4.2.3.2")
def the_timer_waits_longer_for_a_far_peer(server):
    """Which takes 0.45 s for each answer."""
    c, copies, number = Client(server).ask("bytes-65536"), 0, 1
    while number <= 8:
        p = c.answer()
        if p.number != number:
            copies += 1
            continue
        time.sleep(0.45)
        c.ack(number)
        number += 1
    want(copies <= 2, f"{copies} blocks sent twice")


@check("1123, 4.2.3.2")
def the_timer_waits_less_for_a_near_peer(server):
    c = Client(server).ask("bytes-65536")
    first = resend_times(c, 1)[0]
    for number in range(1, 20):
        c.ack(number)
        c.data(number + 1)
    c.ack(20)
    measured = resend_times(c, 1)[0]
    want(measured < first, f"{measured} s after answers at once, {first} s before any")


@check("1123, 4.2.3.2")
def a_peer_that_is_gone_is_left_in_peace(server):
    c = Client(server).ask("bytes-1024")
    c.data(1)
    copies, until = 0, time.monotonic() + 25
    while time.monotonic() < until:
        copies += c.take(until - time.monotonic()) is not None
    want(2 <= copies <= 6, f"{copies} resends")


@check("1123, 4.2.3.4")
def nothing_outside_the_folder_is_served(server):
    for name in ("../trustlist.conf", "/etc/passwd", "//etc/passwd", "..", ".", "/", "a/../../lab",
                 "..\\trustlist.conf", "bytes-1/", "bytes-1/../../trustlist.conf"):
        Client(server).ask(name).refused(1, 2)


@check("1123, 4.2.3.5")
def a_broadcast_gets_no_answer(server):
    c = Client(server)
    c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    c.ask("bytes-1").data(1)
    c.ack(1)
    c.quiet(0.1)
    c.raw(c.request, ("127.255.255.255", server.port))
    c.quiet(0.5)


# ---- RFC 2347 ----

@check("2347, 2")
def without_options_there_is_no_oack(server):
    Client(server).ask("bytes-513").data(1)


@check("2347, 2")
def options_are_granted_before_the_first_block(server):
    c = Client(server).ask("bytes-513", blksize=1024, tsize=0, timeout=PATIENT)
    p = c.oack(blksize=1024, tsize=513)
    want(set(p.options) == {"blksize", "tsize", "timeout"}, f"{p.options}")
    c.quiet()
    c.ack(0)
    want(len(c.data(1).body) == 513, "block 1")


@check("2347, 2")
def no_option_is_granted_that_was_not_asked_for(server):
    for option in (dict(blksize=1024), dict(tsize=0), dict(timeout=3), dict(windowsize=4)):
        p = Client(server).ask("bytes-513", **option).oack()
        want(set(p.options) == set(option), f"{p.options} for {option}")


@check("2347, 2")
def unknown_options_are_left_out(server):
    c = Client(server).ask("bytes-513", multicast="", blksize=600, utimeout=100, x="y")
    want(set(c.oack().options) == {"blksize"}, "other options")
    want(fetch_plain(server, multicast="", novalue="1"), "an OACK for nothing")


def fetch_plain(server, **options):
    """No option of these is granted, and the file comes all the same."""
    c = Client(server).ask("bytes-513", **options)
    return c.rest() == server.content("bytes-513")


@check("2347, 2")
def names_of_options_are_read_in_any_case(server):
    c = Client(server).ask("bytes-513", BlkSize=700, TSIZE=0)
    got = {k.lower(): v for k, v in c.oack().options.items()}
    want(got == {"blksize": "700", "tsize": "513"}, f"{got}")


@check("2347, 2")
def options_come_in_any_order(server):
    for options in (dict(tsize=0, windowsize=2, blksize=99), dict(blksize=99, windowsize=2, tsize=0)):
        c = Client(server).ask("bytes-1024", **options)
        c.oack(blksize=99, windowsize=2, tsize=1024)


@check("2347, 2")
def of_an_option_said_twice_one_counts(server):
    c = Client(server)
    c.raw(struct.pack(">H", RRQ) + b"bytes-513\0octet\0blksize\000600\0blksize\000700\0")
    p = c.oack()
    want(p.raw.count(b"blksize") == 1 and p.options["blksize"] in ("600", "700"), f"{p.options}")


@check("2347, 2")
def a_lost_oack_is_sent_again(server):
    c = Client(server).ask("bytes-513", blksize=600)
    want(c.oack().raw == c.oack().raw, "another OACK")
    c.ack(0)
    c.data(1)


@check("2347, 2")
def a_repeated_ack_0_sends_nothing(server):
    c = Client(server).ask("bytes-1024", blksize=600, timeout=PATIENT)
    c.oack()
    c.ack(0)
    c.ack(0)
    c.data(1)
    c.ack(0)
    c.quiet()
    c.ack(1)
    want(len(c.data(2).body) == 424, "block 2")


@check("2347, 2")
def after_the_oack_only_ack_0_goes_on(server):
    c = Client(server).ask("bytes-1024", blksize=600, timeout=PATIENT)
    c.oack()
    c.ack(1)
    c.ack(65535)
    c.quiet()
    c.ack(0)
    c.data(1)


@check("2347, 2")
def error_8_for_the_oack_ends_it_without_an_answer(server):
    c = Client(server).ask("bytes-1024", blksize=600)
    c.oack()
    c.error(8)
    c.quiet(1)


@check("2347, 2")
def a_request_has_up_to_512_bytes(server):
    head = struct.pack(">H", RRQ) + b"bytes-513\0octet\0blksize\000600\0"
    c = Client(server)
    c.raw(head + b"x\0" + b"y" * (512 - len(head) - 3) + b"\0")
    c.oack(blksize=600)
    c = Client(server)
    c.raw(head + b"x\0" + b"y" * (513 - len(head) - 3) + b"\0")
    p = c.take(0.3)
    want(p is None or p.op == ERROR, f"{p} for 513 bytes")


@check("2347, 2")
def what_is_missing_is_error_1_with_options_too(server):
    Client(server).ask("nowhere", blksize=600, tsize=0).refused(1)


# ---- RFC 2348 ----

@check("2348")
def block_sizes_are_taken_and_kept(server):
    for size in (8, 511, 512, 513, 1428, 1468, 8192, 16384, 65464):
        want(fetch(server, "bytes-65536", blksize=size) == server.content("bytes-65536"), f"{size}")


@check("2348")
def a_whole_number_of_blocks_ends_with_an_empty_one(server):
    c = Client(server).ask("bytes-1024", blksize=1024)
    c.oack()
    c.ack(0)
    want(len(c.data(1).body) == 1024, "block 1")
    c.ack(1)
    want(c.data(2).body == b"", "block 2")


@check("2348")
def block_sizes_out_of_bounds_are_not_taken(server):
    for size in ("0", "7", "65465", "70000", "-8", "x", "", "99999999999999999999", "8 "):
        c = Client(server).ask("bytes-1024", blksize=size)
        p = c.answer()
        if p.op == OACK:  # less may be granted than was asked for
            granted = int(p.options.get("blksize", "512"))
            want(8 <= granted <= 65464 and size.isdigit() and granted <= int(size), f"{p.options}")
        else:
            want(p.op == ERROR or len(p.body) == 512, f"{p} for {size!r}")


# ---- RFC 2349 ----

@check("2349")
def tsize_is_the_size(server):
    for size in SIZES[1:]:
        Client(server).ask(f"bytes-{size}", tsize=0).oack(tsize=size)


@check("2349")
def tsize_is_what_goes_over_the_wire(server):
    sent = netascii(server.content("lines"))
    c = Client(server).ask("lines", "netascii", tsize=0)
    c.oack(tsize=len(sent))
    c.ack(0)
    want(c.rest() == sent, "other bytes")


@check("2349")
def the_timeout_is_granted_as_asked_for(server):
    for seconds in (1, 2, 255):
        Client(server).ask("bytes-513", timeout=seconds).oack(timeout=seconds)


@check("2349")
def the_timeout_is_kept(server):
    c = Client(server).ask("bytes-1024", timeout=2)
    between = resend_times(c, 1)
    want(1.9 <= between[0] < 4, f"the OACK again after {between}")
    c = Client(server).ask("bytes-1024", timeout=1)
    c.oack()
    c.ack(0)
    between = resend_times(c, 1)
    want(0.95 <= between[0] < 2, f"block 1 again after {between}")


@check("2349")
def timeouts_out_of_bounds_are_not_taken(server):
    for seconds in ("0", "256", "-1", "x", "", "1.5"):
        want(fetch_plain(server, timeout=seconds), f"timeout {seconds!r}")


@check("2347 to 2349")
def all_options_work_together(server):
    for name in ("bytes-65536", "bytes-513"):
        got = fetch(server, name, blksize=1428, tsize=0, timeout=3, windowsize=8)
        want(got == server.content(name), name)


# ---- RFC 7440 ----

def window(server, blocks, **options):
    """As far as the first window, which is taken."""
    c = Client(server).ask("bytes-65536", windowsize=blocks, **options)
    c.oack(windowsize=blocks)
    c.ack(0)
    for number in range(1, blocks + 1):
        c.data(number)
    return c


@check("7440, 3")
def a_window_is_granted_as_asked_for_or_less(server):
    for blocks in (1, 2, 16, 64, 65, 1000, 65535):
        p = Client(server).ask("bytes-65536", windowsize=blocks).oack()
        want(1 <= int(p.options["windowsize"]) <= blocks, f"{p.options} for {blocks}")


@check("7440, 3")
def windows_out_of_bounds_are_not_taken(server):
    for blocks in ("0", "65536", "-1", "x", "", "99999999999999999999"):
        want(fetch_plain(server, windowsize=blocks), f"windowsize {blocks!r}")


@check("7440, 3")
def a_window_of_one_block_is_lockstep(server):
    c = window(server, 1, timeout=PATIENT)
    c.quiet()
    c.ack(1)
    c.data(2)


@check("7440, 4")
def a_window_is_sent_at_once_and_no_more(server):
    c = window(server, 4, timeout=PATIENT)
    c.quiet()
    c.ack(4)
    for number in (5, 6, 7, 8):
        c.data(number)
    c.quiet()


@check("7440, 4")
def files_of_every_size_come_by_windows(server):
    for size in SIZES:
        for blocks in (2, 3, 16, 64):
            got = fetch(server, f"bytes-{size}", windowsize=blocks)
            want(got == server.content(f"bytes-{size}"), f"{size} bytes, windows of {blocks}")


@check("7440, 4")
def after_a_gap_the_window_begins_behind_what_was_acknowledged(server):
    c = window(server, 8, timeout=PATIENT)
    c.ack(5)
    for number in range(6, 14):
        c.data(number)
    c.quiet()
    c.ack(13)
    c.data(14)


@check("7440, 4")
def a_gap_at_the_start_of_a_window_is_closed_soon(server):
    c = window(server, 4)
    c.ack(4)
    for number in (5, 6, 7, 8):  # say 5 was lost
        c.data(number)
    began = time.monotonic()
    c.ack(4)
    for number in (5, 6, 7, 8):
        c.data(number)
    want(time.monotonic() - began < 1, "as late as in silence")


@check("7440, 4")
def silence_brings_the_whole_window_again(server):
    c = window(server, 4)
    for _ in range(2):
        for number in (1, 2, 3, 4):
            c.data(number)
    c.ack(4)
    c.data(5)


@check("7440, 4")
def a_lost_ack_of_a_window_costs_no_byte(server):
    c = window(server, 4)
    c.ack(4)
    for number in (5, 6, 7, 8):
        c.data(number)
    for number in (5, 6, 7, 8):  # the ACK 8 was lost
        c.data(number)
    c.ack(8)
    want(c.rest(number=9, window=4) == server.content("bytes-65536")[4096:], "other bytes")


@check("7440, 5")
def repeated_acks_of_windows_double_nothing(server):
    c, number, copies = window(server, 4, timeout=PATIENT), 4, 0
    while True:
        if number % 4 == 0 or number == 129:
            c.ack(number)
            c.ack(number)
        if number == 129:
            break
        p = c.answer()
        copies += p.number <= number
        number += p.number == number + 1
    while c.take(QUIET):
        copies += 1
    # Not none: a window is sent again when its answer takes longer than it used to.
    want(copies < 40, f"{copies} of 129 blocks sent twice")


@check("7440, 4")
def of_a_window_only_what_was_sent_can_be_acknowledged(server):
    c = window(server, 4, timeout=PATIENT)
    c.ack(5)
    c.ack(8)
    c.ack(1000)
    c.quiet()
    c.ack(4)
    c.data(5)


@check("7440, 4")
def the_last_window_may_be_smaller(server):
    c = Client(server).ask("bytes-1024", windowsize=16)
    c.oack()
    c.ack(0)
    for number, size in ((1, 512), (2, 512), (3, 0)):
        want(len(c.data(number).body) == size, f"block {number}")
    c.ack(3)
    c.quiet(0.5)


@check("7440, 4")
def the_last_window_is_sent_again_until_it_is_acknowledged(server):
    c = Client(server).ask("bytes-1024", windowsize=16)
    c.oack()
    c.ack(0)
    for _ in range(2):
        for number in (1, 2, 3):
            c.data(number)
    c.ack(3)
    while c.take(0.05):
        pass
    c.quiet(1)


@check("7440, 4")
def numbers_start_over_inside_a_window(server):
    for blocks in (7, 64):  # in the midst of a window, and between two
        c = Client(server).ask("wrap", blksize=8, windowsize=blocks)
        c.oack()
        c.ack(0)
        want(c.rest(8, window=blocks) == server.content("wrap"), f"other bytes, {blocks}")


@check("7440, 4")
def a_window_stands_every_loss(server):
    """Of each window another block is lost, and each third acknowledgement."""
    expected, got, number, turn = server.content("bytes-65536"), b"", 1, 0
    c = Client(server).ask("bytes-65536", blksize=256, windowsize=8)
    c.oack()
    c.ack(0)
    while len(got) < len(expected) or number <= 256:
        turn += 1
        for place in range(8):
            p = c.take(0.03)
            if p is None:
                break
            if place != turn % 11 and p.number == number % 65536:
                got += p.body
                number += 1
        if turn % 3:
            c.ack(number - 1)
    want(got == expected, "other bytes")


def run(server, one):
    rfc, function = one
    try:
        function(server)
        return rfc, function.__name__, None
    except Failure as failure:
        return rfc, function.__name__, str(failure)


def main():
    server = Server(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    names = sys.argv[4:]
    chosen = [c for c in CHECKS if not names or c[1].__name__ in names]
    # Most of them wait for something; but not all at once, for some measure time.
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda one: run(server, one), chosen))
    for rfc, name, failure in results:
        print(f"{'ok    ' if failure is None else 'FAILED'} RFC {rfc:15} {name.replace('_', ' ')}"
              + (f": {failure}" if failure else ""))
    failed = sum(failure is not None for _, _, failure in results)
    print(f"{len(results)} checks, {failed} failed")
    sys.exit(1 if failed or not results else 0)


if __name__ == "__main__":
    main()
