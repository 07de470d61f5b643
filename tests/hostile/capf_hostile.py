#!/usr/bin/env python3
"""Two thousand peers that a CAPF would rather not have, and good phones among them.

    capf_hostile.py ADDRESS PORT PID KEY.der [CONNECTIONS]

PID is the server's process.  Standard input: lines of a role and a device name - "install" (by null
string), "store" (likewise, for those that get as far as a certificate), "string", "fetch", "delete" (by null string), each with an order that the hostile peers
must not settle, and "good" ones, phones that come while the others are there and must get their
LSC.  Every state of a conversation is reached by the rules and then left by none.  In the end the
server must hold no descriptor more than before and not much more memory.  Loopback only.  Exit
status 1 when something was not so; what became of the orders is for the caller to see.
"""
import collections
import os
import random
import ssl
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import capf_client as capf  # noqa: E402
import tvs_hostile  # noqa: E402

GOOD_SECONDS = 5.0  # for one enrolment, on a machine that has other work
SILENT = 150
rng = random.Random(3804)


class Target(tvs_hostile.Target):
    def __init__(self, address, port, pid, key, phones):  # pylint: disable=super-init-not-called
        self.address, self.port, self.pid = address, port, pid
        self.key, self.phones = key, phones
        self.question = capf.message(2, 1, auth("SEP001122334455"))
        self.made = 0
        self.replies = collections.Counter()

    def source(self):
        self.made += 1
        return f"127.74.{self.made // 250 % 16}.{self.made % 250 + 1}"

    def session(self):
        return capf.Session((self.address, self.port), self.source(), seconds=20)

    def phone(self, role):
        """By turns: of one order only so many certificates are issued and never stored."""
        self.phones[role].append(self.phones[role].pop(0))
        return self.phones[role][-1]


def auth(device, password=""):
    return (capf.element(capf.REASON, b"\1") + capf.element(capf.VERSION, b"\3")
            + capf.text(capf.PASSWORD, password) + capf.text(capf.DEVICE, device))


# ---- the states, reached by the rules ----

def expect(session, command):
    m = session.take()
    if m.command != command:
        raise capf.Broken(f"{m.word()} where {command} was due")
    return session


def at_auth(target):
    return expect(target.session(), capf.AUTH)


def after_auth(target, role, command):
    session = at_auth(target)
    session.say(2, auth(target.phone(role)))
    return expect(session, command)


def at_key(target):
    return after_auth(target, "install", capf.KEY)


def at_stored(target):
    session = after_auth(target, "store", capf.KEY)
    session.say(4, capf.element(capf.PUBLIC_KEY, target.key))
    return expect(session, capf.STORE)


def at_fetched(target):
    return after_auth(target, "fetch", capf.FETCH)


def at_deleted(target):
    return after_auth(target, "delete", capf.DELETE)


# A state, the response that belongs there, and a good body of it.
STATES = (
    (at_auth, 2, lambda t: auth(t.phone("install"))),
    (at_key, 4, lambda t: capf.element(capf.PUBLIC_KEY, t.key)),
    (at_stored, 10, lambda t: capf.element(capf.REASON, b"\1")),
    (at_fetched, 12, lambda t: capf.element(capf.REASON, b"\1") + capf.certificate_element(b"\x30")),
    (at_deleted, 14, lambda t: capf.element(capf.REASON, b"\1")),
)


# ---- what is done there; each is given the session, the response due and a good body of it ----

def silence(_s, _command, _body):
    pass


def garbage(s, _command, _body):
    s.write(rng.randbytes(rng.randrange(1, 3000)))


def out_of_order(s, command, _body):
    s.say(rng.choice([c for c in range(24) if c not in (command, 17)]))


def out_of_order_with_body(s, command, body):
    s.say(rng.choice([c for c in (2, 4, 10, 12, 14) if c != command]), body)


def answer_of_a_server(s, _command, _body):
    s.say(rng.choice((1, 3, 9, 11, 13)), capf.element(capf.VERSION, b"\3"))


def end_by_phone(s, _command, _body):
    s.say(capf.END, capf.element(capf.REASON, b"\1"))


def wrong_session(s, command, body):
    s.write(capf.message(command, s.number ^ (1 << rng.randrange(32)), body))


def wrong_protocol(s, command, body):
    s.write(capf.message(command, s.number, body, rng.choice([0, 0x54, 0x57, 0x16, 0xFF])))


def empty(s, command, _body):
    s.say(command)


def neither_yes_nor_no(s, command, _body):
    s.say(command, capf.element(capf.REASON, b"\x09"))


def yes_and_nothing(s, command, _body):
    """A yes without what was asked for; where nothing was, the reason is none."""
    s.say(command, capf.element(capf.REASON, b"\1" if command in (2, 4, 12) else b"\0"))


def cut(s, command, body):
    """In the header or in the body, and then it goes."""
    m = capf.message(command, s.number, body)
    s.write(m[: rng.randrange(1, len(m))])


def cut_body(s, command, body):
    """A whole message, whose last element is not whole."""
    s.say(command, body[: rng.randrange(1, len(body))])


def overrunning_elements(s, command, body):
    s.say(command, b"".join(struct.pack(">BH", t, 0xFFFF) for t in (1, 9, 11, 13)) + body[4:])


def empty_elements(s, command, _body):
    s.say(command, b"".join(capf.element(t, b"") for t in (1, 4, 7, 9, 11, 13)))


def elements_twice(s, command, body):
    s.say(command, body + body)


def foreign_elements(s, command, body):
    s.say(command, body + capf.element(rng.choice((0, 5, 8, 10, 14, 18, 19, 21, 255)), b"\1"))


def longest(s, command, _body):
    s.say(command, capf.element(capf.DEVICE, b"A" * 65000))


def promised_and_kept_back(s, command, _body):
    s.write(struct.pack(">BBIH", capf.PROTOCOL, command, s.number, 0xFFFF) + bytes(100))


def dripped(s, command, body):
    """A byte at a time, of a message that never gets whole."""
    for byte in capf.message(command, s.number, body)[: rng.randrange(3, 20) % (7 + len(body))]:
        s.write(bytes([byte]))


def at_it_for_ever(s, _command, _body):
    s.write(capf.message(capf.IN_PROGRESS, s.number) * 2000)


def reset(s, _command, _body):
    tvs_hostile.reset(s.tls)


MISDEEDS = (silence, garbage, out_of_order, out_of_order_with_body, answer_of_a_server, end_by_phone,
            wrong_session, wrong_protocol, empty, neither_yes_nor_no, yes_and_nothing, cut,
            cut_body, overrunning_elements, empty_elements, elements_twice, foreign_elements,
            longest, promised_and_kept_back, dripped, at_it_for_ever, reset)
# After these the server has said all it wants to say, or waits for the rest.
ANSWERED = {out_of_order, out_of_order_with_body, answer_of_a_server, end_by_phone, wrong_session,
            empty, neither_yes_nor_no, yes_and_nothing, overrunning_elements, empty_elements,
            elements_twice, foreign_elements}


def note_reply(target, s, misdeed):
    """What it says to a message that is whole and wrong: END_SESSION, or nothing.  Never more."""
    try:
        word = s.take().word()
    except capf.Closed:
        word = "CLOSED"
    except ssl.SSLError:
        word = "CLOSED"
    # A key that is none may be asked for again.
    if not word.startswith("END:") and word != "CLOSED" and not word.startswith("KEY:"):
        raise capf.Broken(f"{misdeed.__name__} was answered with {word}")
    if word in ("END:1", "END:0"):
        raise capf.Broken(f"{misdeed.__name__} was taken for good: {word}")
    target.replies[word.partition(":rsa")[0]] += 1


def misbehave(target, number):
    reach, command, body = STATES[number % len(STATES)]
    misdeed = MISDEEDS[number // len(STATES) % len(MISDEEDS)]
    s = reach(target)
    misdeed(s, command, body(target))
    if misdeed in ANSWERED:
        note_reply(target, s, misdeed)
    return s


def wrong_string(target):
    s = at_auth(target)
    s.say(2, auth(target.phone("string"), str(rng.randrange(10**6, 10**8))))
    return expect(s, capf.END)


def storm(target, connections):
    held = []
    for i in range(connections):
        s = None
        try:
            if i % 4 == 3:
                s = tvs_hostile.CHEAP[i // 4 % len(tvs_hostile.CHEAP)](target)
            elif i % 40 == 1:
                s = wrong_string(target)
            else:
                s = misbehave(target, i - i // 4)
        except (ConnectionError, ssl.SSLError, capf.Closed):
            target.replies["gone"] += 1
        if s is not None:
            held.append(s)
        if len(held) >= tvs_hostile.AT_ONCE:
            held.pop(0).close()
    for s in held:
        s.close()


# ---- and the good ones ----

def slowest_good(target, names):
    slowest = 0
    for name in names:
        began = time.monotonic()
        phone = capf.Phone(name, key=target.key)
        said = phone.talk((target.address, target.port), target.source())
        slowest = max(slowest, time.monotonic() - began)
        if said != ["AUTH", "KEY:rsa:2048", "STORE", "END:1"]:
            raise capf.Broken(f"a good phone among bad ones was told {said}")
    return slowest


def among_silent(target, names):
    """Silent in every state, before and in the handshake."""
    silent = []
    for i in range(SILENT):
        silent.append(STATES[i // 3 % len(STATES)][0](target) if i % 3 == 0 else
                      tvs_hostile.half_open(target) if i % 3 == 1 else tvs_hostile.nothing(target))
    slowest = slowest_good(target, names)
    held = target.descriptors()
    for s in silent:
        s.close()
    return slowest, held


def main():
    address, port, pid, key = sys.argv[1:5]
    connections = int(sys.argv[5]) if len(sys.argv) > 5 else 2000
    phones = collections.defaultdict(list)
    for line in sys.stdin:
        role, name = line.split()
        phones[role].append(name)
    with open(key, "rb") as f:
        target = Target(address, int(port), int(pid), f.read(), phones)
    good, faults, began = phones["good"], [], time.monotonic()

    at_auth(target).close()
    first = slowest_good(target, good[:2])
    time.sleep(0.5)  # the last of them has left
    descriptors = target.descriptors()
    storm(target, connections // 2)
    after_first = tvs_hostile.settle(target, descriptors)
    memory = target.memory_kib()
    storm(target, connections - connections // 2)
    slowest, held = among_silent(target, good[2:])
    after = tvs_hostile.settle(target, descriptors)
    grown = target.memory_kib() - memory
    slack = tvs_hostile.SLACK_SANITIZED_KIB if target.is_sanitized() else tvs_hostile.SLACK_KIB

    if max(first, slowest) > GOOD_SECONDS:
        faults.append(f"a good enrolment took {max(first, slowest):.2f} s")
    if held < descriptors + SILENT:
        faults.append(f"only {held - descriptors} of {SILENT} silent peers were held meanwhile")
    if max(after, after_first) > descriptors:
        faults.append(f"descriptors: {descriptors} before, {after_first} and {after} after")
    if grown > slack:
        faults.append(f"the second half took {grown} KiB more, above {slack}")
    print(f"{connections} hostile peers in {time.monotonic() - began:.1f} s; they were told "
          f"{dict(target.replies)}; slowest good enrolment {slowest * 1000:.0f} ms; descriptors "
          f"{descriptors}, then {after}; memory {memory} KiB, then {grown:+} KiB")
    for fault in faults:
        print("FAILED:", fault, file=sys.stderr)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
