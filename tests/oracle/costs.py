"""An oracle: recomputes with networkx, from the operator's files, the maps of a running server.

    costs.py URL --nodelink F --prefixes F --neighbours F [--weight distance] [--peer 0] …

URL is the directory. Compares every prefix, every pair of PIDs of both metrics, numerical and
ordinal, and (with --check, the output of `unis check --format json`) the kind of every PID. Exit
code 1 on any difference.
"""

import argparse
import ipaddress
import json
import ssl
import sys
import urllib.request
from decimal import Decimal

import model
from readers import READERS, Inputs

SHOWN = 20  # differences


class Comparison:
    """Counts what was compared and shows the first differences."""

    def __init__(self):
        self.compared = {}
        self.differences = 0

    def same(self, what, where, expected, found):
        self.compared[what] = self.compared.get(what, 0) + 1
        if expected != found:
            self.differences += 1
            if self.differences <= SHOWN:
                print(f"{what} {where}: expected {expected}, found {found}")


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("url")
    for name in READERS:
        parser.add_argument(f"--{name}", action="append", default=[], metavar="FILE")
    parser.add_argument(
        "--weight", choices=["igp", "distance", "delay", "inverse-capacity", "hops"]
    )
    for relation, factor in zip(model.RELATIONS, (0.0, 1.0, 2.0)):
        parser.add_argument(f"--{relation}", type=float, default=factor, help="penalty factor")
    parser.add_argument("--default-capacity-mbps", type=float)
    parser.add_argument("--default-pid-cost", type=Decimal)
    parser.add_argument("--check", metavar="FILE")
    for file in ("ca", "cert", "key"):
        parser.add_argument(f"--{file}", metavar="PEM")
    return parser.parse_args()


def fetcher(options):
    """GET of a URL as JSON, numbers exact."""
    context = None
    if options.ca:
        context = ssl.create_default_context(cafile=options.ca)
        if options.cert:
            context.load_cert_chain(options.cert, options.key)

    def fetch(url):
        with urllib.request.urlopen(url, context=context, timeout=60) as answer:
            return json.loads(answer.read(), parse_float=Decimal, parse_int=Decimal)

    return fetch


def maps_of(directory, fetch):
    """The default network map and its cost maps by (metric, mode)."""
    default = directory["meta"]["default-alto-network-map"]
    types = directory["meta"]["cost-types"]
    resources = directory["resources"]
    costs = {}
    for entry in resources.values():
        if entry["media-type"] == "application/alto-costmap+json" and "accepts" not in entry:
            if entry["uses"] == [default]:
                (name,) = entry["capabilities"]["cost-type-names"]
                costs[types[name]["cost-metric"], types[name]["cost-mode"]] = fetch(entry["uri"])
    return fetch(resources[default]["uri"]), costs


def compare_prefixes(network, expected, result):
    found = {}
    for pid, families in network["network-map"].items():
        result.same("PIDs", pid, True, pid in expected)
        for prefixes in families.values():
            for prefix in prefixes:
                found[ipaddress.ip_network(prefix)] = pid
    where = {prefix: pid for pid, prefixes in expected.items() for prefix in prefixes}
    for pid in expected:
        result.same("PIDs", pid, True, pid in network["network-map"])
    for prefix in where.keys() | found.keys():
        result.same("prefixes", prefix, where.get(prefix), found.get(prefix))


def compare_costs(metric, numerical, ordinal, expected, result):
    """All pairs; the ordinal map orders them as the numerical one does (RFC 7285 section 6.2)."""
    found = {(a, b): cost for a, row in numerical["cost-map"].items() for b, cost in row.items()}
    ranks = {(a, b): rank for a, row in ordinal["cost-map"].items() for b, rank in row.items()}
    for pair in expected.keys() | found.keys():
        result.same(f"{metric} pairs", pair, expected.get(pair), found.get(pair))
    for pair in found.keys() | ranks.keys():
        result.same(f"{metric} ranked pairs", pair, pair in found, pair in ranks)
    order = sorted(found, key=found.get)
    for near, far in zip(order, order[1:]):
        if near in ranks and far in ranks:
            expected_order = found[near] < found[far]
            result.same(
                f"{metric} neighbours in rank",
                (near, far),
                expected_order,
                ranks[near] < ranks[far],
            )
    whole = all(rank == int(rank) and rank >= 0 for rank in ranks.values())
    result.same(f"{metric} ranks", "are non-negative integers", True, whole)


def compare_check(path, inputs, names, placed, result):
    with open(path, encoding="utf-8") as file:
        report = {entry["pid"]: entry for entry in json.load(file)["pids"]}
    expected = {
        names[key]: {
            "pid": names[key],
            "node": key,
            "kind": node.kind,
            "prefixes": len(placed[key]),
        }
        for key, node in inputs.nodes.items()
    }
    expected["default"] = {"pid": "default", "node": None, "kind": "default", "prefixes": 2}
    for pid in expected.keys() | report.keys():
        result.same("kinds", pid, expected.get(pid), report.get(pid))


def main():
    options = arguments()
    inputs = Inputs()
    for name, read in READERS.items():
        for path in getattr(options, name):
            read(path, inputs)
    dangling = model.add_neighbours(inputs)
    weight = model.choose_weight(inputs, options.weight)
    factors = {relation: getattr(options, relation) for relation in model.RELATIONS}
    names = model.pid_names(list(inputs.nodes))
    placed = model.placement(inputs)

    fetch = fetcher(options)
    network, costs = maps_of(fetch(options.url), fetch)
    result = Comparison()
    expected = {names[key]: prefixes for key, prefixes in placed.items()}
    expected["default"] = {ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")}
    compare_prefixes(network, expected, result)
    metrics = {
        "routingcost": model.routingcost(inputs, weight, factors, options.default_capacity_mbps),
        "hopcount": model.hopcount(inputs),
    }
    for metric, paths in metrics.items():
        wanted = {(names[a], names[b]): Decimal(cost) / 1000 for (a, b), cost in paths.items()}
        if options.default_pid_cost is not None:
            for pid in expected:
                wanted[pid, "default"] = wanted["default", pid] = options.default_pid_cost
        numerical, ordinal = costs[metric, "numerical"], costs[metric, "ordinal"]
        compare_costs(metric, numerical, ordinal, wanted, result)
    if options.check:
        compare_check(options.check, inputs, names, placed, result)
    if len(placed) < 2:
        sys.exit("nothing to compare: the files have fewer than two nodes")
    print(f"weight {weight}, {dangling} dangling rows")
    for what, count in result.compared.items():
        print(f"{what}: {count} compared")
    print(f"{result.differences} differences")
    sys.exit(1 if result.differences else 0)


if __name__ == "__main__":
    main()
