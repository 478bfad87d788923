"""The operator's files, read with Python's and networkx's own readers: nodes, links, rows."""

import csv
import json
import re
import tomllib
from dataclasses import dataclass, field

import networkx


@dataclass
class Node:
    """A node of the graph under its key."""

    key: str
    latitude: float | None = None
    longitude: float | None = None
    external: bool = False  # marked so by the graph
    neighbour: bool = False  # named as one by a row or by its key
    relations: list = field(default_factory=list)

    @property
    def end(self):
        """No path runs through it."""
        return self.external or self.neighbour

    @property
    def kind(self):
        if re.fullmatch(r"as[0-9]+", self.key):
            return "neighbour"
        if self.external:
            return "external"
        return "neighbour" if self.neighbour else "internal"


@dataclass
class Link:
    """A link between two keys; what the file does not say is None."""

    source: str
    target: str
    igp: float | None = None
    delay_us: float | None = None
    capacity_mbps: float | None = None
    directed: bool = False


@dataclass
class Inputs:
    """All files of one network."""

    nodes: dict = field(default_factory=dict)
    links: list = field(default_factory=list)
    neighbours: list = field(default_factory=list)  # (as, relation, pop, external node or "")
    prefixes: list = field(default_factory=list)  # (prefix, key)


def keys_of(labels):
    """Labels by id -> keys by id: a label that two share, or an empty one, gets `#id`."""
    labels = {at: str(label or "").strip() for at, label in labels.items()}
    count = {}
    for label in labels.values():
        count[label] = count.get(label, 0) + 1
    return {
        at: label if label and count[label] == 1 else f"{label}#{at}"
        for at, label in labels.items()
    }


def number(value):
    return None if value in (None, "") else float(value)


def is_external(record):
    internal = record.get("Internal")
    said = internal is not None and str(internal).strip().lower() in ("0", "0.0", "false")
    return said or str(record.get("external", "")).strip().lower() in ("1", "true")


def read_graphml(path, inputs):
    graph = networkx.read_graphml(path, force_multigraph=True)
    keys = keys_of({at: record.get("label") for at, record in graph.nodes(data=True)})
    for at, record in graph.nodes(data=True):
        inputs.nodes[keys[at]] = Node(
            keys[at],
            number(record.get("Latitude")),
            number(record.get("Longitude")),
            is_external(record),
        )
    for source, target, record in graph.edges(data=True):
        speed = number(record.get("LinkSpeedRaw"))
        inputs.links.append(
            Link(
                keys[source],
                keys[target],
                number(
                    next(
                        (record[name] for name in ("weight", "metric", "igp") if name in record),
                        None,
                    )
                ),
                number(record.get("delay")),
                number(record.get("capacity")) if speed is None else speed / 1e6,
                graph.is_directed(),
            )
        )
    without_metrics_both_ways(inputs)


def without_metrics_both_ways(inputs):
    """Links have directions only where the file gives a metric, which may differ by direction."""
    metrics = [(link.igp, link.delay_us, link.capacity_mbps) for link in inputs.links]
    if all(metric == (None, None, None) for metric in metrics):
        for link in inputs.links:
            link.directed = False


def read_nodelink(path, inputs):
    with open(path, encoding="utf-8-sig") as file:
        document = json.load(file)
    records = {record["id"]: record for record in document["nodes"]}
    keys = keys_of(
        {at: record.get("label") or record.get("name") for at, record in records.items()}
    )
    for at, record in records.items():
        lower = {name.lower(): value for name, value in record.items()}
        position = record.get("pos") or (None, None)
        inputs.nodes[keys[at]] = Node(
            keys[at],
            number(lower.get("latitude", position[1])),
            number(lower.get("longitude", position[0])),
            is_external(record),
        )
    for record in document.get("links", document.get("edges", [])):
        inputs.links.append(
            Link(
                keys[record["source"]],
                keys[record["target"]],
                number(record.get("weight", record.get("metric"))),
                number(record.get("delay")),
                number(record.get("capacity")),
                bool(document.get("directed")),
            )
        )
    without_metrics_both_ways(inputs)


def read_inventory(path, inputs):
    with open(path, "rb") as file:
        document = tomllib.load(file)
    for pop in document.get("pop", []):
        key = pop["name"].strip()
        inputs.nodes[key] = Node(key, pop.get("latitude"), pop.get("longitude"))
        inputs.prefixes += [(prefix, key) for prefix in pop.get("prefixes", [])]
    for link in document.get("link", []):
        metrics = (link.get("igp"), link.get("delay-us"), link.get("capacity-mbps"))
        inputs.links.append(Link(link["from"].strip(), link["to"].strip(), *map(number, metrics)))
    for row in document.get("neighbour", []):
        inputs.neighbours += [(row["as"], row["relation"], pop.strip(), "") for pop in row["at"]]
        inputs.prefixes += [(prefix, f"as{row['as']}") for prefix in row.get("prefixes", [])]


def rows(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            yield {name.strip(): (value or "").strip() for name, value in row.items() if name}


def read_prefixes(path, inputs):
    inputs.prefixes += [(row["prefix"], row["pop"]) for row in rows(path)]


def read_neighbours(path, inputs):
    for row in rows(path):
        relation = (int(row["as"]), row["relation"].lower(), row["pop"], row["external_node"])
        inputs.neighbours.append(relation)


READERS = {
    "graphml": read_graphml,
    "nodelink": read_nodelink,
    "inventory": read_inventory,
    "prefixes": read_prefixes,
    "neighbours": read_neighbours,
}
