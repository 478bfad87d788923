"""Requests to be refused, each with its code, field and value (RFC 7285 section 8.5.2)."""

import json

import messages
from connection import Malformed
from messages import TYPE

SYNTAX, MISSING, KIND, VALUE = (
    "E_SYNTAX",
    "E_MISSING_FIELD",
    "E_INVALID_FIELD_TYPE",
    "E_INVALID_FIELD_VALUE",
)

NO_JSON = [
    b"",
    b" ",
    b"{",
    b'{"pids": [',
    b"{'pids': []}",
    b'{"a": 1} x',
    b'{"a": 01}',
    b'{"a": "\xff"}',
    b'{"a": 1, "a": 1}',
    b"nul",
]
NO_ADDRESSES = [
    "ipv4:300.1.1.1",
    "ipv5:1",
    "1.2.3.4",
    "ipv4:1.2.3",
    "ipv4:01.2.3.4",
    "ipv6:1.2.3.4",
    "ipv4:::1",
]
NO_ADDRESSES += [
    "ipv6:2001:db8:::1",
    "ipv6:fe80::1%eth0",
    "ipv4:192.0.2.0/24",
    "ipv4: 192.0.2.1",
    "ipv4:",
    "",
    ":",
    "IPv4:192.0.2.1",
]


def bad_filtered_networks():
    return [
        ({}, MISSING, "pids", None),
        ({"Pids": []}, MISSING, "pids", None),
        ({"pids": "PID1"}, KIND, "pids", None),
        ({"pids": None}, KIND, "pids", None),
        ({"pids": [1]}, VALUE, "pids", "1"),
        ({"pids": ["a", True]}, VALUE, "pids", "true"),
        ({"pids": ["a.b"]}, VALUE, "pids", "a.b"),
        ({"pids": ["x" * 65]}, VALUE, "pids", "x" * 65),
        ({"pids": [], "address-types": "ipv4"}, KIND, "address-types", None),
        ({"pids": [], "address-types": [4]}, VALUE, "address-types", "4"),
    ]


def bad_cost_types(kind, rest):
    """Cost types that are wrong, with the other members of the request."""
    metric, mode = kind["cost-metric"], kind["cost-mode"]
    cases = [
        ({"cost-type": "routingcost"}, KIND, "cost-type", None),
        ({"cost-type": {"cost-mode": mode}}, MISSING, "cost-type/cost-metric", None),
        ({"cost-type": {"cost-metric": metric}}, MISSING, "cost-type/cost-mode", None),
        (
            {"cost-type": {"cost-metric": metric, "cost-mode": "foo"}},
            VALUE,
            "cost-type/cost-mode",
            "foo",
        ),
        ({"cost-type": {"cost-metric": metric, "cost-mode": 5}}, KIND, "cost-type/cost-mode", None),
        (
            {"cost-type": {"cost-metric": "priv:none", "cost-mode": mode}},
            VALUE,
            "cost-type/cost-metric",
            "priv:none",
        ),
        ({"cost-type": {"cost-metric": 5, "cost-mode": mode}}, KIND, "cost-type/cost-metric", None),
    ]
    return [(rest, MISSING, "cost-type", None)] + [
        ({**rest, **body}, *expected) for body, *expected in cases
    ]


def bad_constraints(kind, rest):
    texts = [
        "le",
        "le five",
        "le 5 6",
        "5",
        "lt5",
        "ne 5",
        "LE 5",
        "le NaN",
        "le 0x5",
        "",
        "le 5.",
        "le +5",
    ]
    cases = [([text], VALUE, "constraints", text) for text in texts]
    cases += [("le 5", KIND, "constraints", None), ([5], VALUE, "constraints", "5")]
    return [
        ({"cost-type": kind, **rest, "constraints": given}, *expected) for given, *expected in cases
    ]


def bad_filtered_costs(kind):
    cases = [
        ([], KIND, "pids", None),
        ({"srcs": []}, MISSING, "pids/dsts", None),
        ({"dsts": []}, MISSING, "pids/srcs", None),
        ({"srcs": "a", "dsts": []}, KIND, "pids/srcs", None),
        ({"srcs": [], "dsts": [1.5]}, VALUE, "pids/dsts", "1.5"),
    ]
    pids = [({"cost-type": kind, "pids": given}, *expected) for given, *expected in cases]
    return pids + bad_cost_types(kind, {}) + bad_constraints(kind, {})


def bad_endpoint_properties(name):
    good = ["ipv4:192.0.2.34"]
    cases = [
        ({}, MISSING, ("properties", "endpoints"), None),
        ({"properties": [name]}, MISSING, "endpoints", None),
        ({"endpoints": good}, MISSING, "properties", None),
        ({"properties": name, "endpoints": good}, KIND, "properties", None),
        ({"properties": [name], "endpoints": good[0]}, KIND, "endpoints", None),
        ({"properties": [], "endpoints": good}, VALUE, "properties", None),
        ({"properties": [name], "endpoints": []}, VALUE, "endpoints", None),
        ({"properties": ["pid"], "endpoints": good}, VALUE, "properties", "pid"),
        (
            {"properties": ["no-such-map.pid"], "endpoints": good},
            VALUE,
            "properties",
            "no-such-map.pid",
        ),
        ({"properties": [7], "endpoints": good}, VALUE, "properties", "7"),
        ({"properties": [name], "endpoints": [4]}, VALUE, "endpoints", "4"),
    ]
    addresses = [
        ({"properties": [name], "endpoints": good + [text]}, VALUE, "endpoints", text)
        for text in NO_ADDRESSES
    ]
    return cases + addresses


def bad_endpoint_costs(kind):
    good = ["ipv4:192.0.2.34"]
    cases = [
        (None, MISSING, "endpoints", None),
        ([], KIND, "endpoints", None),
        ({}, MISSING, None, None),
        ({"srcs": [], "dsts": []}, VALUE, None, None),
        ({"srcs": good[0], "dsts": good}, KIND, "endpoints/srcs", None),
        ({"srcs": good, "dsts": 5}, KIND, "endpoints/dsts", None),
        ({"srcs": good, "dsts": [5]}, VALUE, "endpoints/dsts", "5"),
    ]
    cases += [
        ({"srcs": good + [text], "dsts": good}, VALUE, "endpoints/srcs", text)
        for text in NO_ADDRESSES
    ]
    asked = [
        ({"cost-type": kind} | ({} if given is None else {"endpoints": given}), *rest)
        for given, *rest in cases
    ]
    endpoints = {"endpoints": {"srcs": good, "dsts": good}}
    return asked + bad_cost_types(kind, endpoints) + bad_constraints(kind, endpoints)


def ask_badly(walk, name, good, cases):
    """The cases, what is no JSON at all, wrong types and methods round a good request."""
    entry = walk.entries[name]
    constrained = entry.get("capabilities", {}).get("cost-constraints")

    def refused(what, body, code, field, value):
        answer = walk.connection.request(
            "POST", entry["uri"], {"Content-Type": entry["accepts"]}, body
        )
        walk.check(f"{name}: {what}: 400", answer.status == 400, (answer.status, answer.body[:200]))
        given = answer.headers.get("content-type")
        walk.check(f"{name}: {what}: error type", given == TYPE.format("error"), given)
        try:
            found = messages.error(answer.json())
        except Malformed as error:
            return walk.check(f"{name}: {what}", False, error)
        fields = field if isinstance(field, tuple) else (field,)
        same = (
            found[0] == code
            and (None in fields or found[1] in fields)
            and value in (None, found[2])
        )
        return walk.check(f"{name}: {what}: {code} {field} {value!r:.40}", same, found)

    for body in NO_JSON:
        refused(f"{body}", body, SYNTAX, None, None)
    for body in ([], "x", 5, None):
        refused(f"{body!r}", json.dumps(body), KIND, None, None)
    for body, code, field, value in cases:
        if "constraints" in body and not constrained:
            code, field, value = VALUE, "constraints", None
        refused(f"{body!r:.80}", json.dumps(body), code, field, value)
    text = json.dumps(good)
    for given in ("application/json", "text/plain", entry["media-type"], ""):
        answer = walk.connection.request("POST", entry["uri"], {"Content-Type": given}, text)
        walk.check(f"{name}: Content-Type {given!r}: 415", answer.status == 415, answer.status)
    headers = {"Content-Type": entry["accepts"]}
    walk.walk_methods(name, entry, headers, text)
