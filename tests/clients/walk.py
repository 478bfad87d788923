"""An ALTO client that walks a server.

    walk.py URL [--ca ca.pem --cert client.pem --key client-key.pem]

Python's standard library only. Fetches the directory (RFC 7285 section 9.2), uses every resource
that it lists, with good and bad requests alike, checks every answer against the RFC's objects, and
what one resource says against what another does. Prints one line for each check, then
`N passed, M failed`; exit code 1 if one failed.
"""

import argparse
import random
import sys

import messages
import queries
from connection import Connection, Malformed
from messages import TYPE

GZIP = {"Accept-Encoding": "gzip"}


class Walk:
    """A walk over one server: what was checked, and what was fetched."""

    def __init__(self, connection, seed):
        self.connection = connection
        self.random = random.Random(seed)
        self.passed = 0
        self.failed = 0
        self.entries = {}
        self.cost_types = {}
        self.maps = {}  # resource id -> message

    def check(self, what, condition, detail=""):
        self.passed, self.failed = self.passed + bool(condition), self.failed + (not condition)
        print(
            f"{'ok  ' if condition else 'FAIL'} {what}"
            + ("" if condition else f": {str(detail):.400}")
        )
        return condition

    def part(self, what, run, *arguments):
        """Runs checks; a malformed message is one that failed."""
        try:
            run(self, *arguments)
        except (Malformed, KeyError, ValueError, TypeError, OSError) as error:
            self.check(what, False, f"{type(error).__name__}: {error}")

    def fetch(self, what, method, uri, media_type, headers=None, body=None):
        """Asks, and checks status, type and message."""
        accept = {"Accept": f"{media_type},{TYPE.format('error')}"}
        answer = self.connection.request(method, uri, accept | (headers or {}), body)
        self.check(f"{what}: 200", answer.status == 200, (answer.status, answer.body[:200]))
        given = answer.headers.get("content-type")
        self.check(f"{what}: Content-Type", given == media_type, given)
        self.check(f"{what}: no cookie", "set-cookie" not in answer.headers, answer.headers)
        message = messages.VALIDATORS[media_type](answer.json())
        self.check(f"{what}: well-formed", True)
        return message, answer

    def walk_methods(self, name, entry, headers, body):
        walk_methods(self, name, entry["uri"], entry["media-type"], "POST", headers, body)

    def of(self, kind, accepts=None):
        """Entries of a media type that take POST of `accepts`, or GET."""
        wanted = accepts and TYPE.format(accepts)
        return {
            name: entry
            for name, entry in self.entries.items()
            if entry["media-type"] == TYPE.format(kind) and (entry.get("accepts") or None) == wanted
        }


def walk_directory(walk):
    message, answer = walk.fetch("directory", "GET", walk.connection.url, TYPE.format("directory"))
    walk.entries, walk.cost_types = message["resources"], message["meta"]["cost-types"]
    default = message["meta"]["default-alto-network-map"]
    maps = walk.of("networkmap")
    walk.check("directory: the default network map is one", default in maps, default)
    for name, entry in walk.entries.items():
        capabilities = entry.get("capabilities", {})
        undefined = set(capabilities.get("cost-type-names", [])) - set(walk.cost_types)
        walk.check(f"{name}: its cost types are defined", not undefined, undefined)
        unlisted = set(entry.get("uses", [])) - set(walk.entries)
        walk.check(f"{name}: what it uses is listed", not unlisted, unlisted)
    offered = []
    for name, entry in walk.of("costmap").items():
        names = entry["capabilities"]["cost-type-names"]
        walk.check(f"{name}: one cost type", len(names) == 1, names)
        walk.check(
            f"{name}: uses one network map",
            len(entry["uses"]) == 1 and entry["uses"][0] in maps,
            entry["uses"],
        )
        offered.append((entry["uses"][0], names[0]))
    walk.check(
        "directory: no two cost maps of a network map and cost type",
        len(set(offered)) == len(offered),
        offered,
    )
    for network in maps:
        metrics = {walk.cost_types[name]["cost-metric"] for of, name in offered if of == network}
        walk.check(f"{network}: has a cost map of routingcost", "routingcost" in metrics, metrics)
        properties = [
            entry["capabilities"]["prop-types"]
            for entry in walk.of("endpointprop", "endpointpropparams").values()
        ]
        walk.check(
            f"{network}: its pid can be looked up",
            any(f"{network}.pid" in some for some in properties),
            properties,
        )
    for name in walk.of("endpointcost", "endpointcostparams"):
        walk.check(f"{name}: uses no map", not walk.entries[name].get("uses"), walk.entries[name])
    uris = [(entry["uri"], bool(entry.get("accepts"))) for entry in walk.entries.values()]
    walk.check("directory: every URI once for each method", len(set(uris)) == len(uris), uris)
    walk_http(walk, "directory", walk.connection.url, TYPE.format("directory"), answer)


def walk_http(walk, what, uri, media_type, answer):
    """Conditional requests, codings, methods and Accept of a resource that is fetched."""
    ask = walk.connection.request
    tag = answer.headers.get("etag", "")
    walk.check(f"{what}: a strong ETag", tag.startswith('"') and tag.endswith('"'), tag)
    for condition in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = ask("GET", uri, {"If-None-Match": condition})
        walk.check(
            f"{what}: If-None-Match {condition:.12} 304",
            again.status == 304 and not again.body,
            again.status,
        )
    again = ask("GET", uri, {"If-None-Match": '"other"'})
    walk.check(
        f"{what}: another ETag 200", again.status == 200 and again.body == answer.body, again.status
    )
    packed = ask("GET", uri, GZIP)
    walk.check(f"{what}: gzip", packed.headers.get("content-encoding") == "gzip", packed.headers)
    walk.check(f"{what}: the same under gzip", packed.body == answer.body)
    walk.check(
        f"{what}: its own ETag under gzip",
        packed.headers.get("etag") not in (None, tag),
        packed.headers,
    )
    vary = packed.headers.get("vary", "").lower()
    walk.check(f"{what}: Vary names Accept-Encoding", "accept-encoding" in vary, vary)
    again = ask("GET", uri, GZIP | {"If-None-Match": packed.headers.get("etag", "")})
    walk.check(f"{what}: 304 under gzip", again.status == 304, again.status)
    head = ask("HEAD", uri)
    same = all(
        head.headers.get(name) == answer.headers.get(name)
        for name in ("etag", "content-type", "content-length")
    )
    walk.check(f"{what}: HEAD as GET, no body", head.status == 200 and same and not head.body, head)
    walk_methods(walk, what, uri, media_type, "GET")
    again = ask("GET", uri + "?pids=none")
    walk.check(
        f"{what}: a query string changes nothing",
        again.status == 200 and again.body == answer.body,
        again.status,
    )


def walk_methods(walk, what, uri, media_type, method, headers=None, body=None):
    """Other methods and types of answers than the one that there is."""
    ask = walk.connection.request
    for other in {"GET", "POST", "PUT", "DELETE"} - {method}:
        refused = ask(other, uri, headers, body or b"{}")
        allowed = refused.headers.get("allow", "")
        walk.check(
            f"{what}: {other} 405",
            refused.status == 405 and method in allowed,
            (refused.status, allowed),
        )
    options = ask("OPTIONS", uri)
    walk.check(
        f"{what}: OPTIONS",
        options.status in (200, 204) and method in options.headers.get("allow", ""),
        options,
    )
    for accept, status in (
        ("text/html", 406),
        (f"{media_type};q=0, text/html", 406),
        ("*/*", 200),
        ("application/*", 200),
        (f"text/html, {media_type};q=0.1", 200),
    ):
        answer = ask(method, uri, {"Accept": accept} | (headers or {}), body)
        walk.check(f"{what}: Accept {accept} {status}", answer.status == status, answer.status)


def walk_map(walk, name):
    entry = walk.entries[name]
    message, answer = walk.fetch(name, "GET", entry["uri"], entry["media-type"])
    walk.maps[name] = message
    walk_http(walk, name, entry["uri"], entry["media-type"], answer)


def walk_network_map(walk, name):
    """Section 11.2.2: each address of a family that occurs has a PID."""
    placed = messages.network_map_data(walk.maps[name]["network-map"])
    tag = walk.maps[name]["meta"]["vtag"]
    walk.check(f"{name}: its tag names it", tag["resource-id"] == name, tag)
    for version in {prefix.version for prefix in placed}:
        whole = [prefix for prefix in placed if prefix.version == version]
        addresses = sum(prefix.num_addresses for prefix in queries.outermost(whole))
        bits = 32 if version == 4 else 128
        walk.check(f"{name}: covers IPv{version}", addresses == 2**bits, addresses)


def walk_cost_map(walk, name):
    entry, message = walk.entries[name], walk.maps[name]
    network = walk.maps[entry["uses"][0]]
    tag = message["meta"]["dependent-vtags"][0]
    walk.check(f"{name}: depends on the network map's tag", tag == network["meta"]["vtag"], tag)
    declared = walk.cost_types[entry["capabilities"]["cost-type-names"][0]]
    given = message["meta"]["cost-type"]
    walk.check(f"{name}: is of its cost type", queries.is_type(given, declared), given)
    pids = set(network["network-map"])
    used = set(message["cost-map"]).union(*message["cost-map"].values())
    walk.check(f"{name}: its PIDs are the network map's", used <= pids, used - pids)


def walk_orders(walk):
    """Section 6.1.2: a metric's ordinal costs order all pairs as its numerical ones do."""
    found = {}
    for name in walk.of("costmap"):
        of, kind = walk.entries[name]["uses"][0], walk.maps[name]["meta"]["cost-type"]
        found[of, kind["cost-metric"], kind["cost-mode"]] = queries.pairs_of(
            walk.maps[name]["cost-map"]
        )
    for (of, metric, mode), ordinal in found.items():
        numerical = found.get((of, metric, "numerical"))
        if mode == "ordinal" and numerical is not None:
            walk.check(
                f"{of} {metric}: ordinal as numerical", queries.same_order(numerical, ordinal)
            )


def walk_elsewhere(walk):
    answer = walk.connection.request("GET", "/no-such-resource")
    walk.check("an unknown path: 404", answer.status == 404, answer.status)
    if walk.connection.ca:
        status = walk.connection.without_certificate()
        walk.check(
            "without certificate: nothing is served", status is None or status in (401, 403), status
        )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("url")
    for file in ("ca", "cert", "key"):
        parser.add_argument(f"--{file}", metavar="PEM")
    parser.add_argument("--seed", type=int, default=7285)
    options = parser.parse_args()
    walk = Walk(Connection(options.url, options.ca, options.cert, options.key), options.seed)
    walk.part("directory", walk_directory)
    for name in {**walk.of("networkmap"), **walk.of("costmap")}:
        walk.part(name, walk_map, name)
    for name in walk.of("networkmap"):
        walk.part(name, walk_network_map, name)
    for name in walk.of("costmap"):
        walk.part(name, walk_cost_map, name)
    walk.part("orders", walk_orders)
    for kind, accepts, use in queries.SERVICES:
        for name in walk.of(kind, accepts):
            walk.part(name, use, name)
    walk.part("elsewhere", walk_elsewhere)
    print(f"{walk.passed} passed, {walk.failed} failed")
    sys.exit(1 if walk.failed or not walk.passed else 0)


if __name__ == "__main__":
    main()
