#!/usr/bin/env python3
"""Reads a trust list by itself, checks its signature with openssl, and prints it.

usage: trust_list.py roles FILE         one line per record: role, "blank" or the certificate's CN
       trust_list.py print FILE UNIX    as `show itl` and `show ctl` do, last modified at that time

Written from the layout of Cisco's samples (TechNotes 118892 and 118893) and from nothing of ours:
every TLV is a byte for its tag, two for its length and so many of value, except that the containers
(header tags 3, 7, 9) are followed by what they hold, and padding (tag 13) is one byte.
Exit status 1, with a sentence, when the file does not add up or was not signed by its signer.
"""
import hashlib
import subprocess
import sys
import tempfile
import time

HEADER = {1: "VERSION", 2: "HEADERLENGTH", 3: "SIGNERID", 4: "SIGNERNAME", 5: "SERIALNUMBER",
          6: "CANAME", 7: "SIGNATUREINFO", 8: "DIGESTALGORTITHM", 9: "SIGNATUREALGOINFO",
          10: "SIGNATUREALGORTITHM", 11: "SIGNATUREMODULUS", 12: "SIGNATURE", 14: "FILENAME",
          15: "TIMESTAMP"}
RECORD = {1: "RECORDLENGTH", 2: "DNSNAME", 3: "SUBJECTNAME", 4: "FUNCTION", 5: "ISSUERNAME",
          6: "SERIALNUMBER", 7: "PUBLICKEY", 8: "SIGNATURE", 9: "CERTIFICATE", 10: "IPADDRESS"}
FUNCTION = {0: "System Administrator Security Token", 2: "CCM+TFTP", 3: "TFTP", 4: "CAPF",
            21: "TVS"}
DIGEST = {1: "sha1", 3: "sha512"}
SAST = 0


def refuse(why):
    raise SystemExit("not a sound list: " + why)


def number(value):
    return int.from_bytes(value, "big")


def text(value):
    if not value.endswith(b"\0"):
        refuse("a text without its NUL")
    return value[:-1].decode()


def tlv(data, at):
    if at + 3 > len(data):
        refuse("cut short at %d" % at)
    end = at + 3 + number(data[at + 1:at + 3])
    if end > len(data):
        refuse("the element at %d is longer than the file" % at)
    return data[at], data[at + 3:end], end


def read_header(data):
    """[(tag, value)], where the header ends, and what is signed: all but the signature's TLV."""
    fields, at, signed = [], 0, b""
    while not fields or fields[-1][0] != 15:
        tag = data[at]
        if tag in (3, 7, 9):
            fields.append((tag, data[at + 1:at + 3]))
            at += 3
            continue
        tag, value, end = tlv(data, at)
        if tag not in HEADER:
            refuse("header tag %d" % tag)
        if tag == 12:
            signed = data[:at] + data[end:]
        fields.append((tag, value))
        at = end
    while at % 4 != 0 and data[at] == 13:
        at += 1
    have = dict(fields)
    if number(have[2]) != at:
        refuse("a header of %d bytes says that it has %d" % (at, number(have[2])))
    names = sum(3 + len(have[tag]) for tag in (4, 5, 6))
    if (number(have[3]), number(have[7]), number(have[9])) != (names, 15, 8):
        refuse("a container's length")
    return fields, at, signed


def read_record(data, at):
    start, tag, value, fields = at, None, b"", []
    length = number(data[at + 3:at + 5])
    while at < start + length:
        tag, value, at = tlv(data, at)
        if tag not in RECORD:
            refuse("record tag %d" % tag)
        fields.append((tag, value))
    if at != start + length or fields[0][0] != 1:
        refuse("the record at %d" % start)
    return fields, at


def openssl(*words, given=b""):
    return subprocess.run(("openssl",) + words, input=given, check=True,
                          capture_output=True).stdout


def public_key(der):
    return openssl("x509", "-inform", "DER", "-pubkey", "-noout", given=der)


def subject_cn(der):
    names = openssl("x509", "-inform", "DER", "-noout", "-subject", "-nameopt", "multiline",
                    given=der).decode()
    return [line.split("=", 1)[1].strip() for line in names.splitlines()
            if line.strip().startswith("commonName")][0]


def check_certificate(record):
    """What the record says of its certificate is so."""
    der = record[9]
    serial = openssl("x509", "-inform", "DER", "-noout", "-serial", given=der).decode()
    if int(serial.strip().split("=")[1], 16) != number(record[6]):
        refuse("a serial number")
    key = openssl("pkey", "-pubin", "-outform", "DER", given=public_key(der))
    if not key.endswith(record[7]):
        refuse("a public key")
    if not der.endswith(record[8]):
        refuse("a certificate's signature")


class TrustList:
    def __init__(self, data):
        self.data = data
        self.header, at, self.signed = read_header(data)
        self.head = dict(self.header)
        self.records = []
        while at < len(data):
            fields, at = read_record(data, at)
            self.records.append(fields)
        for fields in self.records:
            if 9 in dict(fields):
                check_certificate(dict(fields))
        self.verify()

    def is_signer(self, record):
        return (number(record[4]) == SAST and record.get(6) == self.head[5]
                and record[3] == self.head[4] and record[5] == self.head[6])

    def verify(self):
        signers = [dict(r) for r in self.records if self.is_signer(dict(r))]
        if len(signers) != 1:
            refuse("%d SAST records are its signer" % len(signers))
        with tempfile.NamedTemporaryFile() as key, tempfile.NamedTemporaryFile() as sig:
            key.write(public_key(signers[0][9]))
            sig.write(self.head[12])
            key.flush()
            sig.flush()
            digest = "-" + DIGEST[self.head[8][0]]
            try:
                openssl("dgst", digest, "-verify", key.name, "-signature", sig.name,
                        given=self.signed)
            except subprocess.CalledProcessError:
                refuse("the signature")


def spaced(value, between):
    return between.join("%02X" % b for b in value)


def row(tag, name, length, value=""):
    name = name.ljust(16 if len(name) < 16 else 24)
    if not value:
        return "%-8d%s%d" % (tag, name, length)
    return "%-8d%s%-8d%s" % (tag, name, length, value)


TABLE = ["BYTEPOS TAG             LENGTH  VALUE", "------- ---             ------  -----"]


def header_rows(head):
    for tag, value in head:
        if tag in (1, 2):
            continue
        if tag in (3, 7, 9):
            yield row(tag, HEADER[tag], 2, str(number(value)))
        elif tag in (4, 6):
            yield row(tag, HEADER[tag], len(value), text(value))
        elif tag == 5:
            yield row(tag, HEADER[tag], len(value), spaced(value, ":"))
        else:
            yield row(tag, HEADER[tag], len(value))
        if tag == 12:
            for i in range(0, len(value), 8):
                yield "  ".join("%x" % b for b in value[i:i + 8])


def record_rows(fields):
    for tag, value in fields:
        shown = ""
        if tag == 1:
            shown = str(number(value))
        elif tag in (2, 3, 5):
            shown = text(value)
        elif tag == 4:
            shown = FUNCTION[number(value)]
        elif tag == 6:
            shown = spaced(value, ":")
        elif tag == 9:
            shown = spaced(hashlib.sha1(value).digest(), " ") + " (SHA1 Hash HEX)"
        yield row(tag, RECORD[tag], len(value), shown)


def printed(trust_list, modified):
    data, head = trust_list.data, trust_list.head
    kind = text(head[14])[:3]
    when = time.strftime("%a %b %d %H:%M:%S %Z %Y", time.localtime(modified))
    yield "The checksum value of the %s file:" % kind
    yield hashlib.md5(data).hexdigest() + "(MD5)"
    yield hashlib.sha1(data).hexdigest() + "(SHA1)"
    yield from ("", "Length of %s file: %d" % (kind, len(data)))
    yield "The %s File was last modified on %s" % (kind, when)
    yield from ("", "        Parse %s File" % kind, "        ----------------", "")
    yield "Version:        %d.%d" % tuple(head[1])
    yield "HeaderLength:   %d (BYTES)" % number(head[2])
    yield ""
    yield from TABLE
    yield from header_rows(trust_list.header)
    for n, fields in enumerate(trust_list.records, 1):
        yield from ("", "        %s Record #:%d" % (kind, n), "                      ----")
        yield from TABLE
        yield from record_rows(fields)
        record = dict(fields)
        if number(record[4]) == SAST:
            used = "" if trust_list.is_signer(record) else "not "
            yield "This etoken was %sused to sign the %s file." % (used, kind)
    yield from ("", "The %s file was verified successfully." % kind)


def roles(trust_list):
    for fields in trust_list.records:
        record = dict(fields)
        short = {SAST: "SAST"}.get(number(record[4]), FUNCTION[number(record[4])])
        yield "%s %s" % (short, subject_cn(record[9]) if 9 in record else "blank")


def main():
    if len(sys.argv) not in (3, 4) or sys.argv[1] not in ("roles", "print"):
        raise SystemExit(__doc__)
    with open(sys.argv[2], "rb") as f:
        trust_list = TrustList(f.read())
    lines = roles(trust_list) if sys.argv[1] == "roles" else printed(trust_list, int(sys.argv[3]))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
