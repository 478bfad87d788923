//! `/openapi.json`: what can be asked, as an OpenAPI 3.1 document made from the table. Bodies are
//! documented with their types in `mp2p::message`; here stand operations, roles and errors.

use std::sync::Arc;

use axum::Json;
use axum::routing::on;
use link::identity::Role;
use serde_json::{Map, Value, json};

use crate::api::access::lines;
use crate::api::desk::Desk;
use crate::api::line::{Line, Verb};
use crate::settings::Part;

/// Every role of this provider may read it, in any of its processes.
pub(crate) const LINE: Line = Line {
    name: "openapi",
    about: "This document.",
    point: "operator",
    part: Part::Oms,
    method: Verb::Get,
    path: "/openapi.json",
    roles: &[
        Role::Oms,
        Role::Pams,
        Role::Ixs,
        Role::Ums,
        Role::CacheServer,
        Role::RelayServer,
        Role::Peer,
        Role::Operator,
    ],
    handler: |verb| on::<_, _, Arc<Desk>>(verb, || async { Json(document()) }),
};

/// The document.
#[must_use]
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for line in lines().chain(std::iter::once(&LINE)) {
        let path = paths.entry(line.path).or_insert_with(|| json!({}));
        path[line.method.as_str()] = operation(line);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "P2PSP",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Managed P2P after ISO/IEC TR 20002. Mutual TLS everywhere; the role \
                in the name of the client's certificate decides what it may ask (x-roles).",
        },
        "security": [{"certificate": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"certificate": {"type": "mutualTLS"}},
            "responses": {"Error": {
                "description": "It is not answered as asked.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            }},
            "schemas": {"Error": {
                "type": "object",
                "required": ["error"],
                "properties": {"error": {
                    "type": "object",
                    "required": ["code", "message"],
                    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
                }},
            }},
        },
    })
}

fn operation(line: &Line) -> Value {
    let roles: Vec<&str> = line.roles.iter().map(|role| role.as_str()).collect();
    json!({
        "operationId": line.name,
        "summary": line.about,
        "tags": [line.part.as_str()],
        "x-roles": roles,
        "x-reference-point": line.point,
        "responses": {
            "2XX": {"description": "As asked."},
            "4XX": {"$ref": "#/components/responses/Error"},
            "5XX": {"$ref": "#/components/responses/Error"},
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line stands in the document with its roles, and nothing else does.
    #[test]
    fn the_document_is_the_table() {
        let document = document();
        let mut operations = 0;
        for line in lines().chain([&LINE]) {
            let told = &document["paths"][line.path][line.method.as_str()];
            assert_eq!(told["operationId"], line.name);
            let roles: Vec<&str> =
                told["x-roles"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            let allowed: Vec<&str> = line.roles.iter().map(|role| role.as_str()).collect();
            assert_eq!(roles, allowed, "{}", line.name);
            assert!(!line.about.is_empty(), "{}", line.name);
            operations += 1;
        }
        let paths = document["paths"].as_object().unwrap().values();
        let told: usize = paths.map(|path| path.as_object().unwrap().len()).sum();
        assert_eq!(told, operations);
    }
}
