"""A client whose certificate is revoked: revocation.py HOST PORT CA CERTIFICATE KEY.

Says `served` once it has a connection and an answer, waits until the server closes that connection, says `closed`, and then
tries again: with the old session, and anew. Says what it got each time: `refused` or the status line.
"""

import socket
import ssl
import sys

host, port, ca, certificate, key = sys.argv[1:]
REQUEST = f"GET /directory HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()

context = ssl.create_default_context(cafile=ca)
context.load_cert_chain(certificate, key)


def connect(session=None):
    stream = socket.create_connection((host, int(port)), timeout=60)
    return context.wrap_socket(stream, server_hostname=host, session=session)


def ask(connection):
    connection.sendall(REQUEST)
    return connection.recv(4096).split(b"\r\n")[0].decode()


def attempt(what, session):
    try:
        answer = ask(connect(session))
    except OSError:
        answer = ""
    print(what, answer or "refused", flush=True)


live = connect()
print("served", ask(live), flush=True)
session = live.session
try:
    while live.recv(4096):
        pass
except OSError:
    pass
print("closed", flush=True)
attempt("resumed", session)
attempt("new", None)
