//! Peers behind real NATs and firewalls, made with nftables in namespaces (TR 20002 §8.3.3;
//! Req-Traffic-070, Net-110 to Net-130): who meets whom how, and what relays count.
#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::process::Child;

use serde_json::Value;
use system_tests::net::missing;
use system_tests::net::nat::{Door, Home, Internet};
use system_tests::p2psp::P2psp;
use system_tests::peer::PeerProgram;
use system_tests::swarm::film;
use system_tests::wait::until_so;
use tempfile::TempDir;

/// What is fetched, where its size does not matter.
const SMALL: usize = 700_000;

/// An internet with a provider in it.
struct Scene {
    net: Internet,
    centre: Home,
    provider: P2psp,
    folder: TempDir,
    is_v6: bool,
}

impl Scene {
    /// `None`, and says why, where networks cannot be made.
    fn new(more: &[&str]) -> Option<Self> {
        Self::build(false, more)
    }

    fn build(is_v6: bool, more: &[&str]) -> Option<Self> {
        if let Some(why) = missing() {
            println!("skipped: {why}");
            return None;
        }
        let (net, folder) = (Internet::new().unwrap(), tempfile::tempdir().unwrap());
        let centre = net.home(Door::Open).unwrap();
        let address = if is_v6 { format!("[{}]", centre.ip6) } else { centre.ip.clone() };
        let quick = [
            "overlay.heartbeat-seconds=1",
            "overlay.expires-seconds=30",
            "reservation.server-heartbeat-seconds=1",
            "reservation.relay-bps=80000000",
        ];
        let quick = quick.iter().chain(more).flat_map(|setting| ["--set", setting]);
        let quick: Vec<&str> = quick.collect();
        let state = folder.path().join("provider");
        let provider = P2psp::start_in(&centre.host, &address, &state, &quick).unwrap();
        Some(Self { net, centre, provider, folder, is_v6 })
    }

    fn enrol(&self, user: &str, home: &Home) -> PeerProgram {
        let address = if self.is_v6 { &home.ip6 } else { &home.ip };
        let place = Some(&home.host);
        PeerProgram::enrol_in(place, &self.provider, (user, address), self.folder.path()).unwrap()
    }

    /// A peer that runs, in a new home.
    fn peer(&self, user: &str, door: Door) -> (PeerProgram, Home) {
        let home = self.net.home(door).unwrap();
        let mut peer = self.enrol(user, &home);
        peer.serve(&["--set", "log.level=debug"]).unwrap();
        (peer, home)
    }

    /// A relay that OMS knows.
    fn relay(&self, user: &str) -> (PeerProgram, Home) {
        let home = self.net.home(Door::Open).unwrap();
        let mut relay = self.enrol(user, &home);
        let listen = match self.is_v6 {
            true => format!("relay.listen=[{}]:0", home.ip6),
            false => format!("relay.listen={}:0", home.ip),
        };
        let known = self.servers();
        let roles = ["--set", "role=[\"peer\",\"relay\"]", "--set", &listen];
        // What is reserved is all that goes through.
        let strict = ["--set", "relay.bandwidth-kbps=1000000", "--set", "relay.lend-idle=false"];
        relay.serve(&[&roles[..], &strict[..]].concat()).unwrap();
        until_so("the relay is registered", || self.servers() > known);
        (relay, home)
    }

    fn servers(&self) -> usize {
        self.ask("/oms/servers").as_array().map_or(0, Vec::len)
    }

    /// The status of a peer as it tells PAMS now.
    fn pull(&self, peer: &PeerProgram) -> Value {
        let id = &peer.status().unwrap()["peer-id"];
        let asked = serde_json::json!({"peers": [id], "wait-s": 10}).to_string();
        let told = self.asked("/pams/pull", &["--data", &asked]);
        told["standings"][0]["status"].clone()
    }

    /// What the operator asks, from the provider's own host.
    fn ask(&self, path: &str) -> Value {
        self.asked(path, &[])
    }

    fn asked(&self, path: &str, more: &[&str]) -> Value {
        let file = |name: &str| self.provider.pki(name).display().to_string();
        let url = format!("{}{path}", self.provider.role("oms").url);
        let (ca, own, key) = (file("ca.pem"), file("client.pem"), file("client-key.pem"));
        let asked = ["-s", "--cacert", &ca, "--cert", &own, "--key", &key, &url];
        let said = self.centre.host.run("curl", &[&asked, more].concat()).unwrap();
        serde_json::from_str(&said).unwrap_or_default()
    }

    /// A film that is `user`'s alone.
    fn film(&self, user: &str, bytes: usize) -> (std::path::PathBuf, Vec<u8>) {
        let folder = self.folder.path().join(format!("films-{user}"));
        let add = |seed: u64, byte: u8| seed.wrapping_mul(31).wrapping_add(byte.into());
        let seed = user.bytes().fold(7, add);
        let film = film(&folder, seed, bytes).unwrap();
        let path = folder.join(format!("{user}.bin"));
        std::fs::rename(folder.join("film.bin"), &path).unwrap();
        (path, film)
    }

    /// Fetches to the end; what is told then. The file is as it was shared.
    fn get(&self, peer: &PeerProgram, (user, id): (&str, &str), film: &[u8]) -> Value {
        let folder = tempfile::tempdir_in(self.folder.path()).unwrap();
        let told = peer.get(id, folder.path()).unwrap();
        let got = std::fs::read(folder.path().join(format!("{user}.bin"))).unwrap();
        assert!(got == film, "not what {user} shared");
        told
    }

    /// Bytes from and to a holder, as relays have told: from it, to it.
    fn usage(&self, peer: &PeerProgram) -> (u64, u64) {
        let id = peer.status().unwrap()["peer-id"].as_str().unwrap().to_owned();
        let usage = self.ask(&format!("/oms/usage?peer-id={id}"));
        let accounts = usage.as_array().or_else(|| usage["accounts"].as_array()).cloned();
        let of = |name: &str| -> u64 {
            let theirs = accounts.iter().flatten().filter(|account| account["holder"] == id);
            theirs.filter_map(|account| account[name].as_u64()).sum()
        };
        (of("bytes-out"), of("bytes-in"))
    }
}

/// Until a peer knows what it is behind; `none`: OMS got through to it.
fn settled(peer: &PeerProgram, nat: &str) {
    let told = peer.until(|status| status["nat"] == nat);
    told.unwrap_or_else(|error| panic!("not {nat}: {error:#}"));
}

/// Bytes that came by a way.
fn by(told: &Value, path: &str) -> u64 {
    let ways = told["by-path"].as_array().into_iter().flatten();
    ways.filter(|way| way["path"] == path).filter_map(|way| way["bytes"].as_u64()).sum()
}

fn kind(door: Door) -> &'static str {
    match door {
        Door::Open | Door::FullCone => "none",
        Door::Restricted => "cone",
        Door::Symmetric => "symmetric",
        Door::Firewall => "blocked",
    }
}

/// How two of these meet (RFC 5389 NATs; measured for this kernel by themselves): whoever can be
/// dialled is dialled or dials, two that keep their mappings punch, the others need a relay.
fn way(source: Door, fetcher: Door) -> &'static str {
    match (source, fetcher) {
        (Door::Open | Door::FullCone, _) | (_, Door::Open | Door::FullCone) => "direct",
        (Door::Restricted, Door::Restricted) => "punched",
        _ => "relay",
    }
}

#[test]
fn each_pair_of_nats_is_passed_in_the_shortest_way_that_it_allows() {
    let Some(scene) = Scene::new(&[]) else { return };
    let _relay = scene.relay("rita");
    let doors = [Door::Open, Door::FullCone, Door::Restricted, Door::Symmetric];
    let sources = doors.map(|door| {
        let user = format!("source-{door:?}").to_lowercase();
        let (peer, home) = scene.peer(&user, door);
        let (path, film) = scene.film(&user, SMALL);
        let id = peer.share(&path).unwrap();
        (door, user, peer, home, id, film)
    });
    let fetchers = doors.map(|door| {
        let user = format!("fetcher-{door:?}").to_lowercase();
        let (peer, home) = scene.peer(&user, door);
        // Its first join tells it what it is behind.
        peer.share(&scene.film(&user, 1000).0).unwrap();
        (door, peer, home)
    });
    sources.iter().for_each(|(door, _, peer, ..)| settled(peer, kind(*door)));
    fetchers.iter().for_each(|(door, peer, _)| settled(peer, kind(*door)));
    for (source, user, peer, _, id, film) in &sources {
        until_so("the source has what others reach it by", || {
            let members = scene.ask(&format!("/oms/members?overlay-id={id}"));
            let member = &members[0];
            member["reach"] == "reachable" || !member["via"].is_null()
        });
        for (fetcher, other, _) in &fetchers {
            let told = scene.get(other, (user, id), film);
            // The next one is to get it from the source, too.
            other.run(&["stop", id]).unwrap();
            let expected = way(*source, *fetcher);
            assert!(
                by(&told, expected) >= film.len() as u64,
                "{source:?} to {fetcher:?}: {expected} expected: {told}\n{:?}",
                peer.status()
            );
        }
    }
}

#[test]
fn a_transfer_leaves_its_relay_for_a_punched_way_and_loses_nothing() {
    // 8 Mbit/s by the relay: four seconds at least for what comes by it.
    let Some(scene) = Scene::new(&["reservation.relay-bps=8000000"]) else { return };
    let _relay = scene.relay("rita");
    let (source, _home) = scene.peer("anna", Door::Restricted);
    let (path, film) = scene.film("anna", 12 << 20);
    let id = source.share(&path).unwrap();
    settled(&source, "cone");
    until_so("the source has a relay", || {
        !scene.ask(&format!("/oms/members?overlay-id={id}"))[0]["via"].is_null()
    });
    // A peer that does not know yet what it is behind.
    let home = scene.net.home(Door::Restricted).unwrap();
    let fetcher = scene.enrol("bert", &home);
    let told = scene.get(&fetcher, ("anna", &id), &film);
    let (relayed, punched) = (by(&told, "relay"), by(&told, "punched"));
    assert!(relayed > 0 && punched > 0, "{told}");
    // What was on its way by the relay came by it: next to nothing was fetched twice.
    assert!(relayed + punched <= film.len() as u64 + (1 << 20), "{told}");
}

#[test]
fn a_relay_that_is_killed_is_replaced_while_the_transfer_goes_on() {
    let Some(scene) = Scene::new(&["reservation.relay-bps=8000000"]) else { return };
    let (mut first, _first_home) = scene.relay("rita");
    let (source, _source_home) = scene.peer("anna", Door::Symmetric);
    let (path, film) = scene.film("anna", 10 << 20);
    let id = source.share(&path).unwrap();
    settled(&source, "symmetric");
    let (fetcher, _fetcher_home) = scene.peer("bert", Door::Symmetric);
    let folder = scene.folder.path().join("got");
    let mut getting = start_get(&fetcher, &id, &folder);
    let have = || {
        let status = fetcher.status().unwrap();
        let transfers = status["transfers"].as_array().cloned().unwrap_or_default();
        transfers
            .iter()
            .find(|it| it["content-id"] == *id)
            .map_or(0, |it| it["have"].as_u64().unwrap_or_default())
    };
    until_so("the transfer begins", || have() > 1 << 20);
    let status = scene.pull(&fetcher);
    assert_eq!((&status["relayed"], &status["punched"]), (&1.into(), &0.into()), "{status}");
    let (_second, _second_home) = scene.relay("sara");
    first.kill();
    assert!(have() < film.len() as u64, "it was over before the relay was killed");
    assert!(getting.wait().unwrap().success());
    assert!(std::fs::read(folder.join("anna.bin")).unwrap() == film);
}

fn start_get(peer: &PeerProgram, id: &str, folder: &std::path::Path) -> Child {
    peer.start(&["get", id, "-o", &folder.display().to_string(), "--json"]).unwrap()
}

/// Leases of four seconds, renewed at half of it: a transfer of twelve sees several. What the relay
/// has counted is what its kernel has, less headers.
#[test]
fn flow_8_3_3_leases_are_renewed_and_each_byte_is_counted_as_the_kernel_does() {
    let more = ["reservation.relay-lease-seconds=4", "reservation.relay-bps=4000000"];
    let Some(scene) = Scene::new(&more) else { return };
    let (_relay, relay_home) = scene.relay("rita");
    let (source, source_home) = scene.peer("anna", Door::Symmetric);
    let (path, film) = scene.film("anna", 6 << 20);
    let id = source.share(&path).unwrap();
    settled(&source, "symmetric");
    until_so("the source has a relay", || {
        !scene.ask(&format!("/oms/members?overlay-id={id}"))[0]["via"].is_null()
    });
    let (fetcher, _home) = scene.peer("bert", Door::Symmetric);
    let seen = &source_home.seen;
    relay_home
        .host
        .nft(&format!(
            "table ip count {{ counter inward {{ }}\n counter outward {{ }}\n\
         chain i {{ type filter hook input priority 0; ip saddr {seen} counter name inward; }}\n\
         chain o {{ type filter hook output priority 0; ip daddr {seen} counter name outward; }}\n\
         }}\n"
        ))
        .unwrap();
    let told = scene.get(&fetcher, ("anna", &id), &film);
    assert_eq!(by(&told, "relay"), film.len() as u64, "a circuit broke, or another way: {told}");
    until_so("the relay has told all", || scene.usage(&source).0 > film.len() as u64);
    let counted = relay_home.host.run("nft", &["-j", "list", "counters"]).unwrap();
    let counted: Value = serde_json::from_str(&counted).unwrap();
    let (from, to) = scene.usage(&source);
    for (name, used) in [("inward", from), ("outward", to)] {
        let counter = counted["nftables"].as_array().unwrap().iter();
        let counter = counter.map(|one| &one["counter"]).find(|one| one["name"] == name).unwrap();
        let (bytes, packets) =
            (counter["bytes"].as_u64().unwrap(), counter["packets"].as_u64().unwrap());
        // IPv4 20 bytes, TCP 20 to 40 with timestamps and acknowledged ranges; beside circuits
        // there is the connection that is kept: handshake, reservations, probes.
        assert!(used <= bytes - 40 * packets, "{name}: {used} of {counter}");
        assert!(used + (64 << 10) + 60 * packets >= bytes, "{name}: {used} of {counter}");
    }
}

/// With 2 MiB to each lease, 5 MiB need three: each is spent to its end, and no byte beyond.
#[test]
fn a_spent_quota_ends_a_lease_and_another_carries_on() {
    let more = [
        "reservation.relay-quota-bytes=2097152",
        "reservation.relay-bps=80000000",
        "reservation.max-per-holder=16",
    ];
    let Some(scene) = Scene::new(&more) else { return };
    let _relay = scene.relay("rita");
    let (source, _source_home) = scene.peer("anna", Door::Symmetric);
    let (path, film) = scene.film("anna", 5 << 20);
    let id = source.share(&path).unwrap();
    settled(&source, "symmetric");
    let (fetcher, _home) = scene.peer("bert", Door::Symmetric);
    let told = scene.get(&fetcher, ("anna", &id), &film);
    assert!(by(&told, "relay") >= film.len() as u64, "{told}");
    until_so("all of it is accounted for", || {
        let (from, to) = scene.usage(&source);
        from + to >= film.len() as u64
    });
}

#[test]
fn peers_meet_over_ipv6_openly_and_through_firewalls() {
    let Some(scene) = Scene::build(true, &[]) else { return };
    for (door, way) in [(Door::Open, "direct"), (Door::Firewall, "punched")] {
        let (from, to) = (format!("from-{door:?}"), format!("to-{door:?}"));
        let (from, to) = (from.to_lowercase(), to.to_lowercase());
        let (source, _source_home) = scene.peer(&from, door);
        let (path, film) = scene.film(&from, SMALL);
        let id = source.share(&path).unwrap();
        let (fetcher, _fetcher_home) = scene.peer(&to, door);
        fetcher.share(&scene.film(&to, 1000).0).unwrap();
        settled(&source, kind(door));
        settled(&fetcher, kind(door));
        let told = scene.get(&fetcher, (&from, &id), &film);
        assert_eq!(by(&told, way), film.len() as u64, "{told}");
    }
}
