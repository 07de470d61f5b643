"""A TFTP client that takes its time: it takes the first block, says "started", and goes on when a
line comes on standard input.  usage: tftp_slow.py ADDRESS PORT NAME FILE"""
import socket
import struct
import sys

RRQ, DATA, ACK = 1, 3, 4
BLOCK = 512


def fetch(address, port, name, out):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    s.sendto(struct.pack("!H", RRQ) + name.encode() + b"\0octet\0", (address, port))
    expected = 1
    while True:
        packet, peer = s.recvfrom(4 + BLOCK)
        op, block = struct.unpack("!HH", packet[:4])
        if op != DATA:
            sys.exit("no data: %r" % packet)
        if block != expected & 0xFFFF:
            continue  # sent again while we were waiting
        out.write(packet[4:])
        if expected == 1:
            print("started", flush=True)
            sys.stdin.readline()
        s.sendto(struct.pack("!HH", ACK, block), peer)
        expected += 1
        if len(packet) < 4 + BLOCK:
            return


if __name__ == "__main__":
    address, port, name, to = sys.argv[1:]
    with open(to, "wb") as out:
        fetch(address, int(port), name, out)
