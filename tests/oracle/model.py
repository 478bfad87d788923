"""What follows from the files: neighbours, placement, PID names, and the costs by networkx."""

import ipaddress
import math
import re
from decimal import ROUND_HALF_UP, Decimal

import networkx
from blake3 import blake3

from readers import Link, Node

EARTH_KM = 6371.0088
REFERENCE_MBPS = 100_000.0
RELATIONS = ("customer", "peer", "transit")


def add_neighbours(inputs):
    """Adds the nodes `as<AS>`, gives external nodes their relations; how many rows dangle."""
    dangling = 0
    of_graph = set(inputs.nodes)
    for number, relation, pop, external in sorted(inputs.neighbours, key=lambda row: row[3] != ""):
        key = external or f"as{number}"
        missing = pop not in of_graph if not external else external not in inputs.nodes
        if missing or (pop and pop not in inputs.nodes):
            dangling += 1
            continue
        if key == pop and not external:
            continue
        node = inputs.nodes.setdefault(key, Node(key))
        node.neighbour = True
        node.relations.append(relation)
        if not external:
            inputs.links.append(Link(pop, key))
    for node in inputs.nodes.values():
        node.neighbour |= re.fullmatch(r"as[0-9]+", node.key) is not None
    return dangling


def is_attachment(link):
    return any(re.fullmatch(r"as[0-9]+", key) for key in (link.source, link.target))


def pid_names(keys):
    """Key -> PID name (RFC 7285 section 10.1)."""
    plain = {key: re.sub(r"[^0-9A-Za-z:@_-]", "_", key) for key in keys}
    names = list(plain.values())

    def unique(key):
        name = plain[key]
        return len(name) <= 64 and name != "default" and names.count(name) == 1

    def hashed(key):
        return f"{plain[key][:55]}-{blake3(key.encode()).hexdigest()[:8]}"

    return {key: plain[key] if unique(key) else hashed(key) for key in keys}


def thousandths(value):
    return int((Decimal(repr(float(value))) * 1000).quantize(Decimal(1), ROUND_HALF_UP))


def great_circle_km(a, b):
    if None in (a.latitude, a.longitude, b.latitude, b.longitude):
        return 0.0
    phi, psi = math.radians(a.latitude), math.radians(b.latitude)
    across = math.radians(b.longitude - a.longitude)
    chord = (
        math.sin((psi - phi) / 2) ** 2 + math.cos(phi) * math.cos(psi) * math.sin(across / 2) ** 2
    )
    return 2 * EARTH_KM * math.asin(math.sqrt(chord))


def choose_weight(inputs, asked):
    if asked:
        return asked
    if any(link.igp is not None for link in inputs.links):
        return "igp"
    located = any(node.latitude is not None for node in inputs.nodes.values())
    return "distance" if located else "hops"


def arcs(inputs, weight, default_capacity):
    """(source, target) -> cost of the cheapest link between them, in thousandths."""
    cheapest, capacity = {}, {}
    for link in inputs.links:
        pairs = [(link.source, link.target)] + (
            [] if link.directed else [(link.target, link.source)]
        )
        if weight == "inverse-capacity" and not is_attachment(link):
            for pair in pairs:
                capacity[pair] = capacity.get(pair, 0) + (link.capacity_mbps or default_capacity)
            continue
        cost = link_cost(inputs, link, weight)
        for pair in pairs:
            cheapest[pair] = min(cost, cheapest.get(pair, cost))
    for pair, mbps in capacity.items():
        cheapest[pair] = thousandths(REFERENCE_MBPS / mbps)
    return cheapest


def link_cost(inputs, link, weight):
    if weight == "count":
        return 1000
    if is_attachment(link):
        return 0
    if weight == "hops":
        return 1000
    if weight == "igp":
        return thousandths(1 if link.igp is None else link.igp)
    if weight == "delay":
        return thousandths(link.delay_us)
    return thousandths(great_circle_km(inputs.nodes[link.source], inputs.nodes[link.target]))


def shortest(inputs, costs):
    """(from, to) -> thousandths of reachable pairs; an end is left only where a path begins."""
    graph = networkx.DiGraph()
    graph.add_nodes_from(("from", key) for key in inputs.nodes)
    for (source, target), cost in costs.items():
        if source == target:
            continue
        departures = [("from", source)] + ([] if inputs.nodes[source].end else [("to", source)])
        for departure in departures:
            graph.add_edge(departure, ("to", target), weight=cost)
    found = {}
    for key in inputs.nodes:
        lengths = networkx.single_source_dijkstra_path_length(graph, ("from", key))
        found |= {(key, node): cost for (side, node), cost in lengths.items() if side == "to"}
        found[key, key] = 0
    return found


def routingcost(inputs, weight, factors, default_capacity):
    """Shortest paths of the weight, with the penalties of neighbours."""
    paths = shortest(inputs, arcs(inputs, weight, default_capacity))
    inner = [cost for pair, cost in paths.items() if not any(inputs.nodes[key].end for key in pair)]
    unit = 1
    while unit * 1000 <= max(inner, default=0):
        unit *= 2

    def penalty(key):
        node = inputs.nodes[key]
        relations = node.relations or (["peer"] if node.end else [])
        return max((thousandths(factors[relation] * unit) for relation in relations), default=0)

    penalties = {key: penalty(key) for key in inputs.nodes}
    add = lambda a, b: 0 if a == b else max(penalties[a], penalties[b])
    return {(a, b): cost + add(a, b) for (a, b), cost in paths.items()}


def hopcount(inputs):
    return shortest(inputs, arcs(inputs, "count", None))


def placement(inputs):
    """Key -> set of prefixes, host bits cut off."""
    placed = {key: set() for key in inputs.nodes}
    for prefix, key in inputs.prefixes:
        placed[key].add(ipaddress.ip_network(prefix, strict=False))
    return placed
