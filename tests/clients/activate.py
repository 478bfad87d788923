"""Hands sockets over as a service manager does (sd_listen_fds(3)), then becomes the program.

activate.py KIND=ADDRESS… -- PROGRAM ARGUMENT…     KIND: tcp (listening, any free port) or udp
"""

import os
import socket
import sys

FIRST = 3

at = sys.argv.index("--")
kept = []
for number, wanted in enumerate(sys.argv[1:at]):
    kind, address = wanted.split("=")
    sock = socket.socket(socket.AF_INET, {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[kind])
    sock.bind((address, 0))
    if kind == "tcp":
        sock.listen()
    # Out of the way of the numbers that are to be.
    kept.append(os.dup2(sock.fileno(), 100 + number))
for number, descriptor in enumerate(kept):
    os.dup2(descriptor, FIRST + number, inheritable=True)
os.closerange(FIRST + len(kept), 200)
os.environ["LISTEN_PID"] = str(os.getpid())
os.environ["LISTEN_FDS"] = str(len(kept))
os.execv(sys.argv[at + 1], sys.argv[at + 1 :])
