#!/usr/bin/env python3
"""Makes the tables that test_vectors.c and test_cert.c read from the kit's manifest.json.

usage: index.py MANIFEST FILES OUT

Only files that exist under FILES are listed; the tables go to OUT:
  index.tsv   file, kind, want, certificate, device, payload, how to build it again
  certs.tsv   what each certificate must be spelled like
  parsed.tsv  what each good list and signed file must parse to
An empty field is "-"; an empty text is "".
"""
import json
import os
import sys


def row(*fields):
    out = []
    for field in fields:
        text = "-" if field is None else str(field)
        if "\t" in text or "\n" in text:
            raise SystemExit("a field with a tab or newline: %r" % text)
        out.append(text if text else '""')
    return "\t".join(out) + "\n"


def build_of(entry):
    """The inputs of a file that a deterministic signer must make again, byte for byte."""
    if not entry.get("reproducible"):
        return None
    inputs = entry["inputs"]
    words = ["%s=%s" % (key, inputs[key])
             for key in ("signer", "digest", "signer_version", "filename", "timestamp")
             if key in inputs]
    words += ["record=%s:%s" % (record["role"], record["cert"])
              for record in inputs.get("records", [])]
    return " ".join(words)


def index_of(entry):
    want, _, trusting = entry.get("want", "-").partition(":")
    return row(entry["file"], entry["kind"], want, trusting or entry.get("cert"),
               entry.get("device"), entry.get("payload"), build_of(entry))


def cert_of(name, cert):
    return row(cert["file"], cert["subject_string"], cert["issuer_string"],
               cert["subject_string_cisco_style"], cert["serial_tlv_hex"],
               cert["serial_der_hex"], cert["md5"], cert["sha1"], cert["sha256"],
               cert["der_length"], cert["public_key_tlv_hex"], cert["key"])


def parsed_of(entry):
    parsed = entry["parsed"]
    yield row(entry["file"], "header", parsed["version"], parsed["header_length"],
              parsed.get("signer_version"), parsed["signer_name"], parsed["issuer_name"],
              parsed["serial_number"], parsed["hash"], parsed["modulus_code"],
              parsed["signature_length"], parsed["filename"], parsed["timestamp"])
    for record in parsed.get("records", []):
        yield row(entry["file"], "record", record["role"], record.get("dns_name"),
                  record.get("subject"), record.get("issuer"), record.get("serial"),
                  record.get("certificate_sha1"), record.get("certificate_length"))


def main():
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    manifest, files, out = sys.argv[1:]
    with open(manifest, encoding="utf-8") as f:
        kit = json.load(f)
    there = [e for e in kit["files"] if os.path.exists(os.path.join(files, e["file"]))]

    def write(name, rows):
        with open(os.path.join(out, name), "w", encoding="utf-8", newline="\n") as f:
            f.writelines(rows)

    write("index.tsv", (index_of(e) for e in there))
    write("certs.tsv", (cert_of(n, c) for n, c in kit["certs"].items()))
    write("parsed.tsv", (line for e in there if "parsed" in e for line in parsed_of(e)))


if __name__ == "__main__":
    main()
