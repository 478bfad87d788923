//! `/openapi.json`: what can be asked, as an OpenAPI 3.1 document. Operations and roles are those of
//! the table, schemas those of the types that handlers take and give.

mod pki;
mod plain;
mod signed;
mod told;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use link::identity::Role;
use schemars::Schema;
use serde_json::{Map, Value, json};

use crate::api::access::lines;
use crate::api::desk::Desk;
use crate::api::does::{Generators, Shape, does};
use crate::api::line::{Line, Verb};
use crate::api::problem::Problem;
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
    does: does!(serve),
};

/// Statuses of what is not answered as asked, and what they mean here. Those at the end are the
/// listener's, for any request.
pub(crate) const ERRORS: [(u16, &str); 14] = [
    (400, "The query or the body is malformed, or says what cannot be."),
    (403, "Not with this certificate, or not of somebody else's."),
    (404, "There is nothing of that name."),
    (405, "It is asked by another method; Allow names those there are."),
    (409, "There is something of that name already, or a newer one."),
    (410, "The distribution is stopped by order; `stop` holds it, signed."),
    (413, "The body is too long."),
    (451, "It is on the list of what is forbidden."),
    (408, "The body did not come in time."),
    (429, "Too often; Retry-After says when to come back."),
    (431, "The headers are too long, or too many."),
    (500, "This server failed; its log says why."),
    (501, "A coding of the request that this server does not have."),
    (503, "There is no room, no capacity, no storage or no answer of another role now."),
];

const ABOUT: &str = "Managed P2P after ISO/IEC TR 20002. Mutual TLS everywhere; the role in the name \
    of the client's certificate decides what it may ask (x-roles). Bodies are JSON; members that \
    nobody knows are ignored. Longest bodies, rates and waits are settings of the server, in \
    `p2psp config default`. Signed objects are compact JWS (RFC 7515) whose header has alg and \
    typ: ES256 or EdDSA with the key of the signer's certificate, EdDSA of the provider's servers; \
    x-signed-objects has the payload of each by its typ. /oms/events is a stream of server-sent \
    events (WHATWG HTML): id, event and one line of data, whose schema x-events has by the \
    event's name. What is acknowledged at /oms/events/ack is not sent again; Last-Event-ID goes \
    on behind that number.";

async fn serve(State(_desk): State<Arc<Desk>>) -> Result<Json<Value>, Problem> {
    Ok(Json(document()))
}

/// The document.
#[must_use]
pub fn document() -> Value {
    let mut generators = Generators::new();
    let mut paths: Map<String, Value> = Map::new();
    for line in lines().chain(std::iter::once(&LINE)) {
        let shape = (line.does.shape)(&mut generators);
        let path = paths.entry(line.path).or_insert_with(|| json!({}));
        path[line.method.as_str()] = operation(line, shape);
    }
    paths.extend(pki::paths());
    let signed = signed::payloads(&mut generators.written);
    let events = told::events(&mut generators.written);
    let mut schemas = generators.written.take_definitions(true);
    schemas.insert("Error".to_owned(), error());
    schemas.extend(pki::schemas());
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {"title": "P2PSP", "version": env!("CARGO_PKG_VERSION"), "description": ABOUT},
        "security": [{"certificate": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"certificate": {"type": "mutualTLS"}},
            "responses": responses(),
            "schemas": schemas,
        },
        "x-signed-objects": signed,
        "x-events": events,
    });
    plain::describe(&mut document);
    document
}

fn operation(line: &Line, shape: Shape) -> Value {
    let roles: Vec<&str> = line.roles.iter().map(|role| role.as_str()).collect();
    let Shape { query, body, status, answer } = shape;
    let mut answered = json!({"description": "As asked."});
    if let Some((media, schema)) = answer {
        answered["content"] = json!({media: {"schema": schema}});
    }
    let mut responses = json!({status.to_string(): answered});
    for (status, _) in ERRORS {
        responses[status.to_string()] = json!({"$ref": format!("#/components/responses/{status}")});
    }
    let mut operation = json!({
        "operationId": line.name,
        "summary": line.about,
        "tags": [line.part.as_str()],
        "x-roles": roles,
        "x-reference-point": line.point,
        "parameters": query.map_or_else(Vec::new, parameters),
        "responses": responses,
    });
    if let Some(schema) = body {
        operation["requestBody"] =
            json!({"required": true, "content": {"application/json": {"schema": schema}}});
    }
    if line.roles.contains(&Role::None) {
        operation["security"] = json!([{}, {"certificate": []}]);
    }
    operation
}

/// A parameter for each member of a query.
fn parameters(query: Schema) -> Vec<Value> {
    let query = query.to_value();
    let is_required = |name: &str| {
        query["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name))
    };
    let members = query["properties"].as_object().into_iter().flatten();
    let parameter = |(name, schema): (&String, &Value)| {
        let (required, mut schema) = (is_required(name), schema.clone());
        let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let mut one = json!({"name": name, "in": "query", "required": required, "schema": schema});
        if let Some(description) = description {
            one["description"] = description;
        }
        one
    };
    members.map(parameter).collect()
}

fn responses() -> Map<String, Value> {
    let content = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}});
    let response = |(status, about): (u16, &str)| {
        let mut one = json!({"description": about, "content": content});
        if status == 429 {
            one["headers"] = json!({"Retry-After": {
                "description": "Seconds.", "schema": {"type": "string", "pattern": "^[0-9]+$"},
            }});
        }
        (status.to_string(), one)
    };
    ERRORS.into_iter().map(response).collect()
}

fn error() -> Value {
    json!({
        "description": "Why a request is not answered as asked.",
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "code": {"type": "string", "description": "A word for programs."},
                    "message": {"type": "string", "description": "For people."},
                },
            },
            "stop": {"type": "string", "description": "The order, signed by OMS (code stopped)."},
            "peer-id": {
                "type": "string",
                "description": "Whose report is the reason, of /pams/status; none counts then.",
            },
        },
    })
}

#[cfg(test)]
mod tests;
