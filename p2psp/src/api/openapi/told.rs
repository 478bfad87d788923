//! What comes down the stream of events, by name: OpenAPI 3.1 has no words for the parts of a
//! stream.

use mp2p::message::event::Event;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};

/// The schema of `data` of each event, by its name in `event`.
pub(super) fn events(schemas: &mut SchemaGenerator) -> Map<String, Value> {
    let whole = Event::json_schema(schemas).to_value();
    let each = whole["oneOf"].as_array().into_iter().flatten();
    let told = |one: &Value| {
        let (event, mut data) = (&one["properties"]["event"], one["properties"]["data"].clone());
        data["description"] = one["description"].clone();
        Some((event["const"].as_str()?.to_owned(), data))
    };
    each.filter_map(told).collect()
}
