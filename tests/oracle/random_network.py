"""A random network full of odd cases, for the oracle.

    random_network.py SEED FOLDER

writes graph.json (node-link), neighbours.csv and prefixes.csv there. Labels repeat, are empty,
long, or collide once they are PID names; links are parallel, one-way or missing; nodes are ends;
rows of neighbours dangle.
"""

import csv
import ipaddress
import json
import random
import sys
from pathlib import Path

import model
from readers import Inputs, read_neighbours, read_nodelink

LABELS = [
    "Rom",
    "Rom ",
    "Zürich",
    "a b",
    "a_b",
    "a.b",
    "default",
    "as64500",
    "x" * 70,
    "x" * 63 + "é",
    "",
    None,
]
LABELS += ["東京", "ü" * 65, "A", "B", "C", "a#1", "-", "@:"]
AS_NUMBERS = [64500, 64501, 64502]


def node(at, draw):
    record = {"id": draw.choice([at, f"{at}n"])}
    label = draw.choice(LABELS + [f"n{at}"] * 10)
    if label is not None:
        record[draw.choice(["label", "name"])] = label
    latitude, longitude = draw.uniform(-90, 90), draw.uniform(-180, 180)
    if draw.random() < 0.45:
        record["pos"] = [longitude, latitude]
    elif draw.random() < 0.8:
        record[draw.choice(["Latitude", "latitude", "LATITUDE"])] = latitude
        record["Longitude"] = longitude
    if draw.random() < 0.2:
        record |= draw.choice([{"Internal": 0}, {"Internal": "0"}, {"external": True}])
    return record


def link(nodes, draw):
    source, target = draw.sample(nodes, 2)
    record = {"source": source["id"], "target": target["id"]}
    if draw.random() < 0.8:
        metric = draw.choice([draw.randint(0, 20), round(draw.uniform(0, 5), 5)])
        record[draw.choice(["weight", "metric"])] = metric
    record["delay"] = draw.choice([draw.randint(0, 3000), draw.uniform(0, 99)])
    record["capacity"] = draw.choice([100, 1000, 10000, draw.uniform(1, 1e5)])
    return record


def write_graph(path, draw):
    nodes = [node(at, draw) for at in range(draw.randint(2, 30))]
    links = [link(nodes, draw) for _ in range(int(len(nodes) * draw.uniform(0.5, 3)))]
    document = {
        "directed": draw.random() < 0.3,
        "multigraph": True,
        "graph": {},
        "nodes": nodes,
        "links": links,
    }
    path.write_text(json.dumps(document), encoding="utf-8")


def write_rows(path, header, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])


def neighbour(keys, draw):
    number = draw.choice(AS_NUMBERS)
    relation = draw.choice(["peer", "transit", "customer"])
    external = draw.choice(["", "", draw.choice(keys), "ghost"])
    return [number, f"AS {number}, Inc.", relation, draw.choice([*keys, "nowhere"]), external]


def prefix(draw):
    bits = draw.choice([32, 128])
    return str(ipaddress.ip_network((draw.getrandbits(bits), draw.randint(1, bits)), strict=False))


def main():
    draw, folder = random.Random(int(sys.argv[1])), Path(sys.argv[2])
    graph, neighbours, prefixes = (
        folder / name for name in ("graph.json", "neighbours.csv", "prefixes.csv")
    )
    inputs = Inputs()
    write_graph(graph, draw)
    read_nodelink(graph, inputs)
    keys = list(inputs.nodes)
    rows = [neighbour(keys, draw) for _ in range(draw.randint(0, 8))]
    write_rows(neighbours, "as,name,relation,pop,external_node", rows)
    read_neighbours(neighbours, inputs)
    model.add_neighbours(inputs)
    drawn = {prefix(draw) for _ in range(draw.randint(0, 60))}
    write_rows(
        prefixes, "pop,prefix", [[draw.choice(list(inputs.nodes)), text] for text in sorted(drawn)]
    )


if __name__ == "__main__":
    main()
