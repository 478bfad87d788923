"""The objects of RFC 7285, one function each, which raises Malformed with its place."""

import ipaddress
import math
import re

from connection import Malformed

TYPE = "application/alto-{}+json"
CODES = {"E_SYNTAX", "E_MISSING_FIELD", "E_INVALID_FIELD_TYPE", "E_INVALID_FIELD_VALUE"}


def need(condition, where, what):
    if not condition:
        raise Malformed(f"{where}: {what}")


def an_object(value, where, required=(), optional=()):
    """A JSON object with all of `required` and nothing beside `optional`."""
    need(isinstance(value, dict), where, f"is no object: {value!r:.80}")
    for name in required:
        need(name in value, where, f"has no member {name}")
    for name in value:
        need(name in required or name in optional, where, f"has a member {name}")
    return value


def strings(value, where):
    need(
        isinstance(value, list) and all(isinstance(item, str) for item in value),
        where,
        "is no array of strings",
    )
    return value


def matches(pattern, value, where):
    need(
        isinstance(value, str) and re.fullmatch(pattern, value),
        where,
        f"is {value!r}, not {pattern}",
    )
    return value


def pid_name(value, where):
    """Section 10.1, without the reserved full stop."""
    return matches(r"[0-9A-Za-z:@_-]{1,64}", value, where)


def resource_id(value, where):
    """Section 10.2, without the reserved full stop."""
    return matches(r"[0-9A-Za-z:@_-]{1,64}", value, where)


def version_tag(value, where):
    """VersionTag, section 10.3."""
    an_object(value, where, ("resource-id", "tag"))
    resource_id(value["resource-id"], f"{where}/resource-id")
    matches(r"[\x21-\x7e]{1,64}", value["tag"], f"{where}/tag")
    return value


def cost_type(value, where):
    """CostType, section 10.7."""
    an_object(value, where, ("cost-metric", "cost-mode"), ("description",))
    matches(r"[0-9A-Za-z:_-]{1,32}", value["cost-metric"], f"{where}/cost-metric")
    need(value["cost-mode"] in ("numerical", "ordinal"), where, f"cost-mode {value['cost-mode']}")
    return value


def typed_address(value, where):
    """TypedEndpointAddr, section 10.4.1."""
    family, _, address = matches(r"(ipv4|ipv6):.+", value, where).partition(":")
    parsed = ipaddress.ip_address(address)
    need(f"ipv{parsed.version}" == family, where, f"{address} is not {family}")
    return parsed


def address_group(value, where):
    """EndpointAddrGroup, section 10.4.5: canonical prefixes by address type."""
    an_object(value, where, (), ("ipv4", "ipv6"))
    found = []
    for family, prefixes in value.items():
        for text in strings(prefixes, f"{where}/{family}"):
            prefix = ipaddress.ip_network(text)
            need(f"ipv{prefix.version}" == family, where, f"{text} is not {family}")
            need(str(prefix) == text, where, f"{text} is not canonical: {prefix}")
            found.append(prefix)
    return found


def directory_meta(value):
    """meta of InfoResourceDirectory, section 9.2.2."""
    an_object(value, "meta", ("cost-types", "default-alto-network-map"))
    resource_id(value["default-alto-network-map"], "meta/default-alto-network-map")
    for name, described in an_object(
        value["cost-types"], "cost-types", (), value["cost-types"]
    ).items():
        cost_type(described, f"cost-types/{name}")


def directory_entry(name, value):
    """IRDResourceEntry, section 9.2.2."""
    resource_id(name, "resources")
    an_object(value, name, ("uri", "media-type"), ("accepts", "capabilities", "uses"))
    matches(r"application/alto-[a-z]+\+json", value["media-type"], f"{name}/media-type")
    matches(r"\S+", value["uri"], f"{name}/uri")
    for used in strings(value.get("uses", []), f"{name}/uses"):
        resource_id(used, f"{name}/uses")
    known = ("cost-type-names", "cost-constraints", "prop-types")
    capabilities = an_object(value.get("capabilities", {}), f"{name}/capabilities", (), known)
    strings(capabilities.get("cost-type-names", []), f"{name}/cost-type-names")
    strings(capabilities.get("prop-types", []), f"{name}/prop-types")
    need(
        isinstance(capabilities.get("cost-constraints", False), bool),
        name,
        "cost-constraints is no boolean",
    )


def directory(value):
    """InfoResourceDirectory, section 9.2.2."""
    an_object(value, "directory", ("meta", "resources"))
    directory_meta(value["meta"])
    an_object(value["resources"], "resources", (), value["resources"])
    for name, entry in value["resources"].items():
        directory_entry(name, entry)
    return value


def network_map_data(value):
    """NetworkMapData, section 11.2.1.6: prefix -> PID."""
    placed = {}
    for pid, group in an_object(value, "network-map", (), value).items():
        pid_name(pid, "network-map")
        for prefix in address_group(group, pid):
            need(prefix not in placed, pid, f"{prefix} is also in {placed.get(prefix)}")
            placed[prefix] = pid
    return placed


def network_map(value):
    """InfoResourceNetworkMap, section 11.2.1.6."""
    an_object(value, "network map", ("meta", "network-map"))
    an_object(value["meta"], "meta", ("vtag",))
    version_tag(value["meta"]["vtag"], "meta/vtag")
    network_map_data(value["network-map"])
    return value


def cost(value, mode, where):
    """A cost of a mode, sections 6.1.2.1 and 6.1.2.2."""
    need(
        isinstance(value, (int, float)) and not isinstance(value, bool),
        where,
        f"{value!r} is no number",
    )
    need(math.isfinite(value) and value >= 0, where, f"cost {value}")
    need(mode == "numerical" or isinstance(value, int), where, f"ordinal cost {value}")


def cost_map_data(value, mode, key=pid_name):
    """CostMapData, section 11.2.3.6, and EndpointCostMapData, section 11.5.1.6."""
    for source, row in an_object(value, "cost map", (), value).items():
        key(source, "cost map")
        for target, found in an_object(row, source, (), row).items():
            key(target, source)
            cost(found, mode, f"{source}/{target}")


def cost_map(value):
    """InfoResourceCostMap, section 11.2.3.6."""
    an_object(value, "cost map", ("meta", "cost-map"))
    meta = an_object(value["meta"], "meta", ("dependent-vtags", "cost-type"))
    need(
        isinstance(meta["dependent-vtags"], list) and len(meta["dependent-vtags"]) == 1,
        "meta",
        "not one vtag",
    )
    version_tag(meta["dependent-vtags"][0], "dependent-vtags")
    cost_map_data(value["cost-map"], cost_type(meta["cost-type"], "cost-type")["cost-mode"])
    return value


def endpoint_properties(value):
    """InfoResourceEndpointProperties, section 11.4.1.6."""
    an_object(value, "endpoint properties", ("meta", "endpoint-properties"))
    meta = an_object(value["meta"], "meta", (), ("dependent-vtags",))
    for tag in meta.get("dependent-vtags", []):
        version_tag(tag, "dependent-vtags")
    for endpoint, properties in value["endpoint-properties"].items():
        typed_address(endpoint, "endpoint-properties")
        for found in an_object(properties, endpoint, (), properties).values():
            need(isinstance(found, str), endpoint, f"{found!r} is no string")
    return value


def endpoint_costs(value):
    """InfoResourceEndpointCostMap, section 11.5.1.6."""
    an_object(value, "endpoint costs", ("meta", "endpoint-cost-map"))
    meta = an_object(value["meta"], "meta", ("cost-type",))
    cost_map_data(
        value["endpoint-cost-map"],
        cost_type(meta["cost-type"], "cost-type")["cost-mode"],
        typed_address,
    )
    return value


def error(value):
    """ErrorMeta, section 8.5.2: (code, field, value)."""
    an_object(value, "error", ("meta",))
    meta = an_object(value["meta"], "meta", ("code",), ("syntax-error", "field", "value"))
    need(meta["code"] in CODES, "code", meta["code"])
    need(all(isinstance(member, str) for member in meta.values()), "meta", "a member is no string")
    need("value" not in meta or "field" in meta, "meta", "value without field")
    return meta["code"], meta.get("field"), meta.get("value")


VALIDATORS = {
    TYPE.format("directory"): directory,
    TYPE.format("networkmap"): network_map,
    TYPE.format("costmap"): cost_map,
    TYPE.format("endpointprop"): endpoint_properties,
    TYPE.format("endpointcost"): endpoint_costs,
    TYPE.format("error"): error,
}
