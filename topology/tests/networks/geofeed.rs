//! Geofeeds: prefixes at the point of presence nearest to their city.
//!
//! ```text
//!   Berlin ── Muenchen ── MI-1 ── MI-2      MI-1, MI-2: Milan;  GEANT: external, in Frankfurt
//!     │
//!   GEANT
//! ```

use proptest::prelude::{ProptestConfig, any, prop, prop_assert, proptest};
use topology::{Network, Options, Weight, code};

use crate::files::{Files, node_of, noted, warned, weighing};

const GRAPH: &str = r#"{"nodes": [
    {"id": 1, "name": "Berlin", "latitude": 52.52, "longitude": 13.41},
    {"id": 2, "name": "Muenchen", "latitude": 48.14, "longitude": 11.58},
    {"id": 3, "name": "MI-2", "latitude": 45.46, "longitude": 9.19},
    {"id": 4, "name": "MI-1", "latitude": 45.46, "longitude": 9.19},
    {"id": 5, "name": "ZH", "latitude": 47.38, "longitude": 8.54},
    {"id": 6, "name": "GEANT", "external": true, "latitude": 50.11, "longitude": 8.68}],
    "links": [{"source": 1, "target": 2, "weight": 2}, {"source": 2, "target": 3, "weight": 2},
    {"source": 3, "target": 4, "weight": 2}, {"source": 4, "target": 5, "weight": 2},
    {"source": 1, "target": 6, "weight": 2}]}"#;

fn with(graph: &str, feed: impl AsRef<[u8]>) -> Files {
    Files::new().with("geofeed", "f.csv", feed).with("nodelink", "g.json", graph)
}

fn load(feed: impl AsRef<[u8]>) -> Network {
    with(GRAPH, feed).network()
}

#[test]
fn cities_go_to_the_nearest_node_in_whatever_language() {
    let feed = "192.0.2.0/28,DE,DE-BY,München,\n192.0.2.16/28,DE,DE-BY,Munich,\n\
                192.0.2.32/28,de,,MUENCHEN,80331\n192.0.2.48/28,DE,DE-BB,Potsdam,\n\
                192.0.2.64/28,IT,IT-25,Milano,\n192.0.2.80/28,IT,IT-45,\"Bologna\",\n\
                2001:db8::/32,CH,CH-ZH,Zürich,\n192.0.2.96/28,DE,DE-RP,Mainz (am Rhein),\n\
                192.0.2.112/28,DE,,Frankfurt (Oder),\n";
    let network = load(feed);
    assert_eq!(warned(&network), []);
    for (address, node) in [
        ("192.0.2.1", "Muenchen"),
        ("192.0.2.17", "Muenchen"),
        ("192.0.2.33", "Muenchen"),
        ("192.0.2.49", "Berlin"),
        // Of two at one place the first by key; both are 200 km from Bologna.
        ("192.0.2.65", "MI-1"),
        ("192.0.2.81", "MI-1"),
        ("2001:db8::1", "ZH"),
        // 290 km to Zurich, 317 to Munich; GEANT, at 33 km, is nobody's place.
        ("192.0.2.97", "ZH"),
        ("192.0.2.113", "Berlin"),
    ] {
        assert_eq!(node_of(&network, address).as_deref(), Some(node), "{address}");
    }
    assert!(noted(&network, "f.csv: rows 9, placed 9, without a place by intention 0"));
}

#[test]
fn feeds_are_read_as_they_are_written() {
    let feed = "\u{feff}# a comment, \"with\" a quote\r\nip_prefix,alpha2code,region,city,postal\r\n\
                \r\n192.0.2.0/24,DE,DE-BE,Berlin,,extra,columns\r\n198.51.100.7,DE,,Berlin\r\n\
                2001:db8::1,DE,,Berlin\r\n203.0.113.0/24,,,,\r\n10.0.0.0/8\r\n\
                11.0.0.0/8,ZZ,,,\r\n\
                192.0.2.128/25,IT,\"IT-25\",\"Milano\",";
    let network = load(feed);
    assert_eq!(warned(&network), []);
    assert_eq!(node_of(&network, "192.0.2.1").as_deref(), Some("Berlin"));
    assert_eq!(node_of(&network, "192.0.2.129").as_deref(), Some("MI-1"));
    assert_eq!(node_of(&network, "198.51.100.7").as_deref(), Some("Berlin"));
    assert_eq!(node_of(&network, "198.51.100.6"), None);
    assert_eq!(node_of(&network, "203.0.113.1"), None);
    assert!(noted(&network, "rows 7, placed 4, without a place by intention 3"));
    assert!(noted(&network, "the header line was passed over"));
}

#[test]
fn a_comment_may_follow_on_a_row() {
    let feed = "192.0.2.0/24,IT,IT-25,Milano,20121 # main, of \"old\n\
                198.51.100.0/24,DE,DE-BE,Berlin#2\n  # nothing, yet\n\
                203.0.113.0/24,DE,,\"Nirgendwo #1\",\n2001:db8::/32#,DE,,Berlin\n";
    let network = load(feed);
    assert_eq!(node_of(&network, "192.0.2.1").as_deref(), Some("MI-1"));
    assert_eq!(node_of(&network, "198.51.100.1").as_deref(), Some("Berlin"));
    assert_eq!(node_of(&network, "2001:db8::1"), None);
    assert!(noted(&network, "rows 4, placed 2, without a place by intention 1"));
    assert_eq!(warned(&network), [(code::UNKNOWN_PLACE, Some(4))]);
    assert!(network.warnings()[0].message.contains("`DE,,Nirgendwo #1`"));
}

#[test]
fn spreadsheets_and_old_programs_write_feeds_too() {
    let feed =
        b"192.0.2.0/24, \"de\" ,\"de-be\", \"berlin\" ,\r\n198.51.100.0/24,it,,M\xedlano,\r\n";
    let network = load(feed);
    assert_eq!(node_of(&network, "192.0.2.1").as_deref(), Some("Berlin"));
    assert_eq!(node_of(&network, "198.51.100.1").as_deref(), Some("MI-1"));
    assert_eq!(warned(&network), [(code::NOT_UTF_8, Some(2))]);
}

#[test]
fn bad_rows_cost_only_themselves_and_the_first_of_a_prefix_stands() {
    let feed = "192.0.2.77/24,DE,,Berlin,\n192.0.2.0/24,IT,,Milano,\nprefix,DE,,Berlin,\n\
                10.0.0.0/33,DE,,Berlin,\n0.0.0.0/0,DE,,Berlin,\n\"11.0.0.0/8,DE,,Berlin,\n\
                12.0.0.0/8,DE,,Nirgendwo,\n13.0.0.0/8,IT,,,\n14.0.0.0/8,DE,DE-BE,,\n";
    let network = load(feed);
    let skipped = |line| (code::SKIPPED_PREFIX, Some(line));
    let expected = [
        (code::HOST_BITS, Some(1)),
        skipped(3),
        skipped(4),
        skipped(5),
        skipped(6),
        (code::UNKNOWN_PLACE, Some(7)),
        (code::VAGUE_PLACE, Some(8)),
        (code::VAGUE_PLACE, Some(9)),
        (code::DUPLICATE_PREFIX, Some(2)),
    ];
    assert_eq!(warned(&network), expected);
    assert_eq!(node_of(&network, "192.0.2.1").as_deref(), Some("Berlin"));
}

#[test]
fn countries_and_regions_are_places_where_one_node_is_meant() {
    // The only node in Switzerland; the node that is called by the region's code.
    let feed = "192.0.2.0/25,CH,,,\n192.0.2.128/25,CH,CH-ZH,,\n198.51.100.0/24,CH,,Hinterwil,\n";
    let network = load(feed);
    assert_eq!(warned(&network), []);
    for address in ["192.0.2.1", "192.0.2.129", "198.51.100.1"] {
        assert_eq!(node_of(&network, address).as_deref(), Some("ZH"), "{address}");
    }
}

#[test]
fn without_coordinates_names_decide() {
    let graph = r#"{"nodes": [{"id": 1, "name": "Köln"}, {"id": 2, "name": "München-1"},
        {"id": 3, "name": "Hintertupfing"}], "links": [{"source": 1, "target": 2},
        {"source": 1, "target": 3}]}"#;
    let feed = "192.0.2.0/26,DE,,Cologne,\n192.0.2.64/26,DE,,Muenchen,\n\
                192.0.2.128/26,DE,,Hintertupfing,\n192.0.2.192/26,DE,,Hamburg,\n";
    let network = with(graph, feed).load(&weighing(Weight::Hops)).unwrap();
    assert_eq!(warned(&network), [(code::UNKNOWN_PLACE, Some(4))]);
    assert_eq!(node_of(&network, "192.0.2.1").as_deref(), Some("Köln"));
    assert_eq!(node_of(&network, "192.0.2.65").as_deref(), Some("München-1"));
    assert_eq!(node_of(&network, "192.0.2.129").as_deref(), Some("Hintertupfing"));
    assert_eq!(node_of(&network, "192.0.2.193"), None);
}

#[test]
fn a_feed_stands_over_a_list_and_what_it_cannot_place_stays() {
    let network = with(GRAPH, "192.0.2.0/24,IT,,Milano,\n198.51.100.0/24,DE,,,\n")
        .with("prefixes", "p.csv", "prefix,pop\n192.0.2.0/24,ZH\n198.51.100.0/24,ZH\n")
        .network();
    assert_eq!(warned(&network), [(code::VAGUE_PLACE, Some(2))]);
    assert_eq!(node_of(&network, "192.0.2.1").as_deref(), Some("MI-1"));
    assert_eq!(node_of(&network, "198.51.100.1").as_deref(), Some("ZH"));
    assert!(noted(&network, "prefixes that a geofeed takes from the node of a list: 1"));
}

#[test]
fn what_is_no_feed_is_refused() {
    let refusal = |feed: &[u8]| with(GRAPH, feed).refusal();
    assert!(refusal(b"a,b\nc,d\n").starts_with("f.csv: is no geofeed (RFC 8805)"));
    assert!(refusal(&[0xff; 3_000]).starts_with("f.csv: is no geofeed"));
    assert!(refusal(&[b'1'; 70_000]).starts_with("f.csv:1: line is longer than 65536 bytes"));
    // A feed may be empty.
    let network = load("# nothing yet\n");
    assert_eq!(warned(&network), [(code::NO_PREFIXES, None)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn damaged_feeds_load_or_are_refused_with_their_file(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        end in any::<prop::sample::Index>(),
    ) {
        let mut feed = b"\xef\xbb\xbf# c\n192.0.2.0/24,DE,DE-BY,\"M\xc3\xbcnchen\",\n\
            2001:db8::/32,IT,,Milano,20121\n10.0.0.0/8,,,,\n".to_vec();
        for (at, byte) in changes {
            let at = at.index(feed.len());
            feed[at] = byte;
        }
        feed.truncate(feed.len() - end.index(feed.len()) / 2);
        if let Err(message) = with(GRAPH, feed).load(&Options::default()) {
            prop_assert!(message.starts_with("f.csv:"), "{}", message);
        }
    }
}

#[test]
fn spreadsheets_separate_by_semicolons_or_tabs_and_old_ones_end_lines_by_carriage_returns() {
    for feed in [
        "192.0.2.0/28;DE;DE-BB;Potsdam, Mark;\n\"192.0.2.16/28\";DE;;\"München\";\n",
        "prefix\tcountry\tregion\tcity\n192.0.2.0/28\tDE\tDE-BB\tPotsdam\t\n192.0.2.16/28\tDE\t\tMunich\n",
        "# feed\r192.0.2.0/28,DE,DE-BB,Potsdam,\r192.0.2.16/28,DE,,Munich,\r",
    ] {
        let network = load(feed);
        assert_eq!(warned(&network), [], "{feed}");
        assert_eq!(node_of(&network, "192.0.2.1").as_deref(), Some("Berlin"), "{feed}");
        assert_eq!(node_of(&network, "192.0.2.17").as_deref(), Some("Muenchen"), "{feed}");
    }
    let network = load(
        "192.0.2.0/28,DE,,Potsdam\r192.0.2.16/29,DE,,Nowhere\r\n\r192.0.2.32/29,DE,,Nowhere\r",
    );
    let unknown = [2, 4].map(|line| (code::UNKNOWN_PLACE, Some(line)));
    assert_eq!(warned(&network), unknown);
}
