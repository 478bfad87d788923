//! The OpenAPI document against the running server: schemathesis makes requests of each operation,
//! as peer and as operator over mutual TLS, right and wrong ones; each answer is as documented.

use std::fs::File;
use std::process::Child;

use serde_json::{Value, json};
use system_tests::curl;
use system_tests::data::project;
use system_tests::p2psp::{P2psp, Peer};
use system_tests::publisher::Publication;
use system_tests::python;
use tempfile::TempDir;

const FILM: Publication<'_> =
    Publication { overlay: "film", title: "Film", version: 1, bytes: b"a film" };

/// An overlay with a content, a member and its status, and a cache.
fn peopled(p2psp: &P2psp) -> Peer {
    let anna = p2psp.enrol("anna", "127.0.0.1").expect("a peer");
    let granted = |method: &str, path: &str, body: &Value| {
        let answer = anna.ask(method, path, Some(body));
        assert!(answer.status < 300, "{}", String::from_utf8_lossy(&answer.body));
    };
    granted("POST", "/oms/overlay", &json!({"overlay-id": "film"}));
    granted("POST", "/ixs/content", &FILM.registration(&anna).expect("an index file"));
    let _ = anna.join("film");
    let report = json!({"peer-id": anna.id, "status": {"cpu-load": 0.5}, "resources": [
        {"resource-id": "disk", "type": "storage", "capacity": 100},
    ]});
    granted("POST", "/pams/status", &json!({"reports": [report]}));
    let cache = json!({
        "kind": "cs", "capacity": {"bandwidth-bps": 1000, "storage-bytes": 1000},
        "peer_addr": [{"ip_address": "127.0.0.1", "port": 7100}],
    });
    granted("PUT", "/oms/server", &cache);
    anna
}

/// Begins to go through all operations, in a folder of its own.
fn begin(p2psp: &P2psp, asker: &Peer, examples: &Value) -> (Child, TempDir) {
    let mut command = python::module("schemathesis.cli").expect("schemathesis is installed");
    command.arg("--config-file").arg(project("tests/clients/openapi.toml"));
    // One thread: the parser of CPython 3.11 does not bear several.
    command.args(["--no-color", "run", "--workers", "1"]);
    command.arg("--request-cert").arg(asker.file("client.pem"));
    command.arg("--request-cert-key").arg(asker.file("client-key.pem"));
    command.arg("--tls-verify").arg(asker.file("ca.pem"));
    // A stream does not end; tests of its own listen to it.
    command.args(["--exclude-operation-id", "events"]);
    command.arg(format!("{}/openapi.json", p2psp.daemon.url));
    command.env("MP2P_EXAMPLES", examples.to_string()).env("PYTHONDONTWRITEBYTECODE", "1");
    let folder = tempfile::tempdir().expect("a folder");
    command.current_dir(folder.path()).env("PYTHONPATH", project("tests/clients"));
    let out = File::create(folder.path().join("out")).expect("a file");
    command.stderr(out.try_clone().expect("a file")).stdout(out);
    (command.spawn().expect("python runs"), folder)
}

/// Waits for the end; what it says where it finds something.
fn finish((mut child, folder): (Child, TempDir)) {
    let status = child.wait().expect("it ends");
    let told = std::fs::read_to_string(folder.path().join("out")).expect("a text");
    assert!(status.success(), "{told}");
    // Nothing that was passed over, or did not begin.
    let count = |word: &str| {
        let after = told.split(word).nth(1).map(str::trim_start).unwrap_or_default();
        let digits = after.split(|letter: char| !letter.is_ascii_digit()).next();
        digits.and_then(|digits| digits.parse::<u32>().ok())
    };
    // All but the event stream.
    let (tested, operations) = (count("Tested:"), count("selected /"));
    assert_eq!(tested.map(|tested| tested + 1), operations, "{told}");
    assert!(operations > Some(60) && count("Seed:") == Some(20_002), "{told}");
}

#[test]
fn answers_are_as_the_document_says_to_peers_and_operators() {
    let folder = tempfile::tempdir().expect("a folder");
    let p2psp = P2psp::start(&folder.path().join("state"), &[]).expect("a server");
    let anna = peopled(&p2psp);
    let content = FILM.index_file(&anna).expect("an index file").content_id;
    let examples = json!({
        "overlay-id": "film", "peer-id": anna.id, "user-id": "anna", "content-id": content,
        "type": "storage", "q": "film", "peer_num": 5, "kind": "cs", "duration-seconds": 60,
        "storage-bytes": 100, "reason": "a try", "super-peer": anna.id, "peers": [anna.id],
        "capacity": {"bandwidth-bps": 1000, "storage-bytes": 1000}, "seq": 1, "show-status": true,
        "peer_addr": [{"ip_address": "127.0.0.1", "port": 7100}],
    });
    let peers = begin(&p2psp, &anna, &examples);
    let operators = begin(&p2psp, &p2psp.operator("127.0.0.1"), &examples);
    finish(peers);
    finish(operators);
}

/// What schemathesis found once: arrays in place of objects, a query that is refused in plain text,
/// an answer that is lost because nobody read the body.
#[test]
fn what_was_found_once_stays_mended() {
    let folder = tempfile::tempdir().expect("a folder");
    let p2psp = P2psp::start(&folder.path().join("state"), &[]).expect("a server");
    let anna = p2psp.enrol("anna", "127.0.0.1").expect("a peer");
    let overlay = json!({"overlay-id": "film", "report-policy": [null, null]});
    let refused = anna.ask("POST", "/oms/overlay", Some(&overlay));
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (400, &json!("body")));
    for query in ["", "?overlay-id=%ff", "?overlay-id=a&overlay-id=b"] {
        let refused = anna.ask("GET", &format!("/oms/overlay{query}"), None);
        assert_eq!((refused.status, &refused.json()["error"]["code"]), (400, &json!("query")));
    }
    let refused = anna.ask("PATCH", "/oms/overlay", Some(&overlay));
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (405, &json!("method")));
    let allowed = refused.header("allow").expect("a header");
    for method in ["GET", "POST", "PUT", "DELETE"] {
        assert!(allowed.contains(method), "{allowed}");
    }
    // Longer than what a socket takes in at once: the answer comes all the same.
    let long = json!({"overlay-id": "film", "title": "x".repeat(1_500_000)});
    let file = folder.path().join("long.json");
    std::fs::write(&file, long.to_string()).expect("a file");
    for (path, status, code) in [
        ("/oms/overlay", 413, "too-large"),
        ("/ixs/denylist", 403, "role"),
        ("/oms/members", 405, "method"),
        ("/oms/nothing", 404, "no-resource"),
    ] {
        let own = (anna.file("client.pem"), anna.file("client-key.pem"));
        let mut command = curl::with(&anna.file("ca.pem"), Some((&own.0, &own.1)));
        command.args(["--header", "Expect:"]);
        command.arg("--data-binary").arg(format!("@{}", file.display()));
        let refused = curl::run(command.arg(format!("{}{path}", p2psp.daemon.url)));
        let refused = refused.expect("an answer");
        assert_eq!((refused.status, &refused.json()["error"]["code"]), (status, &json!(code)));
    }
}
