//! Several ISPs at once, each with its own UNIS, trust domain and prefixes: a peer is ranked with
//! the view of its own ISP, and what one ISP's server does is no other's business.
//!
//! ```text
//!  127.1/16 ISP a ── real UNIS, maps ──┐          127.3/16 ISP c ── says what it likes, maps ──┐
//!  127.2/16 ISP b ── real UNIS, maps ──┼─ P2PSP   127.4/16 ISP d ── real UNIS, asked for costs ┘
//! ```

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has to say where")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use system_tests::p2psp::{self, P2psp, Peer, addresses};
use system_tests::python;
use system_tests::scrape::Scrape;
use system_tests::unis::{Unis, replace};
use system_tests::wait::until_seen;

/// A list that waits for nobody is there by then, curl and a handshake included.
const AT_ONCE: Duration = Duration::from_secs(20);

/// The networks of others, by the first number after 127: who is beside it, and who is behind.
fn inventory(own: u8, beside: u8, behind: u8) -> String {
    let pop = |name: &str, third: u8| {
        format!("[[pop]]\nname = \"{name}\"\nprefixes = [\"127.{own}.{third}.0/24\"]\n")
    };
    let neighbour = |number: u8, relation: &str| {
        format!(
            "[[neighbour]]\nas = {}\nrelation = \"{relation}\"\nat = [\"one\"]\n\
             prefixes = [\"127.{number}.0.0/16\"]\n",
            64500 + u32::from(number)
        )
    };
    format!("[network]\nasn = {}\n", 64500 + u32::from(own))
        + &pop("one", 1)
        + &pop("two", 2)
        + "[[link]]\nfrom = \"one\"\nto = \"two\"\nigp = 10\n"
        + &neighbour(beside, "peer")
        + &neighbour(behind, "transit")
}

/// A UNIS that has an agreement with the provider.
fn unis(folder: &Path, name: &str, inventory: &str) -> Unis {
    let network = folder.join(format!("{name}-network.toml"));
    std::fs::write(&network, inventory).unwrap();
    let agreement = "[[partner]]\nname = \"p2psp\"\ntrust-domain = \"p2psp.localhost\"\n\
        bundle = \"p2psp/pki/ca.pem\"\ncrl = \"p2psp/pki/crl.pem\"\n";
    let config = folder.join(format!("{name}.toml"));
    std::fs::write(&config, agreement).unwrap();
    let domain = format!("trust-domain={name}.example");
    let options = ["--config", &config.display().to_string(), "--set", &domain];
    Unis::mutual(&[format!("inventory={}", network.display())], &options).unwrap()
}

fn agreement(name: &str, number: u8, (url, pki): (&str, &Path), service: &str) -> String {
    format!(
        "[[isp]]\nname = \"{name}\"\nurl = \"{url}\"\nbundle = {:?}\ncrl = {:?}\n\
         trust-domain = \"{name}.example\"\nprefixes = [\"127.{number}.0.0/16\"]\n\
         poll-seconds = 1\nstale-seconds = 4\nservice = \"{service}\"\n",
        pki.join("ca.pem"),
        pki.join("crl.pem"),
    )
}

/// The server that says what it likes.
struct Liar {
    child: Child,
    answers: PathBuf,
    url: String,
}

impl Liar {
    fn start(folder: &Path, pki: &Path) -> Self {
        let answers = folder.join("answers.json");
        std::fs::write(&answers, "{}").unwrap();
        let mut command = python::plain("tests/clients/lying_unis.py");
        command.arg(pki).arg(folder.join("p2psp/pki/ca.pem")).arg(&answers);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let url = format!("https://localhost:{}/directory", port.trim());
        Self { child, answers, url }
    }

    /// Costs from its first PID to its two and to `a` and `b`, as they stand in the JSON.
    fn says(&self, tag: &str, costs: [&str; 4]) {
        let networks = json!({
            "C1": {"ipv4": ["127.3.1.0/24"]}, "C2": {"ipv4": ["127.3.2.0/24"]},
            "a": {"ipv4": ["127.1.0.0/16"]}, "b": {"ipv4": ["127.2.0.0/16", "127.4.0.0/16"]},
            "rest": {"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]},
        });
        let map = json!({
            "meta": {"vtag": {"resource-id": "net", "tag": tag}}, "network-map": networks,
        });
        let row = ["C1", "C2", "a", "b"].into_iter().zip(costs);
        let row: Vec<String> = row.map(|(pid, cost)| format!("\"{pid}\": {cost}")).collect();
        let costs = format!(
            "{{\"meta\": {{\"dependent-vtags\": [{{\"resource-id\": \"net\", \"tag\": \"{tag}\"}}], \
             \"cost-type\": {{\"cost-mode\": \"numerical\", \"cost-metric\": \"routingcost\"}}}}, \
             \"cost-map\": {{\"C1\": {{{}}}}}}}",
            row.join(", ")
        );
        self.answers(&map.to_string(), &costs);
    }

    fn answers(&self, map: &str, costs: &str) {
        let alto = |kind: &str| format!("application/alto-{kind}+json");
        let directory = json!({
            "meta": {
                "default-alto-network-map": "net",
                "cost-types": {"num": {"cost-mode": "numerical", "cost-metric": "routingcost"}},
            },
            "resources": {
                "net": {"uri": "/net", "media-type": alto("networkmap")},
                "cost": {
                    "uri": "/cost", "media-type": alto("costmap"), "uses": ["net"],
                    "capabilities": {"cost-type-names": ["num"]},
                },
            },
        });
        let all = json!({
            "/directory": [alto("directory"), directory.to_string()],
            "/net": [alto("networkmap"), map],
            "/cost": [alto("costmap"), costs],
        });
        replace(&self.answers, &all.to_string()).unwrap();
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A refresh of `peer`, which is there at once: what it rests on, and its addresses.
fn list(peer: &Peer) -> (String, Vec<String>) {
    let begin = Instant::now();
    let answer = peer.refresh("film");
    assert!(begin.elapsed() < AT_ONCE, "{:?}", begin.elapsed());
    let all = addresses(&answer).into_iter().map(str::to_owned).collect();
    (answer["status"]["ranked-by"].as_str().unwrap().to_owned(), all)
}

fn until(peer: &Peer, is_so: impl Fn(&(String, Vec<String>)) -> bool) -> (String, Vec<String>) {
    until_seen("the list is as wanted", || list(peer), is_so)
}

const A1: &str = "127.1.1.10";
const A2: &str = "127.1.2.10";
const B1: &str = "127.2.1.10";
const B2: &str = "127.2.2.10";
const C1: &str = "127.3.1.10";
const C2: &str = "127.3.2.10";
const D1: &str = "127.4.1.10";

fn sorted(addresses: &[String]) -> Vec<&str> {
    let mut all: Vec<&str> = addresses.iter().map(String::as_str).collect();
    all.sort_unstable();
    all
}

struct World {
    a: Unis,
    b: Unis,
    c: Liar,
    d: Unis,
    p2psp: P2psp,
    _folder: tempfile::TempDir,
}

impl World {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        p2psp::found(&at.join("p2psp")).unwrap();
        let (a, b) = (unis(at, "a", &inventory(1, 2, 3)), unis(at, "b", &inventory(2, 3, 1)));
        let d = unis(at, "d", &inventory(4, 1, 2));
        // It lends the liar its keys and goes.
        let donor = unis(at, "c", &inventory(3, 1, 2));
        let pki = at.join("c-pki");
        let mut copy = std::process::Command::new("cp");
        assert!(copy.arg("-r").arg(donor.pki("")).arg(&pki).status().unwrap().success());
        drop(donor);
        let c = Liar::start(at, &pki);
        c.says("first", ["1", "2", "30", "40"]);
        let of = |unis: &Unis| (unis.url.replace("127.0.0.1", "localhost"), unis.pki(""));
        let isps: String = [
            ("a", 1, of(&a), "maps"),
            ("b", 2, of(&b), "maps"),
            ("c", 3, (c.url.clone(), pki), "maps"),
            ("d", 4, of(&d), "endpoint-cost"),
        ]
        .into_iter()
        .map(|(name, number, (url, pki), kind)| agreement(name, number, (&url, &pki), kind))
        .collect();
        let config = at.join("p2psp.toml");
        std::fs::write(&config, format!("call-timeout-ms = 3000\n{isps}")).unwrap();
        let config = config.display().to_string();
        let p2psp = P2psp::start(&at.join("p2psp"), &["--config", &config]).unwrap();
        Self { a, b, c, d, p2psp, _folder: folder }
    }

    /// An overlay with a member at each of the addresses.
    fn members(&self) -> Vec<Peer> {
        let operator = self.p2psp.operator("127.0.0.9");
        let film = json!({"overlay-id": "film"});
        assert_eq!(operator.ask("POST", "/oms/overlay", Some(&film)).status, 201);
        let places = [A1, A2, B1, B2, C1, C2, D1].into_iter().enumerate();
        let member = |(number, place): (usize, &str)| {
            let peer = self.p2psp.enrol(&format!("user-{number}"), place).unwrap();
            let _ = peer.join("film");
            peer
        };
        places.map(member).collect()
    }
}

/// By each ISP's own inventory: the own network, then the peer beside it, then transit; a member of
/// whom its map says nothing stands last.
#[test]
fn each_peer_is_ranked_with_the_view_of_its_own_isp_whatever_the_others_do() {
    let world = World::start();
    let members = world.members();
    let (anna, bert, carl, dora) = (&members[0], &members[2], &members[4], &members[6]);
    let by_map = |found: &(String, Vec<String>)| found.0 == "map";
    for peer in [anna, bert, carl] {
        until(peer, by_map);
    }
    assert_eq!(list(anna).1[0], A2);
    assert_eq!(sorted(&list(anna).1[1..3]), [B1, B2]);
    assert_eq!(sorted(&list(anna).1[3..5]), [C1, C2]);
    assert_eq!(list(bert).1[0], B2);
    assert_eq!(sorted(&list(bert).1[1..3]), [C1, C2]);
    assert_eq!(sorted(&list(bert).1[3..5]), [A1, A2]);
    assert_eq!(list(carl).1[0], C2);
    assert_eq!(sorted(&list(carl).1[1..3]), [A1, A2]);
    // The one that gives no map is asked.
    let (by, found) = list(dora);
    assert_eq!((&*by, sorted(&found[..2])), ("ecs", vec![A1, A2]));
    // Where it has a cost to nobody its answer ranks nothing.
    let song = json!({"overlay-id": "song"});
    let operator = world.p2psp.operator("127.0.0.9");
    assert_eq!(operator.ask("POST", "/oms/overlay", Some(&song)).status, 201);
    let _ = carl.join("song");
    let status = dora.join("song")["status"].clone();
    assert_eq!(
        (&status["ranked-by"], &status["peer_info_list"][0]["rank"]),
        (&json!("score"), &json!(null))
    );

    // How old each map is, for whoever watches: when it was fetched and last found right.
    let dated = |name: &str| -> Vec<(String, f64)> {
        let scrape = Scrape::of(&world.p2psp.daemon.admin);
        let all = scrape.labelled(&format!("p2psp_isp_map_{name}_unix_seconds"));
        all.into_iter().map(|(isp, at)| (isp.to_owned(), at)).collect()
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    for name in ["fetched", "checked"] {
        let mut all = until_seen("maps are dated", || dated(name), |all| all.len() == 3);
        all.sort_by(|one, other| one.0.cmp(&other.0));
        for (isp, at) in all.into_iter().zip(["a", "b", "c"]).map(|((isp, at), name)| {
            assert_eq!(isp, format!("isp=\"{name}\""));
            (name, at)
        }) {
            assert!((now - 600.0..now + 600.0).contains(&at), "{isp}: {at}");
        }
    }

    // One is killed, one hangs: their peers' lists grow old, and the others' do not.
    world.b.signal("KILL").unwrap();
    world.d.signal("STOP").unwrap();
    let (_, found) = until(bert, |found| found.0 == "stale-map");
    assert_eq!((found.len(), &*found[0]), (6, B2));
    assert_eq!((list(dora).0.as_str(), list(dora).1.len()), ("score", 6));
    assert_eq!(until(anna, by_map).1.len(), 6);
    world.a.signal("STOP").unwrap();
    let (_, found) = until(anna, |found| found.0 == "stale-map");
    assert_eq!((found.len(), &*found[0]), (6, A2));
    until(carl, by_map);
    world.a.signal("CONT").unwrap();
    until(anna, by_map);
    world.d.signal("CONT").unwrap();
    until(dora, |found| found.0 == "ecs");
}

/// An ISP that says what cannot be: everybody stays on the list, which comes in time and says what
/// it rests on; sense brings the order back.
#[test]
fn nonsense_of_an_isp_is_refused_or_borne_and_ends_with_it() {
    let world = World::start();
    let members = world.members();
    let carl = &members[4];
    until(carl, |found| found.0 == "map");
    let good = |tag: &str| {
        world.c.says(tag, ["1", "2", "30", "40"]);
        until(carl, |found| {
            found.0 == "map" && found.1[0] == C2 && found.1[1].starts_with("127.1")
        });
    };
    good("first");
    for (number, (what, costs)) in [
        ("negative", ["-1", "-2", "-30", "-40"]),
        ("no number", ["\"NaN\"", "NaN", "null", "{}"]),
        ("huge", ["1e308", "1e309", "1e400", "1e308"]),
        ("all nothing", ["0", "0", "0", "0"]),
    ]
    .into_iter()
    .enumerate()
    {
        world.c.says(&format!("lie-{number}"), costs);
        // Until the map before has grown old, each list is whole.
        let since = Instant::now();
        let rests_on = || {
            let (by, found) = list(carl);
            assert_eq!(found.len(), 6, "{what}: {found:?}");
            assert!(["map", "stale-map", "score"].contains(&&*by), "{what}: {by}");
            by
        };
        // That all cost nothing may be believed.
        let is_over = |by: &String| match what {
            "all nothing" => since.elapsed() > Duration::from_secs(5),
            _ => by != "map",
        };
        until_seen(&format!("{what} is not believed"), rests_on, is_over);
        good(&format!("good-{number}"));
    }
    // Costs of PIDs that are in no network map; no JSON; a map that does not end its answer.
    let map: Value = json!({
        "meta": {"vtag": {"resource-id": "net", "tag": "x"}},
        "network-map": {"Z": {"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]}},
    });
    let costs = json!({
        "meta": {
            "dependent-vtags": [{"resource-id": "net", "tag": "x"}],
            "cost-type": {"cost-mode": "numerical", "cost-metric": "routingcost"},
        },
        "cost-map": {"Q": {"R": 1}, "C1": {"C2": 1}},
    });
    for (number, (map, costs)) in
        [(map.to_string(), costs.to_string()), ("{".into(), "]".into())].into_iter().enumerate()
    {
        world.c.answers(&map, &costs);
        let (_, found) = until(carl, |found| found.0 != "map");
        assert_eq!(found.len(), 6, "{found:?}");
        good(&format!("again-{number}"));
    }
    let slow =
        json!({"/directory": ["wait", "30"], "/net": ["wait", "30"], "/cost": ["wait", "30"]});
    replace(&world.c.answers, &slow.to_string()).unwrap();
    let (by, found) = until(carl, |found| found.0 != "map");
    assert_eq!((&*by, found.len()), ("stale-map", 6));
}
