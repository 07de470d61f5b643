#!/usr/bin/env python3
"""An independent TVS client: asks for a certificate by its bytes (verify) or by its names (query).

    tvs_client.py ADDRESS PORT CERT.pem [query]

Written from PROTOCOL.md alone, on Python's own TLS.  Prints the answer; exit status 0 when the
certificate is valid, 5 when it is not.
"""
import socket
import ssl
import struct
import subprocess
import sys


def element(tag, value):
    return struct.pack(">BH", tag, len(value)) + value


def elements(body):
    found = {}
    while body:
        tag, size = struct.unpack(">BH", body[:3])
        found[tag], body = body[3 : 3 + size], body[3 + size :]
    return found


def x509(pem, *what):
    out = subprocess.run(["openssl", "x509", "-in", pem, "-noout", *what], capture_output=True, check=True)
    return out.stdout.decode().strip()


def name(pem, which):
    """As Cisco spells it: CN;OU;O;L;ST;C, whatever the order in the certificate."""
    parts = x509(pem, "-" + which, "-nameopt", "sep_multiline,utf8,lname").split("\n")[1:]
    short = dict(commonName="CN", organizationalUnitName="OU", organizationName="O",
                 localityName="L", stateOrProvinceName="ST", countryName="C")
    values = {short[k.strip()]: v for k, v in (p.split("=", 1) for p in parts)}
    return ";".join(f"{k}={values[k]}" for k in ("CN", "OU", "O", "L", "ST", "C") if k in values)


def request(pem, by_name):
    body = element(1, b"\x01CP-8861-SEP001122334455")
    if by_name:
        body += element(3, name(pem, "subject").encode() + b"\0")
        body += element(4, name(pem, "issuer").encode() + b"\0")
        body += element(5, bytes.fromhex(x509(pem, "-serial").split("=")[1]))
    else:
        der = subprocess.run(["openssl", "x509", "-in", pem, "-outform", "DER"],
                             capture_output=True, check=True).stdout
        body += element(2, der)
    return struct.pack(">BBBBIH", 87, 1, 3 if by_name else 1, 0, 1001, len(body)) + body


def ask(address, port, message):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection((address, port), 10) as plain:
        with context.wrap_socket(plain) as tls:
            tls.sendall(message)
            head = tls.recv(65536)
            size = struct.unpack(">H", head[8:10])[0]
            while len(head) < 10 + size:
                head += tls.recv(65536)
            return head


def main():
    address, port, pem = sys.argv[1:4]
    answer = ask(address, int(port), request(pem, sys.argv[4:] == ["query"]))
    assert answer[0] == 87 and answer[1] == 1 and answer[4:8] == b"\0\0\x03\xe9", answer[:10]
    found = elements(answer[10:])
    valid = found[7] == b"\0"
    print("valid" if valid else "invalid", "roles", list(found.get(8, b"")),
          "ttl", int.from_bytes(found.get(9, b""), "big"), "certificate", len(found.get(2, b"")))
    sys.exit(0 if valid else 5)


if __name__ == "__main__":
    main()
