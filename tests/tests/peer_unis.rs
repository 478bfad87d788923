//! The public view of the ISP's server, asked by the peer itself (reference point R4): the order of
//! the list follows it.

use serde_json::{Value, json};
use system_tests::canned::{Canned, Server};
use system_tests::cities::{BERLIN, HAMBURG, MUENCHEN};
use system_tests::maps::Maps;
use system_tests::p2psp::Shape;
use system_tests::peer::{PeerProgram, from_rank};
use system_tests::swarm::{Scene, film};
use system_tests::unis::Unis;

/// For the provider's ISP, Hamburg is nearer to Berlin than Muenchen is. These maps say the
/// opposite.
fn contrary() -> (Value, Value) {
    let network = json!({
        "meta": {"vtag": {"resource-id": "network", "tag": "1"}},
        "network-map": {
            "b": {"ipv4": ["127.1.0.0/24"]}, "hh": {"ipv4": ["127.2.0.0/24"]},
            "m": {"ipv4": ["127.3.0.0/24"]}, "rest": {"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]},
        },
    });
    let costs = json!({
        "meta": {
            "dependent-vtags": [{"resource-id": "network", "tag": "1"}],
            "cost-type": {"cost-mode": "numerical", "cost-metric": "routingcost"},
        },
        "cost-map": {"b": {"b": 0, "hh": 900, "m": 10}, "hh": {"b": 900}, "m": {"b": 10}},
    });
    (network, costs)
}

/// Sources in Hamburg and Muenchen, and somebody in Berlin.
fn shared(scene: &Scene) -> (Vec<PeerProgram>, PeerProgram, String) {
    film(&scene.at("source"), 41, 4 << 20).expect("no film");
    let mut id = String::new();
    let mut sources = Vec::new();
    for (user, city) in [("anna", HAMBURG), ("carl", MUENCHEN)] {
        let mut source = scene.peer(user, city).expect("not enrolled");
        source.serve(&[]).expect("no daemon");
        id = source.share(&scene.at("source/film.bin")).expect("not shared");
        sources.push(source);
    }
    (sources, scene.peer("bert", BERLIN).expect("not enrolled"), id)
}

/// Fetches with more arguments into a folder of its own; what is told at the end.
fn got(scene: &Scene, peer: &PeerProgram, arguments: &[&str], name: &str) -> Value {
    let folder = scene.at(name).display().to_string();
    let said = peer.run(&[arguments, &["-o", &folder, "--json"]].concat()).expect("not fetched");
    let got = serde_json::from_str(&said).expect("no JSON");
    let film = std::fs::read(scene.at("source/film.bin")).expect("no film");
    assert!(std::fs::read(scene.at(name).join("film.bin")).expect("no file") == film);
    got
}

/// Bytes that came from a source.
fn given(got: &Value, source: &PeerProgram) -> f64 {
    let id = source.status().expect("no status")["peer-id"].clone();
    let neighbours = got["neighbours"].as_array().expect("no neighbours");
    let one = neighbours.iter().find(|one| one["peer-id"] == id);
    one.map_or(0.0, |one| one["downloaded"].as_f64().unwrap_or_default())
}

fn follows_the_isp(scene: &Scene, url: &str, more: &[&str]) {
    let (sources, peer, id) = shared(scene);
    let before = got(scene, &peer, &["get", &id], "by-provider");
    assert_eq!(before["ranked-by"], "map");
    assert!(given(&before, &sources[0]) > 3.0 * given(&before, &sources[1]), "{before}");
    let other = scene.peer("dora", "127.1.0.12").expect("not enrolled");
    let ours = got(scene, &other, &[&["get", &id, "--unis", url], more].concat(), "by-isp");
    assert_eq!(ours["ranked-by"], "unis", "{ours}");
    // Muenchen is ranked first now.
    assert!(given(&ours, &sources[1]) > 3.0 * given(&ours, &sources[0]), "{ours}");
    assert!(from_rank(&ours, 1) > 0.7, "{ours}");
}

/// By endpoint costs, in clear.
#[test]
fn the_order_follows_the_isp_that_the_peer_asks_itself() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let (network, costs) = contrary();
    let maps = Maps::of(&[("network.json", network), ("costs.json", costs)]).expect("no maps");
    let unis = Unis::plain(&maps.sources(), &[]).expect("no server");
    follows_the_isp(&scene, &unis.url, &[]);
}

/// Over TLS without certificate, where the public sees ranks and no costs.
#[test]
fn a_public_view_of_ranks_alone_orders_too() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let (network, costs) = contrary();
    let maps = Maps::of(&[("network.json", network), ("costs.json", costs)]).expect("no maps");
    let view = ["--set", "public-view=ordinal"];
    let unis = Unis::mutual(&maps.sources(), &view).expect("no server");
    let ca = unis.pki("ca.pem").display().to_string();
    follows_the_isp(&scene, &unis.url, &["--unis-ca", &ca]);
}

/// An ISP that answers no queries, and gives its maps.
#[test]
fn maps_do_where_no_costs_are_answered() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let (network, costs) = contrary();
    let directory = json!({
        "meta": {
            "cost-types": {"n": {"cost-mode": "numerical", "cost-metric": "routingcost"}},
            "default-alto-network-map": "network",
        },
        "resources": {
            "network": {"uri": "/network", "media-type": "application/alto-networkmap+json"},
            "costs": {
                "uri": "/costs", "media-type": "application/alto-costmap+json",
                "capabilities": {"cost-type-names": ["n"]}, "uses": ["network"],
            },
        },
    });
    let server = Server::start(vec![
        ("/directory", Canned::ok("application/alto-directory+json", directory)),
        ("/network", Canned::ok("application/alto-networkmap+json", network)),
        ("/costs", Canned::ok("application/alto-costmap+json", costs)),
    ]);
    let server = server.expect("no server");
    follows_the_isp(&scene, &server.at("/directory"), &[]);
}

/// A server that is away, or none: the provider's order holds, and the reason is told.
#[test]
fn an_isp_that_does_not_answer_holds_up_nothing() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let (_sources, peer, id) = shared(&scene);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("no port");
    let port = closed.local_addr().expect("no address").port();
    drop(closed);
    let url = format!("http://127.0.0.1:{port}/directory");
    let got = got(&scene, &peer, &["get", &id, "--unis", &url], "got");
    assert_eq!(got["ranked-by"], "map");
    let other = scene.peer("dora", "127.1.0.12").expect("not enrolled");
    let folder = scene.at("x").display().to_string();
    let refused = other.run(&["get", &id, "-o", &folder, "--unis", "ftp://isp.example"]);
    let refused = refused.expect_err("taken").to_string();
    assert!(refused.contains("ftp://isp.example is not of the form"), "{refused}");
}
