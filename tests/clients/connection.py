"""HTTP/1.1 over mutual TLS (or plain) by the standard library, one connection for each request."""

import gzip
import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

TIMEOUT_S = 30


class Malformed(Exception):
    """A message that is not what its RFC object says."""


def unique(pairs):
    """A JSON object without duplicate members."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed(f"duplicate member in {[name for name, _ in pairs]}")
    return found


@dataclass
class Answer:
    """A status, header fields by lower-case name, and a body that is no longer compressed."""

    status: int
    headers: dict
    body: bytes

    def json(self):
        try:
            return json.loads(self.body.decode(), object_pairs_hook=unique)
        except ValueError as error:
            raise Malformed(f"no JSON: {error}: {self.body[:80]}") from error


class Connection:
    """Where a server is, and how to reach it."""

    def __init__(self, url, ca=None, cert=None, key=None):
        self.url = url
        self.ca = ca
        self.context = None
        if ca:
            self.context = ssl.create_default_context(cafile=ca)
            self.context.minimum_version = ssl.TLSVersion.TLSv1_3
            if cert:
                self.context.load_cert_chain(cert, key)

    def resolve(self, uri):
        """An absolute URL (RFC 3986 section 5), on this server."""
        return urljoin(self.url, uri)

    def open(self, url):
        parts = urlsplit(url)
        if parts.scheme == "https":
            return http.client.HTTPSConnection(
                parts.netloc, timeout=TIMEOUT_S, context=self.context
            )
        return http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_S)

    def request(self, method, uri, headers=None, body=None):
        url = self.resolve(uri)
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection = self.open(url)
        try:
            connection.request(
                method, target, body=body, headers={"Connection": "close", **(headers or {})}
            )
            response = connection.getresponse()
            data = response.read()
            fields = {name.lower(): value for name, value in response.getheaders()}
        finally:
            connection.close()
        if fields.get("content-encoding") == "gzip" and data:
            data = gzip.decompress(data)
        return Answer(response.status, fields, data)

    def without_certificate(self):
        """What a client without certificate gets: a status, or None where the handshake fails."""
        try:
            return Connection(self.url, self.ca).request("GET", self.url).status
        except (ssl.SSLError, ConnectionError, socket.timeout, http.client.HTTPException):
            return None
