//! Every cell of the role × operation table, over real mutual TLS: whoever may is answered by the
//! operation, whoever may not is refused before it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::{Method, StatusCode};
use link::client::Client;
use link::tls::{ClientTls, ClientTlsSettings, ServerTrust};
use serde_json::Value;
use system_tests::p2psp::P2psp;

/// For an answer, on a machine with much to do.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);
/// Roles that a certificate of the provider names, and a name of each.
const ROLES: [(&str, &str); 9] = [
    ("oms", "p2psp/p2psp/oms/2"),
    ("pams", "p2psp/p2psp/pams/2"),
    ("ixs", "p2psp/p2psp/ixs/2"),
    ("ums", "p2psp/p2psp/ums/2"),
    ("cs", "p2psp/p2psp/cs/1"),
    ("rs", "p2psp/p2psp/rs/1"),
    ("authority", "authority/rights"),
    ("operator", "operator/second"),
    ("unis", "isp/64500/unis/1"),
];

fn client(ca: &Path, own: Option<(PathBuf, PathBuf)>) -> Client {
    let server = ServerTrust { trust_domain: None, bundle: ca.to_owned(), crl: None };
    let settings = ClientTlsSettings { own, servers: vec![server], expected: None };
    let tls = ClientTls::load(settings, link::metrics::Metrics::new()).expect("certificates");
    Client::builder().tls(tls).response_timeout(ANSWERED_WITHIN).build()
}

/// Whether the table let the request through to its operation.
async fn is_let_in(client: &Client, method: Method, url: &str) -> bool {
    let request = http::Request::builder().method(method).uri(url);
    let request = request.body(Default::default()).expect("a request");
    let answer = client.send(request).await.expect("an answer");
    if answer.status() != StatusCode::FORBIDDEN {
        return true;
    }
    let body = link::body::read(answer.into_body(), 1 << 16, ANSWERED_WITHIN).await;
    let told: Value = serde_json::from_slice(&body.expect("a body")).expect("JSON");
    let code = told["error"]["code"].as_str().expect("a code").to_owned();
    !["role", "no-certificate"].contains(&&*code)
}

#[test]
fn every_cell_of_the_table_holds_over_mutual_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    let p2psp = P2psp::start(&folder.path().join("state"), &[]).expect("a server");
    let ca = p2psp.pki("ca.pem");
    let mut clients = vec![("none", client(&ca, None))];
    for (role, name) in ROLES {
        let named = p2psp.enrol_named(name, "127.0.0.1").expect("a certificate");
        let own = (named.file("client.pem"), named.file("client-key.pem"));
        clients.push((role, client(&ca, Some(own))));
    }
    let anna = p2psp.enrol("anna", "127.0.0.1").expect("a peer");
    let own = (anna.file("client.pem"), anna.file("client-key.pem"));
    clients.push(("peer", client(&ca, Some(own))));
    let document = system_tests::p2psp::run(&["openapi"]).expect("a document");
    let document: Value = serde_json::from_str(&document).expect("JSON");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (mut cells, mut faults) = (0, Vec::new());
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            // The CA guards itself, by tokens.
            if operation["tags"] == serde_json::json!(["pki"]) {
                continue;
            }
            let roles = operation["x-roles"].as_array().expect("roles");
            let allowed: BTreeSet<&str> = roles.iter().filter_map(Value::as_str).collect();
            let name = operation["operationId"].as_str().expect("a name");
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            for (role, client) in &clients {
                let url = format!("{}{path}", p2psp.daemon.url);
                let is_in = runtime.block_on(is_let_in(client, method.clone(), &url));
                cells += 1;
                if is_in != allowed.contains(role) {
                    faults.push(format!("{name} as {role}: let in {is_in}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(cells > 600, "{cells}");
}
