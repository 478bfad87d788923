"""Examples for schemathesis: names of what is there, so that more than refusals is seen.

MP2P_EXAMPLES holds JSON: {"overlay-id": …, "peer-id": …, …}, by the names of members and parameters.
"""

import json
import os

import schemathesis

EXAMPLES = json.loads(os.environ.get("MP2P_EXAMPLES", "{}"))


def body_of(schema):
    """A body with all members that have an example, where nothing that is required lacks."""
    members = {name: EXAMPLES[name] for name in schema.get("properties", {}) if name in EXAMPLES}
    return members if set(schema.get("required", [])) <= set(members) else None


@schemathesis.hook
def before_load_schema(context, raw_schema):
    for path in raw_schema["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", []):
                if parameter["name"] in EXAMPLES:
                    parameter["example"] = EXAMPLES[parameter["name"]]
            content = operation.get("requestBody", {}).get("content", {})
            for media in content.values():
                example = body_of(media["schema"])
                if example is not None:
                    media["example"] = example
