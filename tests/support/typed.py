#!/usr/bin/env python3
"""Somebody at a terminal: typed.py ANSWER... -- COMMAND...

Types one answer after the other, each when the command has asked for it (": " at the end of what it
says) and shows what stood on the terminal.  Exits as the command does.
"""
import os
import pty
import sys

at = sys.argv.index("--")
answers = sys.argv[1:at]
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[at + 1], sys.argv[at + 1:])
said = b""
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:  # Linux says EIO when the other side is closed
        part = b""
    if not part:
        break
    said += part
    if said.endswith(b": ") and answers:
        os.write(terminal, answers.pop(0).encode() + b"\n")
sys.stdout.write(said.decode(errors="replace"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
