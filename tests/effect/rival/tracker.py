"""A plain tracker: remembers who is there, answers with up to 50 of them by chance.

tracker.py ADDRESS PORT. It says "ready" when it listens.
"""

import random
import socket
import socketserver
import struct
import sys
import urllib.parse

PEERS = {}


class Announce(socketserver.BaseRequestHandler):
    """GET /announce?info_hash=…&port=… (BEP 3, BEP 23)."""

    def handle(self):
        request = b""
        while b"\r\n\r\n" not in request and len(request) < 16384:
            part = self.request.recv(4096)
            if not part:
                return
            request += part
        query = request.split(b" ")[1].partition(b"?")[2].decode("ascii")
        asked = urllib.parse.parse_qs(query, encoding="latin-1")
        swarm = PEERS.setdefault(asked["info_hash"][0], set())
        me = (self.client_address[0], int(asked["port"][0]))
        if asked.get("event") == ["stopped"]:
            swarm.discard(me)
        else:
            swarm.add(me)
        others = [peer for peer in swarm if peer != me]
        random.shuffle(others)
        peers = b"".join(socket.inet_aton(a) + struct.pack("!H", p) for a, p in others[:50])
        body = b"d8:intervali20e12:min intervali5e5:peers%d:%be" % (len(peers), peers)
        head = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
        self.request.sendall(head % len(body) + body)


class Tracker(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256


with Tracker((sys.argv[1], int(sys.argv[2])), Announce) as tracker:
    print("ready", flush=True)
    tracker.serve_forever()
