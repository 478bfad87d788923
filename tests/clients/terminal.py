"""Runs a command with its standard error on a terminal, and says as JSON what the terminal got.

A server is told to stop once it serves.
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios

ROWS, COLUMNS = 24, 120


def run(command):
    terminal, child_end = pty.openpty()
    fcntl.ioctl(child_end, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=child_end,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(child_end)
    output = child.stdout.fileno()
    seen = {terminal: b"", output: b""}
    open_ends = [terminal, output]
    while open_ends:
        for end in select.select(open_ends, [], [])[0]:
            part = read(end)
            seen[end] += part
            if not part:
                open_ends.remove(end)
            elif end == output and b"serving " in seen[output]:
                child.send_signal(signal.SIGTERM)
    return {"code": child.wait(), "terminal": seen[terminal].decode(errors="replace")}


def read(end):
    try:
        return os.read(end, 65536)
    except OSError:
        # What reading from a terminal ends with that nobody else has open.
        return b""


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1:])))
