//! Routing tables: prefixes by origin and path.
//!
//! ```text
//!   A ──2── B          X: external, on A; as1, as70000 on B
//!   │      ╱ ╲
//!   X    as1  as70000
//! ```

use netmap::Snapshot;
use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_oneof, proptest};
use topology::{Network, Options, code};

use crate::dumps::{Route, attribute, record, rib, route, table_dump, table_dump_v2, text};
use crate::files::{Files, node_of, noted, warned};

const GRAPH: &str = r#"{"nodes": [{"id": 1, "name": "A"}, {"id": 2, "name": "B"},
    {"id": 4, "name": "X", "external": true}],
    "links": [{"source": 1, "target": 2, "weight": 2}, {"source": 1, "target": 4, "weight": 2}]}"#;
/// AS 2 is met at X first, and AS 1 at its own node.
const ROWS: &str = "as,name,relation,pop,external_node\n2,Two,peer,A,X\n1,One,customer,B,\n\
    2,Two,peer,B,\n70000,Wide,transit,B,\n";

fn base() -> Files {
    Files::new().with("nodelink", "g.json", GRAPH).with("neighbours", "n.csv", ROWS)
}

fn options() -> Options {
    Options { asn: Some(680), ..Options::default() }
}

fn load(format: &str, content: impl AsRef<[u8]>) -> Result<Network, String> {
    base().with(format, "rib", content).load(&options())
}

fn places(network: &Network) -> Vec<String> {
    let snapshot: &Snapshot = network.snapshot();
    let rows = snapshot
        .prefixes()
        .iter()
        .map(|(prefix, pid)| format!("{prefix} {}", snapshot.pids().name(pid).as_str()));
    rows.filter(|row| !row.ends_with(" default")).collect()
}

fn routes() -> Vec<Route> {
    vec![
        // At their origin, whoever is before it; prepending counts for nothing.
        route("10.1.0.0/16", "2 3 1 1 1"),
        route("10.2.0.0/16", "1 2"),
        route("10.3.0.0/16", "3 70000"),
        // By the path: the first neighbour on it.
        route("10.4.0.0/16", "9 70000 2 8"),
        route("10.5.0.0/16", "2 {1,70000}"),
        route("10.6.0.0/16", "70000 {1}"),
        // The own AS's, and nobody's.
        route("10.7.0.0/16", "2 680 680"),
        route("10.7.1.0/24", ""),
        route("10.8.0.0/16", "7 8 9"),
        // Most routes decide, then the first.
        route("10.9.0.0/16", "3 1"),
        route("10.9.0.0/16", "3 2"),
        route("10.9.0.0/16", "4 2"),
        route("10.10.0.0/16", "3 1"),
        route("10.10.0.0/16", "3 2"),
        // Only the second route knows a neighbour.
        route("10.11.0.0/16", "7 8 9"),
        route("10.11.0.0/16", "2 9"),
        route("0.0.0.0/0", "1"),
        route("::/0", "1"),
        route("2001:db8::/32", "9 1"),
        route("2001:db8:1::/48", "9 4200000000 70000"),
    ]
}

const PLACES: [&str; 11] = [
    "10.1.0.0/16 as1",
    "10.2.0.0/16 X",
    "10.3.0.0/16 as70000",
    "10.4.0.0/16 as70000",
    "10.5.0.0/16 X",
    "10.6.0.0/16 as1",
    "10.9.0.0/16 X",
    "10.10.0.0/16 as1",
    "10.11.0.0/16 X",
    "2001:db8::/32 as1",
    "2001:db8:1::/48 as70000",
];

#[test]
fn every_way_of_writing_a_table_gives_the_same_map() {
    let routes = routes();
    let files = [
        ("mrt", table_dump_v2(&routes, false)),
        ("mrt", table_dump_v2(&routes, true)),
        ("mrt", table_dump(&routes)),
        ("bgpdump", text(&routes).into_bytes()),
    ];
    for (number, (format, file)) in files.into_iter().enumerate() {
        let network = load(format, file).unwrap();
        assert_eq!(places(&network), PLACES, "{format} {number}");
        assert_eq!(warned(&network), [], "{format} {number}");
        assert!(
            noted(
                &network,
                "routes 20, prefixes 14: at their origin 8, at a neighbour on the path 3, of the \
                 own AS 2, of nobody known 1; default routes 2"
            ),
            "{:?}",
            network.notes()
        );
    }
}

#[test]
fn a_list_stands_over_a_table_and_a_table_over_a_graph() {
    let toml = "[network]\nasn = 680\n[[pop]]\nname = \"A\"\nprefixes = [\"10.1.0.0/16\"]\n\
                [[neighbour]]\nas = 1\nrelation = \"peer\"\nat = [\"A\"]\n";
    let network = Files::new()
        .with("bgpdump", "rib", text(&routes()))
        .with("prefixes", "p.csv", "prefix,pop\n10.10.0.0/16,A\n")
        .with("inventory", "net.toml", toml)
        .network();
    assert_eq!(node_of(&network, "10.1.0.1").as_deref(), Some("as1"));
    assert_eq!(node_of(&network, "10.10.0.1").as_deref(), Some("A"));
    assert!(noted(&network, "prefixes that a routing table takes from the node of a graph: 1"));
    assert!(noted(&network, "prefixes that a list takes from the node of a routing table: 1"));
    // The inventory's AS is the own one: nothing is missing.
    assert_eq!(warned(&network), []);
}

#[test]
fn of_two_tables_the_first_counts_and_an_unknown_own_as_is_missing() {
    let network = base()
        .with("bgpdump", "one", text(&[route("10.0.0.0/8", "1")]))
        .with("mrt", "two", table_dump(&[route("10.0.0.0/8", "2"), route("11.0.0.0/8", "2")]))
        .network();
    assert_eq!(places(&network), ["10.0.0.0/8 as1", "11.0.0.0/8 X"]);
    assert_eq!(warned(&network), [(code::MISSING_ASN, None), (code::MISSING_ASN, None)]);
}

#[test]
fn a_table_that_is_cut_off_keeps_what_it_has() {
    let whole = table_dump_v2(&routes(), false);
    let network = load("mrt", &whole[..whole.len() - 5]).unwrap();
    assert_eq!(places(&network), PLACES[..10]);
    assert_eq!(warned(&network), [(code::TRUNCATED_TABLE, None)]);
    let message = &network.warnings()[0].message;
    assert!(message.contains("the file ends inside it; those before it count"), "{message}");
    // A header that claims more than there can be.
    let huge = [&whole[..], &[0, 0, 0, 0, 0, 13, 0, 2, 0xff, 0xff, 0xff, 0xff]].concat();
    let network = load("mrt", huge).unwrap();
    assert_eq!(places(&network), PLACES);
    assert!(network.warnings()[0].message.contains("claims 4294967295 bytes"));
    // Text inside a line.
    let whole = text(&routes());
    let network = load("bgpdump", &whole[..whole.len() - 60]).unwrap();
    assert_eq!(warned(&network), [(code::DAMAGED_ROUTE, Some(20))]);
    // Compressed bytes that end: the rows before count.
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    std::io::Write::write_all(&mut gzip, whole.as_bytes()).unwrap();
    let packed = gzip.finish().unwrap();
    let network = load("bgpdump", &packed[..packed.len() - 300]).unwrap();
    assert!(warned(&network).iter().any(|(code, _)| *code == code::TRUNCATED_TABLE));
}

#[test]
fn damaged_routes_cost_only_themselves() {
    let good = routes();
    // A segment of type 9, a path that ends too early, a prefix of 33 bits, bytes left over.
    let mut bad_type = rib(good[0].prefix, &good[..1], false);
    let at = bad_type.windows(2).position(|pair| pair == [2, 5]).unwrap();
    bad_type[at] = 9;
    let mut short = rib(good[1].prefix, &good[1..2], false);
    let at = short.windows(2).position(|pair| pair == [2, 2]).unwrap();
    short[at + 1] = 200;
    let mut long_prefix = rib(good[2].prefix, &good[2..3], false);
    long_prefix[4] = 33;
    let over = [rib(good[3].prefix, &good[3..4], false), vec![7]].concat();
    let file: Vec<u8> =
        [bad_type, short, long_prefix, over].iter().flat_map(|body| record(13, 2, body)).collect();
    let network = load("mrt", file).unwrap();
    assert_eq!(places(&network), ["10.4.0.0/16 as70000"]);
    assert_eq!(warned(&network), [(code::DAMAGED_ROUTE, None)]);
    let message = &network.warnings()[0].message;
    assert!(message.contains("skipped: 4; the first in record 1: an AS path has"), "{message}");
}

/// RFC 4271 §5.1.2, §6.3; RFC 5065 §5.1.
#[test]
fn a_route_of_the_own_as_has_an_empty_path_and_one_without_a_path_is_malformed() {
    // Attributes of a route each: ORIGIN alone, ORIGIN with an empty path, none, one of two members
    // of the confederation.
    let origin = attribute(1, &[0]);
    let empty = [origin.clone(), attribute(2, &[])].concat();
    let members = [3, 2, 0, 0, 0xfd, 0xe9, 0, 0, 0xfd, 0xea];
    let inside = [origin.clone(), attribute(2, &members)].concat();
    let file: Vec<u8> = [origin, empty, Vec::new(), inside]
        .into_iter()
        .zip(1_u8..)
        .flat_map(|(attributes, number)| {
            let head = [0, 0, 0, 1, 16, 10, number, 0, 1, 0, 0, 0, 0, 0, 9];
            let length = (attributes.len() as u16).to_be_bytes();
            record(13, 2, &[&head[..], &length, &attributes].concat())
        })
        .collect();
    let network = load("mrt", file).unwrap();
    assert_eq!(warned(&network), [(code::DAMAGED_ROUTE, None), (code::NO_PREFIXES, None)]);
    let message = &network.warnings()[0].message;
    assert!(message.contains("skipped: 1; the first in record 1: a route has attributes but no"));
    assert!(noted(
        &network,
        "routes 3, prefixes 3: at their origin 0, at a neighbour on the path 0, \
                             of the own AS 3, of nobody known 0"
    ));
}

#[test]
fn generic_records_and_host_bits_are_read_and_other_records_are_skipped() {
    let mut generic = rib("10.1.0.0/16".parse().unwrap(), &[route("10.1.0.0/16", "1")], false);
    generic.splice(4..4, [0, 1, 1]);
    let mut vpn = generic.clone();
    vpn[6] = 128;
    let host_bits = rib("10.2.3.4/12".parse().unwrap(), &[route("10.2.3.4/12", "2")], false);
    let file = [
        record(13, 6, &generic),
        record(13, 6, &vpn),
        record(13, 3, &host_bits),
        record(13, 2, &host_bits),
        record(16, 4, &[0; 40]),
        record(48, 0, &[]),
    ];
    let network = load("mrt", file.concat()).unwrap();
    assert_eq!(places(&network), ["10.0.0.0/12 X", "10.1.0.0/16 as1"]);
    let skipped = (code::SKIPPED_RECORD, None);
    assert_eq!(warned(&network), [(code::HOST_BITS, None), skipped, skipped, skipped]);
    let expected = ["skipped 1 updates", "skipped 2 records of tables", "skipped 1 records of unk"];
    for (warning, start) in network.warnings()[1..].iter().zip(expected) {
        assert!(warning.message.starts_with(start), "{}", warning.message);
    }
}

#[test]
fn what_is_no_table_is_refused() {
    let refusal = |format, content: &[u8]| load(format, content).err().unwrap();
    assert_eq!(refusal("mrt", b""), "rib: is empty");
    let updates = record(16, 4, &[0; 40]);
    assert!(refusal("mrt", &updates).starts_with("rib: holds 1 updates and no routing table"));
    let peers = record(13, 1, &[0; 8]);
    assert!(refusal("mrt", &peers).contains("none of its 1 records is one"));
    let cut = [peers.as_slice(), &peers[..15]].concat();
    assert!(refusal("mrt", &cut).ends_with("record 2: the file ends inside it"));
    // As long as a disk: zeros are records of no type and no length.
    let zeros = refusal("mrt", &vec![0; 1 << 20]);
    assert!(zeros.ends_with("its first 10001 records are of unknown type"), "{zeros}");
    assert!(refusal("mrt", b"prefix,pop\n192.0.2.0/24,A\n").contains("record 1: it claims"));
    assert!(refusal("mrt", &[7; 9]).contains("record 1: the file ends inside it"));
    assert!(refusal("bgpdump", b"").starts_with("rib: has no routes; expected lines TABLE_DUMP2|"));
    assert!(refusal("bgpdump", &[0x80; 5_000]).starts_with("rib: has no routes"));
    let update = "BGP4MP|1|A|192.0.2.9|1|10.0.0.0/8|1|IGP|192.0.2.9|0|0|||\n";
    assert!(refusal("bgpdump", update.as_bytes()).contains("holds 1 updates"));
    let endless = vec![b'x'; 4 << 20];
    assert!(refusal("bgpdump", &endless).starts_with("rib:1: line is longer than"));
}

#[test]
fn text_lines_with_path_identifiers_packet_numbers_and_dotted_numbers_are_read() {
    let file = "TABLE_DUMP2_AP|1|B|192.0.2.9|9|10.0.0.0/8|36|9 1|IGP|192.0.2.9|0|0|||\r\n\n\
                TABLE_DUMP|1|B|192.0.2.9|9|11.0.0.0/8|9 1.4464|IGP|192.0.2.9|0|0|||\n\
                BGP4MP|1|A|192.0.2.9|9|12.0.0.0/8|9 1|IGP|192.0.2.9|0|0|||\n\
                TABLE_DUMP2|1|B|192.0.2.9|9|13.0.0.0/33|9 1|IGP\nTABLE_DUMP2|1|B|1\n\
                TABLE_DUMP2|7|1|B|192.0.2.9|9|14.0.0.0/8|9 1|IGP|192.0.2.9|0|0|||\n";
    let network = load("bgpdump", file).unwrap();
    assert_eq!(places(&network), ["10.0.0.0/8 as1", "11.0.0.0/8 as70000", "14.0.0.0/8 as1"]);
    let damaged = |line| (code::DAMAGED_ROUTE, Some(line));
    assert_eq!(warned(&network), [damaged(5), damaged(6), (code::SKIPPED_RECORD, None)]);
}

#[test]
fn a_long_path_has_a_long_attribute() {
    let path = format!("{} 1", "9 ".repeat(100));
    assert_eq!(attribute(2, &[0; 402]).len(), 4 + 402);
    let network = load("mrt", table_dump_v2(&[route("10.0.0.0/8", &path)], false)).unwrap();
    assert_eq!(places(&network), ["10.0.0.0/8 as1"]);
}

/// A table in one of its writings, some bytes of it changed, and cut off somewhere.
fn damaged() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let routes = routes();
    let whole = prop_oneof![
        Just(("mrt", table_dump_v2(&routes, false))),
        Just(("mrt", table_dump_v2(&routes, true))),
        Just(("mrt", table_dump(&routes))),
        Just(("bgpdump", text(&routes).into_bytes())),
    ];
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12);
    (whole, changes, any::<prop::sample::Index>(), any::<bool>()).prop_map(
        |((format, mut bytes), changes, end, cut)| {
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if cut {
                bytes.truncate(end.index(bytes.len()));
            }
            (format, bytes)
        },
    )
}

proptest! {
    #[test]
    fn damaged_tables_load_or_are_refused_with_their_file((format, bytes) in damaged()) {
        if let Err(message) = load(format, bytes) {
            prop_assert!(message.starts_with("rib:"), "{}", message);
        }
    }
}
