//! RFC 7285 §5, §10 and §11.2.1-11.2.2: network maps, row by row.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use alto_client::{Client, FollowSettings, Follower};
use serde_json::{Value, json};
use system_tests::canned::{Canned, Server};
use system_tests::data;
use system_tests::http::get;
use system_tests::maps::{Maps, cost_map, network_map};
use system_tests::resource::{COST_MAP, DIRECTORY, NETWORK_MAP, NETWORK_MAP_FILTERED, PROPERTY};
use system_tests::unis::{self, Unis};

fn server() -> anyhow::Result<Unis> {
    Unis::plain(&data::rfc7285(), &[])
}

/// A server of these PIDs, without costs.
fn serving(pids: Value) -> anyhow::Result<(Unis, Maps)> {
    let maps = Maps::network(pids)?;
    let unis = Unis::plain(&maps.sources(), &["--set", "reload-poll-seconds=0"])?;
    Ok((unis, maps))
}

fn map(unis: &Unis) -> Value {
    get(&unis.at("network-map")).json()
}

fn tag(unis: &Unis) -> String {
    map(unis)["meta"]["vtag"]["tag"].as_str().unwrap_or_default().to_owned()
}

/// The PID of each address, as the endpoint property service says.
fn pids_of(unis: &Unis, addresses: &[IpAddr]) -> Vec<String> {
    let typed = addresses.iter().map(|address| match address {
        IpAddr::V4(address) => format!("ipv4:{address}"),
        IpAddr::V6(address) => format!("ipv6:{address}"),
    });
    let typed: Vec<String> = typed.collect();
    let query = json!({"properties": ["network-map.pid"], "endpoints": typed}).to_string();
    let answer = PROPERTY.post(unis, query).json()[PROPERTY.data].clone();
    let pid = |endpoint: &String| {
        answer[endpoint]["network-map.pid"].as_str().unwrap_or("none").to_owned()
    };
    typed.iter().map(pid).collect()
}

/// What the loader says to a network map of these PIDs: exit code and error.
fn verdict(pids: Value) -> anyhow::Result<(i32, String)> {
    let verdict = Maps::network(pids)?.check()?;
    Ok((verdict.exit, verdict.report["error"].as_str().unwrap_or_default().to_owned()))
}

#[test]
fn d1_there_is_a_network_map_and_it_is_the_one_of_the_rfc() {
    let pids = json!({
        "PID1": {"ipv4": ["192.0.2.0/24", "198.51.100.0/25"]},
        "PID2": {"ipv4": ["198.51.100.128/25"]},
        "PID3": {"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]},
    });
    assert_eq!(map(&server().unwrap())["network-map"], pids, "§11.2.1.7");
}

#[test]
fn d2_the_version_tag_names_the_map_as_the_directory_does() {
    let unis = server().unwrap();
    let meta = map(&unis)["meta"].clone();
    let default = get(&unis.url).json()["meta"]["default-alto-network-map"].clone();
    assert_eq!(meta["vtag"]["resource-id"], default);
    assert!(meta["vtag"]["tag"].as_str().is_some_and(|tag| !tag.is_empty()));
}

#[test]
fn d3_every_pid_is_in_the_map_even_one_without_addresses() {
    let (unis, _maps) =
        serving(json!({"ALL": {"ipv4": ["0.0.0.0/0"]}, "NONE": {}, "NO4": {"ipv4": []}})).unwrap();
    assert_eq!(
        map(&unis)["network-map"],
        json!({"ALL": {"ipv4": ["0.0.0.0/0"]}, "NONE": {}, "NO4": {}})
    );
    let unis = Unis::plain(&data::germany50(), &[]).unwrap();
    // 50 cities, 11 neighbours, and the rest.
    assert_eq!(map(&unis)["network-map"].as_object().unwrap().len(), 62);
}

#[test]
fn d4_the_tag_changes_with_the_content_and_only_with_it() {
    let maps = Maps::rfc7285().unwrap();
    let unis = Unis::plain(&maps.sources(), &["--set", "reload-poll-seconds=0"]).unwrap();
    let reloaded = |file: &str, document: Value| {
        maps.put(file, &document).unwrap();
        unis.signal("HUP").unwrap();
        unis.wait_for_log("map reloaded").unwrap();
        tag(&unis)
    };
    let first = tag(&unis);
    let costs = reloaded(
        "cost-map.json",
        cost_map("routingcost", "numerical", json!({"PID1": {"PID2": 7}})),
    );
    assert_eq!(costs, first, "costs are none of the network map's content");
    let pids = |of_pid2: &[&str], more: Value| {
        let mut pids = json!({
            "PID3": {"ipv6": ["0:0::/0"], "ipv4": ["0.0.0.0/0"]},
            "PID2": {"ipv4": of_pid2},
            "PID1": {"ipv4": ["198.51.100.0/25", "192.0.2.0/24"]},
        });
        pids.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        network_map(pids)
    };
    let same = reloaded("network-map.json", pids(&["198.51.100.128/25"], json!({})));
    assert_eq!(same, first, "the same content, written otherwise");
    let mut seen = vec![first.clone()];
    for (of_pid2, more) in [
        (vec!["198.51.100.128/26", "198.51.100.192/26"], json!({})),
        (vec!["198.51.100.128/25", "203.0.113.0/24"], json!({})),
        (vec![], json!({"PID4": {"ipv4": ["198.51.100.128/25"]}})),
        (vec!["198.51.100.128/25"], json!({"PID4": {}})),
    ] {
        seen.push(reloaded("network-map.json", pids(&of_pid2, more)));
    }
    let distinct: std::collections::BTreeSet<&String> = seen.iter().collect();
    assert_eq!(distinct.len(), seen.len(), "{seen:?}");
    assert_eq!(
        reloaded("network-map.json", pids(&["198.51.100.128/25"], json!({}))),
        first,
        "and back"
    );
}

#[test]
fn d5_the_tag_is_a_hash_of_the_content_in_up_to_64_printable_characters() {
    let tags =
        [server(), server(), Unis::plain(&data::small(), &[])].map(|unis| tag(&unis.unwrap()));
    for tag in &tags {
        assert!(
            (1..=64).contains(&tag.len()) && tag.bytes().all(|byte| (0x21..=0x7e).contains(&byte)),
            "{tag}"
        );
    }
    assert_eq!(tags[0], tags[1], "two servers of the same data agree");
    assert_ne!(tags[0], tags[2]);
}

#[test]
fn d6_pid_names_keep_to_the_grammar() {
    let longest = "x".repeat(64);
    for good in ["a", "0", "a:b@c_d-E9", &longest] {
        // 1: there is no cost map, which is warned of.
        assert_eq!(verdict(json!({good: {"ipv4": ["0.0.0.0/0"]}})).unwrap().0, 1, "{good}");
    }
    let too_long = "x".repeat(65);
    for bad in ["", "a.b", "a b", "ü", "a/b", "a\nb", &too_long] {
        let (exit, error) = verdict(json!({bad: {"ipv4": ["0.0.0.0/0"]}})).unwrap();
        assert_eq!(exit, 2, "{bad:?}");
        assert!(error.contains("PID name"), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cities.toml");
    std::fs::write(&file, "[[pop]]\nname = \"St. Gallen/1\"\n[[pop]]\nname = \"Zürich\"\n")
        .unwrap();
    let unis = Unis::plain(&[format!("inventory={}", file.display())], &[]).unwrap();
    let names = map(&unis)["network-map"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        names,
        ["St__Gallen_1", "Z_rich", "default"],
        "what names a node is written as a PID may be"
    );
}

#[test]
fn d7_the_longest_prefix_decides() {
    let pids = json!({
        "P0": {"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]},
        "P1": {"ipv4": ["10.0.0.0/8", "10.1.2.128/25"], "ipv6": ["2001:db8::/32"]},
        "P2": {"ipv4": ["10.1.0.0/16", "10.1.2.3/32"], "ipv6": ["2001:db8:0:1::/64"]},
        "P3": {"ipv4": ["10.1.2.0/24"], "ipv6": ["2001:db8:0:1::5/128", "2001:db8:8000::/33"]},
    });
    let mut prefixes = Vec::new();
    for (pid, groups) in
        serde_json::from_value::<BTreeMap<String, BTreeMap<String, Vec<String>>>>(pids.clone())
            .unwrap()
    {
        for text in groups.into_values().flatten() {
            let (network, length) = text.split_once('/').unwrap();
            prefixes.push((
                network.parse::<IpAddr>().unwrap(),
                length.parse::<u32>().unwrap(),
                pid.clone(),
            ));
        }
    }
    // A linear scan over all prefixes: those that contain the address, and of them the longest.
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, 4),
        IpAddr::V6(address) => (address.to_bits(), 6),
    };
    let expected = |address: IpAddr| {
        let contains = |network: IpAddr, length: u32| {
            let ((network, kind), (address, own)) = (bits(network), bits(address));
            kind == own && (length == 0 || (network ^ address) >> (128 - length) == 0)
        };
        let of = prefixes.iter().filter(|(network, length, _)| contains(*network, *length));
        of.max_by_key(|(_, length, _)| *length).map(|(_, _, pid)| pid.clone()).unwrap()
    };
    let ipv4 = [
        0x0901_0203_u32,
        0x0a00_0000,
        0x0a01_0000,
        0x0a01_0200,
        0x0a01_0203,
        0x0a01_0280,
        0x0aff_ffff,
        0x0b00_0000,
    ];
    let ipv4 = ipv4
        .iter()
        .flat_map(|base| [base.wrapping_sub(1), *base, base + 1])
        .map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)));
    let low = 0x2001_0db8_u128 << 96;
    let ipv6 = [low, low + (1 << 64), low + (1 << 64) + 5, low + (1 << 95), low + (1 << 96)];
    let ipv6 = ipv6
        .iter()
        .flat_map(|base| [base - 1, *base, base + 1])
        .map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits)));
    let addresses: Vec<IpAddr> = ipv4.chain(ipv6).collect();
    let (unis, _maps) = serving(pids).unwrap();
    let expected: Vec<String> = addresses.iter().map(|address| expected(*address)).collect();
    // Each address alone, so that the order of the answer plays no part.
    let got: Vec<String> =
        addresses.iter().flat_map(|address| pids_of(&unis, &[*address])).collect();
    assert_eq!(got, expected);
    assert!(["P0", "P1", "P2", "P3"].iter().all(|pid| got.iter().any(|found| found == pid)));
}

#[test]
fn d8_every_address_of_a_family_that_occurs_has_a_pid() {
    for (pids, refused) in [
        (json!({"A": {"ipv4": ["10.0.0.0/8"]}}), true),
        (json!({"A": {"ipv4": ["0.0.0.0/0"], "ipv6": ["2001:db8::/32"]}}), true),
        (json!({"A": {"ipv4": ["0.0.0.0/1"]}, "B": {"ipv4": ["128.0.0.0/2"]}}), true),
        (json!({"A": {"ipv4": ["0.0.0.0/1"]}, "B": {"ipv4": ["128.0.0.0/1"]}}), false),
        (json!({"A": {"ipv4": ["0.0.0.0/0"]}}), false),
        (json!({"A": {"ipv6": ["::/0"]}}), false),
    ] {
        let (got, error) = verdict(pids.clone()).unwrap();
        assert_eq!(got == 2, refused, "{pids}: {error}");
    }
    for sources in [data::germany50(), data::small()] {
        let unis = Unis::plain(&sources, &[]).unwrap();
        let rest = map(&unis)["network-map"]["default"].clone();
        assert_eq!(rest, json!({"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]}), "the recommended way");
    }
}

#[test]
fn d9_no_prefix_is_in_two_pids_however_it_is_written() {
    for (one, other) in [
        (("ipv4", "10.0.0.0/8"), ("ipv4", "10.1.0.0/8")),
        (("ipv4", "192.0.2.0/24"), ("ipv4", "192.0.2.0/24")),
        (("ipv6", "2001:DB8::/32"), ("ipv6", "2001:db8:0::/32")),
        (("ipv6", "2001:db8::/32"), ("ipv6", "2001:0db8:0000:0000:0000:0000:0000:0001/32")),
    ] {
        let pids = json!({
            "A": {one.0: [one.1]}, "B": {other.0: [other.1]},
            "REST": {"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]},
        });
        let (exit, error) = verdict(pids).unwrap();
        assert_eq!(exit, 2, "{one:?} {other:?}");
        assert!(error.contains("`A`") && error.contains("`B`"), "{error}");
    }
}

/// The map of §11.2.2.
fn example(of_pid3: &[&str]) -> Value {
    json!({
        "PID0": {"ipv6": ["::/0"]},
        "PID1": {"ipv4": ["0.0.0.0/0"]},
        "PID2": {"ipv4": ["192.0.2.0/24", "198.51.100.0/24"]},
        "PID3": {"ipv4": of_pid3},
    })
}

#[test]
fn d10_the_example_of_the_rfc_maps_192_0_2_1_to_pid3() {
    let (unis, _maps) = serving(example(&["192.0.2.0/25", "192.0.2.128/25"])).unwrap();
    let addresses = ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1"]
        .map(|text| text.parse().unwrap());
    assert_eq!(pids_of(&unis, &addresses), ["PID3", "PID2", "PID1", "PID0"]);
}

#[test]
fn d11_the_counterexample_of_the_rfc_is_refused() {
    let (exit, error) = verdict(example(&["192.0.2.0/24"])).unwrap();
    assert_eq!(exit, 2);
    for part in ["192.0.2.0/24", "PID2", "PID3", "network-map.json"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[tokio::test]
async fn d12_a_client_passes_over_unknown_address_types_and_knows_their_pid() {
    let pids = json!({"P": {"ipv4": ["0.0.0.0/0"], "mac": ["00-1B"]}, "MACS": {"mac": ["00-2A"]}});
    let root = json!({
        "meta": {
            "default-alto-network-map": "m",
            "cost-types": {"n": {"cost-mode": "numerical", "cost-metric": "routingcost"}},
        },
        "resources": {
            "m": {"uri": "/m", "media-type": NETWORK_MAP},
            "c": {"uri": "/c", "media-type": COST_MAP, "capabilities": {"cost-type-names": ["n"]}},
        },
    });
    let canned = Server::start(vec![
        ("/d", Canned::ok(DIRECTORY, root)),
        ("/m", Canned::ok(NETWORK_MAP, network_map(pids))),
        (
            "/c",
            Canned::ok(COST_MAP, cost_map("routingcost", "numerical", json!({"P": {"MACS": 3}}))),
        ),
    ])
    .unwrap();
    let http = link::client::Client::builder().plaintext(true).build();
    let builder = Client::builder(&canned.at("/d"), http).unwrap();
    let follower = Follower::start(builder, FollowSettings::default()).unwrap();
    follower.check().await;
    let followed = follower.current().unwrap();
    let snapshot = followed.snapshot();
    let (plain, macs) = (snapshot.pids().find("P").unwrap(), snapshot.pids().find("MACS").unwrap());
    assert!(snapshot.prefixes().of(macs).is_empty());
    assert_eq!(snapshot.matrix("routingcost").unwrap().cost(plain, macs).unwrap().value(), 3.0);
}

#[test]
fn d13_prefixes_are_written_in_their_canonical_form() {
    let (unis, _maps) = serving(json!({
        "REST": {"ipv4": ["0.0.0.0/0"], "ipv6": ["0:0:0:0:0:0:0:0/0"]},
        "A": {
            "ipv4": ["10.1.2.3/8"],
            "ipv6": ["2001:DB8:0:0:1:0:0:1/128", "2001:0db8:0:1:1:1:1:1/128", "2001:db8::FFFF/112"],
        },
    }))
    .unwrap();
    // RFC 5952 §4.2.2, §4.2.3 and §4.3; RFC 4632 §3.1.
    let expected = ["2001:db8::/112", "2001:db8::1:0:0:1/128", "2001:db8:0:1:1:1:1:1/128"];
    assert_eq!(map(&unis)["network-map"]["A"], json!({"ipv4": ["10.0.0.0/8"], "ipv6": expected}));
    assert_eq!(map(&unis)["network-map"]["REST"], json!({"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]}));
}

#[test]
fn d14_a_family_without_prefixes_is_left_out_everywhere() {
    let unis = server().unwrap();
    for answer in
        [map(&unis), NETWORK_MAP_FILTERED.post(&unis, r#"{"pids":["PID1","PID2"]}"#).json()]
    {
        assert_eq!(answer["network-map"]["PID2"], json!({"ipv4": ["198.51.100.128/25"]}));
    }
    let of_ipv6 =
        NETWORK_MAP_FILTERED.post(&unis, r#"{"pids":[],"address-types":["ipv6"]}"#).json();
    assert_eq!(of_ipv6["network-map"], json!({"PID1": {}, "PID2": {}, "PID3": {"ipv6": ["::/0"]}}));
}

/// The map of §16.1.1 is not made up by the server, which asks for one; it can be given.
#[test]
fn d15_without_a_map_nothing_is_served_and_the_simplest_one_can_be_given() {
    let output = unis::run(["check"]).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no network"));
    let pids = json!({"OWN": {"ipv4": ["192.0.2.0/24"]}, "REST": {"ipv4": ["0.0.0.0/0"]}});
    let costs = json!({"OWN": {"OWN": 1, "REST": 1}, "REST": {"OWN": 1, "REST": 1}});
    let cost_map = cost_map("routingcost", "numerical", costs.clone());
    let maps =
        Maps::of(&[("network-map.json", network_map(pids.clone())), ("cost-map.json", cost_map)])
            .unwrap();
    let unis = Unis::plain(&maps.sources(), &[]).unwrap();
    assert_eq!(map(&unis)["network-map"], pids);
    assert_eq!(get(&unis.at("cost-map-routingcost-numerical")).json()["cost-map"], costs);
}

#[test]
fn d16_no_address_type_but_the_registered_ones_is_sent() {
    let (unis, maps) = serving(json!({
        "A": {"ipv4": ["0.0.0.0/0"], "mac": ["00-00-5E-00-53-2A"], "eui64": []},
        "B": {"mac": ["00-00-5E-00-53-2B"]},
    }))
    .unwrap();
    assert_eq!(map(&unis)["network-map"], json!({"A": {"ipv4": ["0.0.0.0/0"]}, "B": {}}));
    let warnings = maps.check().unwrap().report["warnings"].clone();
    let skipped = warnings
        .as_array()
        .unwrap()
        .iter()
        .filter(|warning| warning["code"] == "skipped-address-type");
    assert_eq!(skipped.count(), 3, "{warnings}");
}
