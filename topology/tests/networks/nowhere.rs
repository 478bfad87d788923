//! Prefixes that a table or a feed has on no node, inside wider ones that it has on one.
//!
//! ```text
//!   A ──2── B          A in Milan, B in Berlin; as1 on A
//!   │
//!  as1
//! ```

use std::net::Ipv4Addr;

use netmap::{IpNet, Ipv4Net};
use proptest::prelude::{Strategy, any, prop, prop_assert_eq, proptest};
use topology::{Kind, Network, Options};

use crate::dumps::{Route, route, text};
use crate::files::{Files, node_of, noted, warned};

const GRAPH: &str = r#"{"nodes": [
    {"id": 1, "name": "A", "latitude": 45.46, "longitude": 9.19},
    {"id": 2, "name": "B", "latitude": 52.52, "longitude": 13.41}],
    "links": [{"source": 1, "target": 2, "weight": 2}]}"#;
const ROWS: &str = "as,name,relation,pop,external_node\n1,One,transit,A,\n";

fn load(more: &[(&str, String)]) -> Network {
    let mut files =
        Files::new().with("nodelink", "g.json", GRAPH).with("neighbours", "n.csv", ROWS);
    for (format, content) in more {
        files = files.with(format, &format!("f.{format}"), content);
    }
    files.load(&Options { asn: Some(680), ..Options::default() }).unwrap()
}

fn of_default(network: &Network) -> usize {
    network.pids().iter().find(|entry| entry.kind == Kind::Default).unwrap().prefixes
}

#[test]
fn own_addresses_out_of_a_providers_block_are_not_the_providers() {
    let routes = [
        route("10.0.0.0/8", "1"),
        // The own AS's, one inside the other; nobody's, with one of the provider's inside.
        route("10.7.0.0/16", "680"),
        route("10.7.1.0/24", ""),
        route("10.9.0.0/16", "7 8"),
        route("10.9.9.0/24", "7 1"),
        // The own AS's in what a list has on B, and what a list has itself.
        route("10.13.0.0/16", "680"),
        route("10.20.0.0/16", "680"),
    ];
    let list = "prefix,pop\n10.12.0.0/14,B\n10.20.0.0/16,A\n".to_owned();
    let network = load(&[("bgpdump", text(&routes)), ("prefixes", list)]);
    for (address, node) in [
        ("10.1.0.1", Some("as1")),
        ("10.7.0.1", None),
        ("10.7.1.1", None),
        ("10.9.0.1", None),
        ("10.9.9.1", Some("as1")),
        ("10.12.0.1", Some("B")),
        ("10.13.0.1", Some("B")),
        ("10.20.0.1", Some("A")),
    ] {
        assert_eq!(node_of(&network, address).as_deref(), node, "{address}");
    }
    // The two of all addresses, 10.7.0.0/16 and 10.9.0.0/16.
    assert_eq!(of_default(&network), 4);
    assert!(noted(&network, "stay with other sources or in the default PID: 2"));
    assert_eq!(warned(&network), []);
}

#[test]
fn what_a_feed_has_nowhere_by_intention_is_not_where_a_wider_row_is() {
    let feed = "10.0.0.0/8,IT,,Milano,\n10.1.0.0/16,ZZ,,,\n10.2.0.0/16,,,,\n\
                10.3.0.0/16,IT,,Milano,\n";
    let network = load(&[("geofeed", feed.to_owned())]);
    for (address, node) in
        [("10.0.0.1", Some("A")), ("10.1.0.1", None), ("10.2.0.1", None), ("10.3.0.1", Some("A"))]
    {
        assert_eq!(node_of(&network, address).as_deref(), node, "{address}");
    }
    // A list has it all the same, itself or by a wider prefix.
    let list = "prefix,pop\n10.1.0.0/16,B\n10.2.0.0/15,B\n".to_owned();
    let network = load(&[("geofeed", feed.to_owned()), ("prefixes", list)]);
    assert_eq!(node_of(&network, "10.1.0.1").as_deref(), Some("B"));
    assert_eq!(node_of(&network, "10.2.0.1").as_deref(), Some("B"));
    assert_eq!(of_default(&network), 2);
}

/// Prefixes of 10.0.0.0/8, of 9 to 16 bits.
fn prefix() -> impl Strategy<Value = IpNet> {
    (any::<u8>(), 9_u8..=16).prop_map(|(byte, length)| {
        IpNet::V4(Ipv4Net::new(Ipv4Addr::new(10, byte, 0, 0), length).unwrap().trunc())
    })
}

/// By looking at every row: the longest of a table counts, and where that is on no node, the
/// longest of the list.
fn by_hand(routes: &[Route], list: &[IpNet], address: Ipv4Addr) -> Option<&'static str> {
    let address = IpNet::from(std::net::IpAddr::V4(address));
    let longest = |prefixes: &mut dyn Iterator<Item = IpNet>| {
        prefixes.filter(|prefix| prefix.contains(&address)).map(|prefix| prefix.prefix_len()).max()
    };
    let on_b = longest(&mut list.iter().copied());
    let in_table = longest(&mut routes.iter().map(|route| route.prefix));
    let at_one = routes.iter().find(|route| {
        route.prefix.contains(&address) && Some(route.prefix.prefix_len()) == in_table
    });
    let at_one = at_one.is_some_and(|route| route.path[0].1 == [1]);
    match (on_b, in_table) {
        (Some(_), _) if on_b >= in_table || !at_one => Some("B"),
        (_, Some(_)) if at_one => Some("as1"),
        _ => None,
    }
}

proptest! {
    #[test]
    fn the_longest_row_of_each_source_counts(
        rows in prop::collection::btree_map(prefix(), any::<bool>(), 1..24),
        list in prop::collection::btree_set(prefix(), 1..8),
    ) {
        let path = |own: bool| if own { "680" } else { "1" };
        let routes: Vec<Route> =
            rows.iter().map(|(prefix, own)| route(&prefix.to_string(), path(*own))).collect();
        let list: Vec<IpNet> = list.into_iter().collect();
        let listed: String = list.iter().map(|prefix| format!("{prefix},B\n")).collect();
        let network =
            load(&[("bgpdump", text(&routes)), ("prefixes", format!("prefix,pop\n{listed}"))]);
        for byte in 0..=255 {
            let address = Ipv4Addr::new(10, byte, 0, 1);
            let node = node_of(&network, &address.to_string());
            prop_assert_eq!(node.as_deref(), by_hand(&routes, &list, address), "{}", address);
        }
    }
}
