#!/usr/bin/env python3
"""An independent CAPF phone, which can also misbehave.

    capf_client.py ADDRESS PORT DEVICE [--memory DIR] [...]

Written from capf/PROTOCOL.md alone, on Python's own TLS and the openssl program.  It is as strict
with the server as the pickiest phone is: a message is one TLS record, below 4096 bytes, with the
elements in the order and number that phones know.

Prints what the server said, one line: "AUTH KEY:rsa:2048 STORE END:1".  "CLOSED" when the server
hung up without a word, "LEFT" when the phone did (--leave).  Exit status 0 when the server kept to
the protocol, whatever it said; 1, with a sentence, when it did not.

DIR is the phone's memory: key.pem and lsc.pem, its LSC.
"""
import argparse
import hashlib
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

AUTH, KEY, STORE, FETCH, DELETE, END, IN_PROGRESS = 1, 3, 9, 11, 13, 15, 17
REASON, INFO, CERT_TYPE, CERT, SIGNED_SHA1, VERSION, AUTH_TYPE, PUBLIC_KEY = 1, 2, 3, 4, 6, 7, 8, 9
KEY_BITS, PASSWORD, DEVICE, SUDI, KEY_TYPE, CURVE, SIGNED_SHA512 = 10, 11, 13, 16, 17, 18, 20
SHA1, SHA512 = 1, 3  # as numbers on the wire
PROTOCOL = 0x55
MESSAGE_MAX = 4096
CURVES = {0: 256, 1: 384, 2: 521}
# What a message of the server has, in this order; those in [] may be missing.  Element 8 is not
# sent by CUCM, and a phone of either kind does without 10 when the key is EC.
SHAPES = {AUTH: [VERSION, [AUTH_TYPE]], KEY: None, STORE: [CERT_TYPE, CERT], FETCH: [], DELETE: [],
          END: [REASON, [INFO]]}


class Broken(Exception):
    """The server did what a phone would choke on."""


class Closed(Exception):
    """The server hung up without a word."""


def element(tag, value):
    return struct.pack(">BH", tag, len(value)) + value


def nested(tag, value):
    return struct.pack(">BH", tag, len(value)) + value


def message(command, session, body=b"", protocol=PROTOCOL):
    return struct.pack(">BBIH", protocol, command, session, len(body)) + body


def text(tag, value):
    return element(tag, value.encode() + b"\0")


def certificate_element(der):
    return element(CERT, struct.pack(">BHBB", 1, len(der) + 2, 0, 1) + der)


def openssl(*words, given=b""):
    out = subprocess.run(["openssl", *words], input=given, capture_output=True, check=False)
    if out.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(words)}: {out.stderr.decode()}")
    return out.stdout


def public_key_of(pem):
    """SubjectPublicKeyInfo of a private key, DER."""
    return openssl("pkey", "-in", pem, "-pubout", "-outform", "DER")


def certificate_of(pem):
    return openssl("x509", "-in", pem, "-outform", "DER")


def make_key(kind, to):
    """kind: "rsa:2048", "ec:256", "ed25519"."""
    family, _, size = kind.partition(":")
    how = {"rsa": ["RSA", "-pkeyopt", f"rsa_keygen_bits:{size}"],
           "ec": ["EC", "-pkeyopt", f"ec_paramgen_curve:P-{size}"], "ed25519": ["ED25519"]}[family]
    openssl("genpkey", "-algorithm", *how, "-out", to)


def sign(key, digest, data, with_info=False):
    """RSA: the bare hash in PKCS#1 type 1, unless with its DigestInfo; EC: ECDSA, DER."""
    hashed = hashlib.new(digest, data).digest()
    with tempfile.NamedTemporaryFile() as f:
        f.write(hashed)
        f.flush()
        more = ["-pkeyopt", f"digest:{digest}"] if with_info else []
        return openssl("pkeyutl", "-sign", "-inkey", key, "-in", f.name, *more)


# ---- the server's side of it, as a phone reads it ----

@dataclass
class Message:
    command: int
    session: int
    elements: dict

    def reason(self):
        return self.elements[REASON][0]

    def info(self):
        return self.elements.get(INFO, b"").rstrip(b"\0").decode()

    def key_kind(self):
        if self.elements[KEY_TYPE] == b"\0":
            return f"rsa:{struct.unpack('>H', self.elements[KEY_BITS])[0]}"
        return f"ec:{CURVES[self.elements[CURVE][0]]}"

    def certificate(self):
        return self.elements[CERT][5:]

    def word(self):
        """As it stands in the line that is printed."""
        name = {AUTH: "AUTH", KEY: "KEY", STORE: "STORE", FETCH: "FETCH", DELETE: "DELETE",
                END: "END"}[self.command]
        if self.command == KEY:
            return f"{name}:{self.key_kind()}"
        return f"{name}:{self.reason()}" if self.command == END else name


def read_elements(body):
    found = []
    while body:
        if len(body) < 3:
            raise Broken(f"{len(body)} stray bytes at the end of a message")
        tag, size = struct.unpack(">BH", body[:3])
        if 3 + size > len(body):
            raise Broken(f"element {tag} overruns its message")
        found.append((tag, body[3 : 3 + size]))
        body = body[3 + size :]
    return found


def check_key_request(found):
    tags = [tag for tag, _ in found]
    values = dict(found)
    if tags not in ([KEY_BITS, KEY_TYPE], [KEY_BITS, KEY_TYPE, CURVE], [KEY_TYPE, CURVE]):
        raise Broken(f"a request for a key with the elements {tags}")
    is_ec = values[KEY_TYPE] == b"\1"
    if values[KEY_TYPE] not in (b"\0", b"\1") or is_ec != (CURVE in values):
        raise Broken("a request for a key of no kind")
    if KEY_BITS in values and len(values[KEY_BITS]) != 2:
        raise Broken("a key size that is no number of two bytes")
    if is_ec and (len(values[CURVE]) != 1 or values[CURVE][0] not in CURVES):
        raise Broken("a curve that is none")


def check_shape(command, found):
    left = list(found)
    for wanted in SHAPES[command]:
        optional = isinstance(wanted, list)
        tag = wanted[0] if optional else wanted
        if left and left[0][0] == tag:
            left.pop(0)
        elif not optional:
            raise Broken(f"message {command} without element {tag} at its place")
    if left:
        raise Broken(f"message {command} with an element {left[0][0]} that no phone knows there")


def check_values(command, values):
    if command == AUTH and values[VERSION] != b"\3":
        raise Broken(f"CAPF says that it has version {values[VERSION].hex()}")
    if command == END and len(values[REASON]) != 1:
        raise Broken("a reason that is not a byte")
    if command != STORE:
        return
    kind, size, a, b = struct.unpack(">BHBB", values[CERT][:5])
    if values[CERT_TYPE] != b"\1" or (kind, size, a, b) != (1, len(values[CERT]) - 3, 0, 1):
        raise Broken(f"a certificate that begins with {values[CERT][:5].hex()}")


def read_message(record):
    """A record of the server: exactly one message of its."""
    if len(record) < 8:
        raise Broken(f"a record of {len(record)} bytes")
    protocol, command, session, size = struct.unpack(">BBIH", record[:8])
    if protocol != PROTOCOL or command not in SHAPES:
        raise Broken(f"a message that begins with {record[:8].hex()}")
    if len(record) != 8 + size or len(record) >= MESSAGE_MAX:
        raise Broken(f"a record of {len(record)} bytes for a message of {8 + size}")
    found = read_elements(record[8:])
    if command == KEY:
        check_key_request(found)
    else:
        check_shape(command, found)
    check_values(command, dict(found))
    return Message(command, session, dict(found))


def context_for(version=None):
    """Any version, or only this: "1.0", as a phone of 2005 has it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if version == "1.0":
        context.set_ciphers("AES256-SHA@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    elif version:
        context.minimum_version = context.maximum_version = {
            "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[version]
    return context


ANY = context_for()


class Session:
    """One connection.  number: as the server counts its sessions, once it has said something."""

    def __init__(self, at, source=None, context=ANY, seconds=60):
        plain = socket.socket()
        try:
            plain.settimeout(seconds)
            if source:
                plain.bind((source, 0))
            plain.connect(at)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.tls = context.wrap_socket(plain)
        except BaseException:
            plain.close()
            raise
        self.number = None

    def take(self):
        try:
            record = self.tls.recv(16384)
        except (ConnectionError, ssl.SSLEOFError) as e:
            raise Closed() from e
        except TimeoutError as e:
            raise Broken("it says nothing") from e
        if not record:
            raise Closed()
        m = read_message(record)
        if self.number not in (None, m.session):
            raise Broken(f"session {self.number} went on as {m.session}")
        self.number = m.session
        return m

    def write(self, data):
        try:
            self.tls.sendall(data)
        except (ConnectionError, ssl.SSLError):
            pass  # what it said before it went is still to be read

    def say(self, command, body=b""):
        self.write(message(command, self.number, body))

    def close(self):
        self.tls.close()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.close()


# ---- the phone ----

@dataclass
class Proof:
    """By an existing certificate: what is shown, and what is wrong with it on purpose."""

    certificate: str
    key: str
    name: str = ""  # signed instead of the device's own
    sudi: str = ""  # "": none, "right", "big-endian", "other-session"
    with_info: bool = False  # RSA with DigestInfo
    without: tuple = ()  # elements that are left out
    code: int = SHA512  # of element 20
    cut: bool = False  # the signature that signs another certificate's bytes

    def elements(self, device, session):
        der = certificate_of(self.certificate)
        data = (self.name or device).encode() + b"\0" + (der[:-1] if self.cut else der)
        sha512 = nested(self.code, self.sign("sha512", data))
        made = {CERT: certificate_element(der),
                SIGNED_SHA1: element(SIGNED_SHA1, self.sign("sha1", data)),
                SUDI: self.sudi_element(der, session),
                SIGNED_SHA512: element(SIGNED_SHA512, sha512)}
        return {tag: b"" if tag in self.without else value for tag, value in made.items()}

    def sign(self, digest, data):
        return sign(self.key, digest, data, self.with_info)

    def sudi_element(self, der, session):
        if not self.sudi:
            return b""
        if self.sudi == "other-session":
            session = (session + 1) & 0xFFFFFFFF
        order = ">I" if self.sudi == "big-endian" else "<I"
        data = struct.pack(order, session) + der
        return element(SUDI, nested(0, der) + nested(SHA1, self.sign("sha1", data))
                       + nested(SHA512, self.sign("sha512", data)))


@dataclass
class Phone:
    device: str
    memory: str = ""  # folder; "": remembers nothing
    version: int = 3
    password: str = ""
    jabber: bool = False  # says 7, 13, 1 and nothing else, and never that it is at it
    progress: int = 1  # how often it says that it is at it before the key is there
    key: bytes = None  # SubjectPublicKeyInfo, sent whatever was asked
    key_kind: str = ""  # one of this kind, whatever was asked
    reuse: bool = False  # the key it has
    declines: int = 0  # so many keys, before it makes one
    proof: Proof = None
    reason: int = 1  # of its answer to STORE, FETCH, DELETE
    wrong: str = ""  # "session", "protocol"
    write: str = "whole"  # "split": messages in two; "joined": all of an answer in one write
    extra: bytes = b""  # after the elements of its first message
    leave: str = ""  # the message of the server that it hangs up on; "STORED": after its answer
    offered: list = field(default_factory=list)  # certificates that CAPF told it about, DER
    said: list = field(default_factory=list)  # by the server
    info: str = ""  # in END
    new_key: str = ""

    def path(self, name):
        return os.path.join(self.memory, name)

    # -- one answer each: (command, body) pairs --

    def auth(self, m):
        device = text(DEVICE, self.device)
        if self.jabber:
            body = element(VERSION, b"\2") + device + element(REASON, b"\1")
        else:
            proof = self.proof.elements(self.device, m.session) if self.proof else {}
            body = (element(REASON, b"\1") + proof.get(CERT, b"") + proof.get(SIGNED_SHA1, b"")
                    + element(VERSION, bytes([self.version])) + text(PASSWORD, self.password)
                    + device + proof.get(SUDI, b"") + proof.get(SIGNED_SHA512, b""))
        return [(AUTH + 1, body + self.extra)]

    def make(self, kind):
        if self.key is not None:
            return self.key
        if self.reuse:
            return public_key_of(self.path("key.pem"))
        folder = self.memory or tempfile.mkdtemp()
        self.new_key = os.path.join(folder, "new-key.pem")
        make_key(self.key_kind or kind, self.new_key)
        key = public_key_of(self.new_key)
        if not self.memory:
            shutil.rmtree(folder)
        return key

    def generate(self, m):
        if self.declines > 0:
            self.declines -= 1
            return [(KEY + 1, element(REASON, b"\7"))]
        at_it = [] if self.jabber else [(IN_PROGRESS, b"")] * self.progress
        return at_it + [(KEY + 1, element(PUBLIC_KEY, self.make(m.key_kind())))]

    def store(self, m):
        self.offered.append(m.certificate())
        if self.memory and self.reason == 1:
            with open(self.path("lsc.pem"), "w", encoding="ascii") as f:
                f.write(ssl.DER_cert_to_PEM_cert(m.certificate()))
            if self.new_key:
                os.replace(self.new_key, self.path("key.pem"))
        return [(STORE + 1, element(REASON, bytes([self.reason])))]

    def fetch(self, _):
        """What it shows: the certificate of its proof, or its LSC."""
        shown = self.proof.certificate if self.proof else self.path("lsc.pem")
        if self.reason != 1 or not (self.proof or self.memory) or not os.path.exists(shown):
            return [(FETCH + 1, element(REASON, b"\7"))]
        return [(FETCH + 1, element(REASON, b"\1") + certificate_element(certificate_of(shown)))]

    def delete(self, _):
        has = bool(self.memory) and os.path.exists(self.path("lsc.pem"))
        if has:
            os.remove(self.path("lsc.pem"))
        return [(DELETE + 1, element(REASON, b"\1" if has and self.reason == 1 else b"\7"))]

    # -- the conversation --

    def send(self, session, answers):
        number = session.number ^ (0x01000000 if self.wrong == "session" else 0)
        protocol = 0x57 if self.wrong == "protocol" else PROTOCOL
        messages = [message(command, number, body, protocol) for command, body in answers]
        if self.write == "joined":
            messages = [b"".join(messages)]
        for m in messages:
            if self.write == "split":
                session.write(m[:5])
                m = m[5:]
            session.write(m)

    def leaves(self, session, where):
        if self.leave != where:
            return False
        session.close()
        self.said.append("LEFT")
        return True

    def turn(self, session):
        """False when it is over."""
        m = session.take()
        self.said.append(m.word())
        if m.command == END:
            self.info = m.info()
            return False
        if self.leaves(session, m.word().partition(":")[0]):
            return False
        answer = {AUTH: self.auth, KEY: self.generate, STORE: self.store, FETCH: self.fetch,
                  DELETE: self.delete}[m.command]
        self.send(session, answer(m))
        return not self.leaves(session, {STORE: "STORED", KEY: "KEYED"}.get(m.command, "-"))

    def talk(self, at, source=None, context=ANY):
        """The whole conversation; gives the words of the server."""
        try:
            with Session(at, source, context) as session:
                while self.turn(session):
                    pass
                if self.said[-1] != "LEFT":
                    self.expect_goodbye(session)
        except Closed:
            self.said.append("CLOSED")
        return self.said

    @staticmethod
    def expect_goodbye(session):
        try:
            session.take()
        except Closed:
            return
        raise Broken("the server went on after END_SESSION")


# ---- command line ----

def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("device")
    parser.add_argument("--memory", default="", help="folder of the phone")
    parser.add_argument("--source", help="local address")
    parser.add_argument("--tls", help="this version only")
    parser.add_argument("--version", type=int, default=3)
    parser.add_argument("--password", default="")
    parser.add_argument("--jabber", action="store_true")
    parser.add_argument("--at-once", dest="progress", action="store_const", const=0, default=1)
    parser.add_argument("--progress", type=int, help="says so often that it is at it")
    parser.add_argument("--key-kind", default="", help="a key of this kind, whatever was asked")
    parser.add_argument("--key-file", help="these bytes as the key")
    parser.add_argument("--reuse", action="store_true", help="the key it has")
    parser.add_argument("--declines", type=int, default=0, help="so many keys, before it makes one")
    parser.add_argument("--show", help="proves who it is by this certificate")
    parser.add_argument("--with", dest="show_key", help="and this key")
    parser.add_argument("--sign-name", default="")
    parser.add_argument("--sign-cut", action="store_true")
    parser.add_argument("--sign-info", action="store_true")
    parser.add_argument("--sign-code", type=int, default=SHA512)
    parser.add_argument("--sign-without", type=int, action="append", default=[])
    parser.add_argument("--sudi", default="", choices=["right", "big-endian", "other-session"])
    parser.add_argument("--reason", type=int, default=1)
    parser.add_argument("--wrong", default="", choices=["session", "protocol"])
    parser.add_argument("--write", default="whole", choices=["whole", "split", "joined"])
    parser.add_argument("--extra", default="", type=bytes.fromhex)
    parser.add_argument("--leave", default="",
                        choices=["AUTH", "KEY", "KEYED", "STORE", "STORED", "FETCH", "DELETE"])
    parser.add_argument("--times", type=int, default=1,
                        help="connections, whose numbers must follow each other")
    return parser.parse_args()


def phone_of(o):
    proof = None
    if o.show:
        proof = Proof(o.show, o.show_key, name=o.sign_name, sudi=o.sudi, with_info=o.sign_info,
                      without=tuple(o.sign_without), code=o.sign_code, cut=o.sign_cut)
    key = None
    if o.key_file:
        with open(o.key_file, "rb") as f:
            key = f.read()
    if o.memory:
        os.makedirs(o.memory, exist_ok=True)
    return Phone(o.device, memory=o.memory, version=o.version, password=o.password, jabber=o.jabber,
                 progress=o.progress, key=key, key_kind=o.key_kind, reuse=o.reuse,
                 declines=o.declines, proof=proof, reason=o.reason, wrong=o.wrong,
                 write=o.write, extra=o.extra or b"", leave=o.leave)


def check_numbers(o):
    numbers = []
    for _ in range(o.times):
        with Session((o.address, o.port)) as session:
            numbers.append(session.take().session)
    for before, after in zip(numbers, numbers[1:]):
        if after != (before + 1) & 0xFFFFFFFF:
            raise Broken(f"session {before} was followed by {after}")
    print("numbers follow each other")


def main():
    o = arguments()
    try:
        if o.times > 1:
            check_numbers(o)
            return
        phone = phone_of(o)
        phone.talk((o.address, o.port), o.source, context_for(o.tls))
        print(*phone.said)
        if phone.info:
            print("info:", phone.info)
    except Broken as e:
        print("the server broke the protocol:", e, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
