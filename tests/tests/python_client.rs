//! A client of Python's standard library walks a server over mutual TLS and uses everything that it
//! finds (`tests/clients/walk.py`).

use system_tests::canned::{Canned, Server};
use system_tests::data;
use system_tests::python;
use system_tests::unis::Unis;

/// The walk's last line: how many checks passed.
fn walk(server: &Unis) -> anyhow::Result<u32> {
    let mut walk = python::plain("tests/clients/walk.py");
    walk.arg(&server.url);
    for (option, file) in
        [("--ca", "ca.pem"), ("--cert", "client.pem"), ("--key", "client-key.pem")]
    {
        walk.arg(option).arg(server.pki(file));
    }
    passed(&python::finish(&mut walk)?)
}

fn passed(text: &str) -> anyhow::Result<u32> {
    let last = text.lines().last().unwrap_or_default();
    let count = last.strip_suffix(" passed, 0 failed").and_then(|count| count.parse().ok());
    count.ok_or_else(|| anyhow::anyhow!("{text}"))
}

#[test]
fn germany50_is_walked_over_mutual_tls() {
    let server = Unis::mutual(&data::germany50(), &[]).unwrap();
    assert!(walk(&server).unwrap() > 1_000);
}

#[test]
fn the_network_of_the_rfc_is_walked_over_mutual_tls() {
    let server = Unis::mutual(&data::rfc7285(), &[]).unwrap();
    assert!(walk(&server).unwrap() > 700);
}

#[test]
fn two_networks_of_one_server_are_walked_over_mutual_tls() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("unis.toml");
    let network = |name: &str, sources: Vec<String>| {
        format!("[[network]]\nname = {name:?}\nsource = {sources:?}\n")
    };
    let both = network("rfc", data::rfc7285()) + &network("small", data::small());
    std::fs::write(&file, both).unwrap();
    let server = Unis::mutual(&[], &["--config", &file.display().to_string()]).unwrap();
    assert!(walk(&server).unwrap() > 1_500);
}

#[test]
fn the_walk_fails_where_a_directory_lists_what_is_not_there() {
    let directory = r#"{
        "meta": {"cost-types": {}, "default-alto-network-map": "map"},
        "resources": {"map": {"uri": "/map", "media-type": "application/alto-networkmap+json"}}
    }"#;
    let canned = Canned::ok("application/alto-directory+json", directory);
    let server = Server::start(vec![("/directory", canned)]).unwrap();
    let mut walk = python::plain("tests/clients/walk.py");
    let error = python::finish(walk.arg(server.at("/directory"))).unwrap_err().to_string();
    for part in
        ["FAIL map: has a cost map of routingcost", "FAIL map: its pid can be", "FAIL map: 200"]
    {
        assert!(error.contains(part), "no {part:?} in {error}");
    }
}
