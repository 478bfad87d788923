//! A peer that nobody can dial is reached by a relay (TR 20002 §8.3.3; Req-Traffic-070, Net-110 to
//! Net-130), over real processes of all sides.

use std::net::TcpListener;

use serde_json::Value;
use system_tests::cities::{BERLIN, BERLIN_TOO, HAMBURG, MUENCHEN};
use system_tests::p2psp::{Peer, Shape};
use system_tests::swarm::{Scene, film};
use system_tests::wait::until_so;

/// A port on which nobody listens any more: what a router shows that forwards nothing.
fn closed_port() -> u16 {
    let listener = TcpListener::bind((BERLIN, 0)).expect("no port");
    listener.local_addr().expect("no address").port()
}

/// Of the relays that OMS knows, whether each is the provider's own.
fn relays(operator: &Peer) -> Vec<bool> {
    let servers = operator.ask("GET", "/oms/servers", None).json();
    let servers = servers.as_array().cloned().unwrap_or_default();
    let relays = servers.iter().filter(|server| server["kind"] == "rs");
    relays.filter_map(|relay| relay["dedicated"].as_bool()).collect()
}

#[test]
fn a_relay_is_the_providers_own_by_its_certificate() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let operator = scene.cities.p2psp.operator(MUENCHEN);
    let mut own = scene.server("rs/1", BERLIN).expect("not enrolled");
    let listen = |address: &str| format!("relay.listen={address}:0");
    own.serve(&["--role", "relay", "--set", &listen(BERLIN)]).expect("no relay");
    until_so("the relay is registered", || relays(&operator) == [true]);
    let mut rita = scene.peer("rita", BERLIN_TOO).expect("not enrolled");
    let listen = listen(BERLIN_TOO);
    rita.serve(&["--role", "peer,relay", "--set", &listen]).expect("no relay");
    until_so("both are registered", || {
        let mut relays = relays(&operator);
        relays.sort_unstable();
        relays == [false, true]
    });
}

#[test]
fn flow_8_3_3_a_peer_behind_a_closed_door_gives_by_a_relay() {
    let provider = ["--set", "overlay.probe=true"];
    let scene = Scene::start_with(Shape::OneProcess, &provider).expect("no scene");
    let film = film(&scene.at("source"), 11, 3 << 20).expect("no film");
    let operator = scene.cities.p2psp.operator(MUENCHEN);
    let mut relay = scene.peer("rita", BERLIN_TOO).expect("not enrolled");
    let listen = format!("relay.listen={BERLIN_TOO}:0");
    let bandwidth = ["--set", "relay.bandwidth-kbps=1000000"];
    let roles = ["--set", "role=[\"peer\",\"relay\"]", "--set", &listen];
    relay.serve(&[&roles[..], &bandwidth[..]].concat()).expect("no relay");
    until_so("the relay is registered", || {
        let servers = operator.ask("GET", "/oms/servers", None);
        servers.status == 200 && servers.json().to_string().contains("\"rs\"")
    });
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    let door = format!("announce-port={}", closed_port());
    anna.serve(&["--set", &door]).expect("no daemon");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    let bert = scene.peer("bert", HAMBURG).expect("not enrolled");
    let got = bert.get(&id, &scene.at("got")).expect("not fetched");
    assert_eq!(std::fs::read(scene.at("got/film.bin")).expect("no file"), film);
    assert_eq!(got["neighbours"][0]["relayed"], true, "{got}");
    // Who used how much: the whole film went out for Anna, and a little more came in.
    let status = anna.status().expect("no status");
    let holder = status["peer-id"].as_str().unwrap_or_default().to_owned();
    until_so("the use is told", || {
        let path = format!("/oms/usage?peer-id={holder}");
        let usage: Value = operator.ask("GET", &path, None).json();
        let accounts = usage.as_array().or_else(|| usage["accounts"].as_array());
        accounts.into_iter().flatten().any(|account| {
            account["holder"] == holder
                && account["kind"] == "rs"
                && account["bytes-out"].as_u64() > Some(film.len() as u64)
        })
    });
}
