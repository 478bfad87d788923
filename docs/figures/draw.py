#!/usr/bin/env python3
"""Draws all_pairs.svg, rank.svg and ecs.svg, and lists.svg, both axes logarithmic, beside this file.

    cargo bench -p topology --bench all_pairs
    unis bench --format json > figures.json
    p2psp bench --only list --format json > lists.json
    docs/figures/draw.py target/criterion figures.json lists.json     # any alone draws its own
"""
import json
import math
import pathlib
import re
import sys

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 560, 340, 76, 48, 40, 96
COLOURS = ("#0b6e4f", "#b3541e")


def decades(values):
    return math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))


def svg(title, x_name, y_name, series):
    """`series`: name and points, x ascending."""
    (x0, x1), (y0, y1) = (decades([p[axis] for _, ps in series for p in ps]) for axis in (0, 1))
    x = lambda v: LEFT + (math.log10(v) - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT)
    y = lambda v: HEIGHT - BOTTOM - (math.log10(v) - y0) / (y1 - y0) * (HEIGHT - BOTTOM - TOP)
    text = lambda at_x, at_y, words, more="": (
        f'<text x="{at_x:.0f}" y="{at_y:.0f}" {more}>{words}</text>')
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           'font-family="sans-serif" font-size="12" fill="#222">',
           '<rect width="100%" height="100%" fill="#fff"/>',
           text(LEFT, 22, title, 'font-size="14" font-weight="bold"'),
           text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x_name, 'text-anchor="middle"'),
           text(-HEIGHT / 2, 16, y_name, 'text-anchor="middle" transform="rotate(-90)"')]
    for power in range(x0, x1 + 1):
        at = x(10 ** power)
        out += [f'<path d="M{at:.0f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>',
                text(at, HEIGHT - BOTTOM + 16, f"{10 ** power:,}", 'text-anchor="middle"')]
    for power in range(y0, y1 + 1):
        at = y(10 ** power)
        out += [f'<path d="M{LEFT} {at:.0f}H{WIDTH - RIGHT}" stroke="#ddd"/>',
                text(LEFT - 6, at + 4, f"{10 ** power:,}", 'text-anchor="end"')]
    for (name, points), colour in zip(series, COLOURS):
        path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in points)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="3" fill="{colour}"/>' for a, b in points]
        a, b = points[-1]
        out.append(text(x(a) + 8, y(b) + 4, name, f'fill="{colour}"'))
    return "\n".join(out + ["</svg>"]) + "\n"


HERE = pathlib.Path(__file__).parent


def all_pairs(criterion):
    times = lambda way: sorted(
        (int(size.name), json.loads((size / "new/estimates.json").read_text())["median"]["point_estimate"] / 1e6)
        for size in pathlib.Path(criterion, "all pairs", way).iterdir() if size.name.isdigit())
    (HERE / "all_pairs.svg").write_text(svg(
        "Costs of all pairs, one thread", "nodes", "milliseconds",
        [("topology", times("search")), ("petgraph", times("petgraph"))]))


def requests(figures):
    """Of `unis bench`: the rows of one kind differ in how many candidates a request has."""
    rows = json.loads(pathlib.Path(figures).read_text())["rows"]
    for file, kind, title, ours in [
            ("rank.svg", r"rank (\d+) candidates", "Ranking, 30 % IPv6", "snapshot"),
            ("ecs.svg", r"ECS 1 x (\d+), .*", "Endpoint costs, body to answer, IPv4", "unis")]:
        matches = [(re.fullmatch(kind, row["name"]), row) for row in rows]
        points = lambda key: sorted((int(m[1]), row[key]) for m, row in matches if m)
        (HERE / file).write_text(svg(
            title, "candidates", "nanoseconds per candidate",
            [(ours, points("ns")), ("plain way", points("plain-ns"))]))


def lists(rows):
    """Of `p2psp bench`: the rows of lists differ in how many peers the overlay has."""
    matches = [(re.fullmatch(r"list of \d+, (\d+) peers, in memory", row["name"]), row) for row in rows]
    points = lambda key: sorted((int(m[1]), row[key]) for m, row in matches if m)
    (HERE / "lists.svg").write_text(svg(
        "A refresh and its ranked list of 50, in memory, one core", "peers of the overlay",
        "microseconds", [("p99", points("p99-us")), ("median", points("median-us"))]))


def figures(path):
    rows = json.loads(pathlib.Path(path).read_text())["rows"]
    lists(rows) if any("median-us" in row for row in rows) else requests(path)


if __name__ == "__main__":
    for path in sys.argv[1:]:
        figures(path) if path.endswith(".json") else all_pairs(path)
