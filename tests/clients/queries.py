"""Services that take a POST: filtered maps, endpoint properties and costs (RFC 7285 11.3-11.5)."""

import ipaddress
import json

import messages
from faults import (
    ask_badly,
    bad_endpoint_costs,
    bad_endpoint_properties,
    bad_filtered_costs,
    bad_filtered_networks,
)

ENDPOINTS = 40


def is_type(given, declared):
    return all(given[name] == declared[name] for name in ("cost-metric", "cost-mode"))


def pairs_of(cost_map):
    return {(a, b): cost for a, row in cost_map.items() for b, cost in row.items()}


def same_order(numerical, ordinal):
    """Both have the same pairs, and one comes before another in both or in neither."""
    if numerical.keys() != ordinal.keys():
        return False
    order = sorted(numerical, key=numerical.get)
    return all(
        (numerical[near] < numerical[far]) == (ordinal[near] < ordinal[far])
        and ordinal[near] <= ordinal[far]
        for near, far in zip(order, order[1:])
    )


def outermost(prefixes):
    """Those that lie in no other."""
    found = []
    for prefix in sorted(prefixes):
        if not found or not prefix.subnet_of(found[-1]):
            found.append(prefix)
    return found


class Table:
    """Longest-prefix match by trying every length (section 11.2.2)."""

    def __init__(self, network_map):
        self.pids = messages.network_map_data(network_map)
        self.lengths = {
            version: sorted({p.prefixlen for p in self.pids if p.version == version}, reverse=True)
            for version in (4, 6)
        }

    def pid(self, address):
        if address.version == 6 and address.ipv4_mapped:
            address = address.ipv4_mapped
        for length in self.lengths[address.version]:
            found = self.pids.get(ipaddress.ip_network((address, length), strict=False))
            if found is not None:
                return found
        return None


def typed(address):
    return f"ipv{address.version}:{address}"


def draw_addresses(walk, table):
    """Random addresses: half of them inside random prefixes, or at their edges, half anywhere."""
    draw, prefixes = walk.random, sorted(table.pids, key=str)
    found = []
    for _ in range(ENDPOINTS // 4):
        prefix = draw.choice(prefixes)
        found += [
            prefix[draw.randrange(prefix.num_addresses)],
            draw.choice([prefix[0], prefix[-1]]),
        ]
        found += [
            ipaddress.IPv4Address(draw.getrandbits(32)),
            ipaddress.IPv6Address(draw.getrandbits(128)),
        ]
    # `::ffff:a.b.c.d` is asked for on purpose elsewhere.
    return [
        address
        for address in dict.fromkeys(found)
        if address.version == 4 or not address.ipv4_mapped
    ]


def ask(walk, what, name, body, headers=None):
    entry = walk.entries[name]
    given = {"Content-Type": entry["accepts"]} | (headers or {})
    return walk.fetch(
        f"{name}: {what}", "POST", entry["uri"], entry["media-type"], given, json.dumps(body)
    )[0]


def filtered_network_map(walk, name):
    whole = walk.maps[walk.entries[name]["uses"][0]]
    pids = list(whole["network-map"])
    some = walk.random.sample(pids, min(3, len(pids)))

    def expect(what, body, expected):
        answer = ask(walk, what, name, body)
        walk.check(
            f"{name}: {what}: the tag of the whole map",
            answer["meta"] == whole["meta"],
            answer["meta"],
        )
        given = {
            pid: {family: set(group) for family, group in groups.items() if group}
            for pid, groups in answer["network-map"].items()
        }
        walk.check(f"{name}: {what}: as filtered here", given == expected, given)

    def filtered(pids, families=("ipv4", "ipv6")):
        groups = whole["network-map"]
        return {
            pid: {f: set(groups[pid][f]) for f in families if groups[pid].get(f)} for pid in pids
        }

    expect("no PIDs named", {"pids": []}, filtered(pids))
    expect("some PIDs", {"pids": some}, filtered(some))
    expect("PIDs twice and unknown ones", {"pids": some + some + ["no-such-pid"]}, filtered(some))
    expect("unknown PIDs only", {"pids": ["no-such-pid"]}, {})
    expect("one family", {"pids": [], "address-types": ["ipv6", "ipv6"]}, filtered(pids, ["ipv6"]))
    expect("no family named", {"pids": some, "address-types": []}, filtered(some))
    expect("unknown members", {"pids": some, "x": {"pids": []}, "PIDS": []}, filtered(some))
    ask_badly(walk, name, {"pids": some}, bad_filtered_networks())


def numbers(costs):
    """Values for constraints: around the middle of what there is."""
    middle = sorted(costs.values())[len(costs) // 2] if costs else 1
    return {
        f"le {middle}": lambda cost: cost <= middle,
        f"ge {middle}": lambda cost: cost >= middle,
        f"lt {middle}": lambda cost: cost < middle,
        f"gt {middle}": lambda cost: cost > middle,
        f"eq  {middle}": lambda cost: cost == middle,
        "ge\t1e0": lambda cost: cost >= 1,
    }


def filtered_cost_map(walk, name):
    entry = walk.entries[name]
    network = walk.maps[entry["uses"][0]]
    pids = list(network["network-map"])
    srcs, dsts = (walk.random.sample(pids, min(4, len(pids))) for _ in range(2))
    whole_maps = {
        walk.entries[other]["capabilities"]["cost-type-names"][0]: pairs_of(
            walk.maps[other]["cost-map"]
        )
        for other in walk.of("costmap")
        if walk.entries[other]["uses"] == entry["uses"]
    }
    for type_name in entry["capabilities"]["cost-type-names"]:
        wanted, whole = walk.cost_types[type_name], whole_maps[type_name]

        def expect(what, pids, constraints, keep, description=None):
            asked = {name: wanted[name] for name in ("cost-metric", "cost-mode")} | (
                description or {}
            )
            body = {"cost-type": asked} | ({} if pids is None else {"pids": pids})
            answer = ask(
                walk,
                f"{type_name} {what}",
                name,
                body | ({"constraints": constraints} if constraints else {}),
            )
            same = answer["meta"]["dependent-vtags"] == [network["meta"]["vtag"]] and is_type(
                answer["meta"]["cost-type"], wanted
            )
            walk.check(f"{name}: {type_name} {what}: meta", same, answer["meta"])
            given, expected = pairs_of(answer["cost-map"]), {
                pair: cost for pair, cost in whole.items() if keep(pair, cost)
            }
            order = wanted["cost-mode"] == "ordinal" and not constraints
            alike = same_order(expected, given) if order else given == expected
            walk.check(
                f"{name}: {type_name} {what}: as filtered here", alike, (len(given), len(expected))
            )

        expect("without filter", None, None, lambda pair, cost: True)
        expect("empty lists", {"srcs": [], "dsts": []}, None, lambda pair, cost: True)
        inside = lambda pair, cost: pair[0] in srcs and pair[1] in dsts
        expect("some", {"srcs": srcs, "dsts": dsts}, None, inside, {"description": "of no matter"})
        expect(
            "twice and unknown", {"srcs": srcs * 2 + ["no-such"], "dsts": dsts + dsts}, None, inside
        )
        expect("one side", {"srcs": srcs, "dsts": []}, None, lambda pair, cost: pair[0] in srcs)
        expect("unknown only", {"srcs": ["no-such"], "dsts": []}, None, lambda pair, cost: False)
        if entry["capabilities"].get("cost-constraints"):
            for text, holds in numbers(whole).items():
                expect(text, None, [text], lambda pair, cost: holds(cost))
            both = list(numbers(whole).items())[:2]
            expect(
                "two constraints",
                None,
                [text for text, _ in both],
                lambda pair, cost: all(h(cost) for _, h in both),
            )
    first = walk.cost_types[entry["capabilities"]["cost-type-names"][0]]
    ask_badly(walk, name, {"cost-type": first}, bad_filtered_costs(first))


def endpoint_property(walk, name):
    entry = walk.entries[name]
    offered = entry["capabilities"]["prop-types"]
    tables = {
        f"{of}.pid": (Table(walk.maps[of]["network-map"]), walk.maps[of]["meta"]["vtag"])
        for of in walk.of("networkmap")
    }
    for asked in [[name] for name in offered] + [offered * 2]:
        table = tables[asked[0]][0]
        addresses = draw_addresses(walk, table)
        texts = [typed(address) for address in addresses]
        answer = ask(walk, f"{asked}", name, {"properties": asked, "endpoints": texts})
        given = answer["endpoint-properties"]
        walk.check(
            f"{name}: {asked}: one member for each endpoint", list(given) == texts, list(given)[:3]
        )
        wrong = [
            (text, of, given[text].get(of), tables[of][0].pid(address))
            for text, address in zip(texts, addresses)
            for of in asked
            if given[text].get(of) != tables[of][0].pid(address)
        ]
        walk.check(f"{name}: {asked}: by longest-prefix match here", not wrong, wrong)
        tags = sorted(tag["resource-id"] for tag in answer["meta"]["dependent-vtags"])
        expected = sorted({tables[of][1]["resource-id"] for of in asked})
        walk.check(f"{name}: {asked}: depends on the maps asked for", tags == expected, tags)
    alike = [
        "ipv6:2001:DB8:0::1",
        "ipv4:192.0.2.34",
        "ipv6:2001:db8::1",
        "ipv6:::ffff:192.0.2.34",
        "ipv4:192.0.2.34",
    ]
    answer = ask(
        walk, "one endpoint in several texts", name, {"properties": offered[:1], "endpoints": alike}
    )
    given = answer["endpoint-properties"]
    walk.check(f"{name}: the first text is kept", list(given) == alike[:2], list(given))
    body = {"properties": offered[:1], "endpoints": ["ipv4:192.0.2.34"]}
    ask_badly(walk, name, body, bad_endpoint_properties(offered[0]))


def network_of(walk, name):
    """The network map whose id has the same name in front; the only one, where there is one."""
    front = name.rpartition(":")[0]
    return next(of for of in walk.of("networkmap") if of.rpartition(":")[0] == front)


def endpoint_cost(walk, name):
    entry, network = walk.entries[name], network_of(walk, name)
    table = Table(walk.maps[network]["network-map"])
    maps = {}
    for other in walk.of("costmap"):
        if walk.entries[other]["uses"] == [network]:
            maps[walk.entries[other]["capabilities"]["cost-type-names"][0]] = walk.maps[other][
                "cost-map"
            ]
    for type_name in entry["capabilities"]["cost-type-names"]:
        wanted, costs = walk.cost_types[type_name], maps[type_name]
        addresses = draw_addresses(walk, table)
        srcs, dsts = addresses[::3], addresses[1:]

        def expect(what, endpoints, srcs, dsts, constraints=None, holds=lambda cost: True):
            body = {"cost-type": wanted, "endpoints": endpoints}
            answer = ask(
                walk,
                f"{type_name} {what}",
                name,
                body | ({"constraints": constraints} if constraints else {}),
            )
            given = pairs_of(answer["endpoint-cost-map"])
            expected = {}
            for a in srcs:
                for b in dsts:
                    cost = costs.get(table.pid(a), {}).get(table.pid(b))
                    if cost is not None and holds(cost):
                        expected[typed(a), typed(b)] = cost
            order = wanted["cost-mode"] == "ordinal" and not constraints
            alike = same_order(expected, given) if order else given == expected
            walk.check(
                f"{name}: {type_name} {what}: as the cost map", alike, (len(given), len(expected))
            )

        both = {"srcs": [typed(a) for a in srcs], "dsts": [typed(b) for b in dsts]}
        expect("n x m", both, srcs, dsts)
        expect("twice", {side: texts * 2 for side, texts in both.items()}, srcs, dsts)
        own = [ipaddress.ip_address("127.0.0.1")]
        expect("from the client", {"dsts": both["dsts"]}, own, dsts)
        expect("to the client", {"srcs": both["srcs"], "dsts": []}, srcs, own)
        if entry["capabilities"].get("cost-constraints"):
            text, holds = next(iter(numbers(pairs_of(costs)).items()))
            expect(text, both, srcs, dsts, [text], holds)
    first = walk.cost_types[entry["capabilities"]["cost-type-names"][0]]
    good = {
        "cost-type": first,
        "endpoints": {"srcs": ["ipv4:192.0.2.1"], "dsts": ["ipv6:2001:db8::1"]},
    }
    ask_badly(walk, name, good, bad_endpoint_costs(first))
    many = [f"ipv4:10.0.{n // 256}.{n % 256}" for n in range(400)]
    body = json.dumps({"cost-type": first, "endpoints": {"srcs": many, "dsts": many}})
    answer = walk.connection.request("POST", entry["uri"], {"Content-Type": entry["accepts"]}, body)
    walk.check(f"{name}: 160,000 pairs: 413", answer.status == 413, answer.status)


SERVICES = [
    ("networkmap", "networkmapfilter", filtered_network_map),
    ("costmap", "costmapfilter", filtered_cost_map),
    ("endpointprop", "endpointpropparams", endpoint_property),
    ("endpointcost", "endpointcostparams", endpoint_cost),
]
