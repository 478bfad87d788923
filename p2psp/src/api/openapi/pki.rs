//! Enrolment and renewal (`/pki/…`), which [`link::pki::service`] answers where the CA is: beside the
//! table, for it guards itself.

use serde_json::{Map, Value, json};

/// What it says when it does not answer as asked, and when.
const REFUSALS: [(&str, &str); 7] = [
    ("400", "The body or the request for a certificate is malformed."),
    ("403", "The token is unknown, used or too old; or the certificate may not be renewed."),
    ("404", "There is nothing of that name: the CA is in another process, say."),
    ("405", "It is asked by another method; Allow names those there are."),
    ("408", "The body did not come in time."),
    ("413", "The body is too long."),
    ("503", "The CA can store nothing now; Retry-After says when to come back."),
];
/// What this server says to any request.
const SHARED: [&str; 4] = ["429", "431", "500", "501"];

/// Its operations, by path.
pub(super) fn paths() -> Map<String, Value> {
    let pem = |about: &str| {
        let schema = json!({"schema": {"type": "string"}});
        json!({"description": about, "content": {"application/x-pem-file": schema}})
    };
    let issued = json!({
        "description": "As asked.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Issued"}}},
    });
    let all = [
        (
            "/pki/ca.pem",
            "get",
            "ca-certificate",
            "Get the certificates of the CAs that are trusted.",
            pem("PEM: one, or two while the next CA takes over; the one that issues is first."),
            None,
        ),
        (
            "/pki/crl.pem",
            "get",
            "revocations",
            "Get the revocation lists.",
            pem("PEM: one of each CA."),
            None,
        ),
        (
            "/pki/enroll",
            "post",
            "enroll",
            "Trade a one-time token for a first certificate.",
            issued.clone(),
            Some("EnrollRequest"),
        ),
        (
            "/pki/renew",
            "post",
            "renew",
            "Get a new certificate of the same name with the one that is shown.",
            issued,
            Some("RenewRequest"),
        ),
    ];
    all.into_iter()
        .map(|(path, method, name, about, answer, body)| {
            (path.to_owned(), json!({method: operation((name, about), answer, body)}))
        })
        .collect()
}

fn operation((name, about): (&str, &str), answer: Value, body: Option<&str>) -> Value {
    let mut responses = json!({"200": answer});
    for (status, about) in REFUSALS {
        responses[status] = json!({
            "description": about,
            "content": {"text/plain": {"schema": {"type": "string"}}},
        });
    }
    for status in SHARED {
        let mut shared = json!({"$ref": format!("#/components/responses/{status}")});
        if status == "500" {
            shared = json!({
                "description": "The CA failed; the server's log says why.",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            });
        }
        responses[status] = shared;
    }
    let shows = if name == "renew" { json!([{"certificate": []}]) } else { json!([{}]) };
    let mut operation = json!({
        "operationId": name, "summary": about, "tags": ["pki"], "security": shows,
        "parameters": [], "responses": responses,
    });
    if let Some(body) = body {
        let schema = json!({"$ref": format!("#/components/schemas/{body}")});
        let content = json!({"application/json": {"schema": schema}});
        operation["requestBody"] = json!({"required": true, "content": content});
    }
    operation
}

/// Its bodies. A test holds them against the types that are read and written.
pub(super) fn schemas() -> Map<String, Value> {
    let text = |about: &str| json!({"type": "string", "description": about});
    let object = |about: &str, members: &[(&str, &str)]| {
        let names: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
        let properties: Map<String, Value> =
            members.iter().map(|(name, about)| ((*name).to_owned(), text(about))).collect();
        json!({
            "description": about, "type": "object", "required": names, "properties": properties,
        })
    };
    let csr =
        ("csr", "PKCS #10, PEM, signed with the key that it is over; names in it are ignored.");
    // `link::pki::token` writes tokens.
    let secret = "The token's secret, base64url without padding. A token is `mp2p1.` and \
        base64url of: SHA-256 of the CA's certificate (DER), by which the server is known, 32 \
        bytes of secret, the URL of the server. While two CAs are trusted it is `mp2p2.` and has \
        the SHA-256 of both: the server is known by either.";
    let enroll = [("secret", secret), csr];
    let issued = [
        ("certificate", "The certificate, PEM."),
        ("ca", "The certificates of the CAs that are trusted, PEM, the one that signed it first."),
        ("name", "The SPIFFE name in the certificate: the server sets it."),
    ];
    [
        ("EnrollRequest", object("A token is shown.", &enroll)),
        ("RenewRequest", object("A certificate is to be renewed.", &[csr])),
        ("Issued", object("A certificate.", &issued)),
    ]
    .into_iter()
    .map(|(name, schema)| (name.to_owned(), schema))
    .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use link::pki::service::{EnrollRequest, Issued, RenewRequest};

    use super::*;

    fn members(value: &Value) -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn bodies_are_described_as_they_are_read_and_written() {
        let text = String::new;
        let written = [
            (
                "EnrollRequest",
                serde_json::to_value(EnrollRequest { secret: text(), csr: text() }).unwrap(),
            ),
            ("RenewRequest", serde_json::to_value(RenewRequest { csr: text() }).unwrap()),
            (
                "Issued",
                serde_json::to_value(Issued { certificate: text(), ca: text(), name: text() })
                    .unwrap(),
            ),
        ];
        let schemas = schemas();
        assert_eq!(schemas.len(), written.len());
        for (name, value) in written {
            assert_eq!(members(&schemas[name]["properties"]), members(&value), "{name}");
        }
    }
}
