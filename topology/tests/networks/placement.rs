//! Prefixes on nodes.

use topology::{Options, code};

use crate::files::{Files, node_of, noted, warned};

const GRAPH: &str = r#"{"nodes": [{"id": 1, "name": "Aachen"}, {"id": 2, "name": "Bonn"},
    {"id": 5, "name": "GEANT"}, {"id": 6, "name": "GEANT"}],
    "links": [{"source": 1, "target": 2, "weight": 2}, {"source": 1, "target": 5, "weight": 2},
    {"source": 1, "target": 6, "weight": 2}]}"#;

fn files(csv: &str) -> Files {
    Files::new().with("prefixes", "p.csv", csv).with("nodelink", "g.json", GRAPH)
}

#[test]
fn columns_come_in_any_order_and_pops_are_cut_of_blanks() {
    let csv = "\u{feff}origin_as,pop,note,prefix\r\n680, Bonn ,x,192.0.2.0/24\r\n\r\n\
               ,GEANT#5,\"a, b\",2001:db8::/32\r\n";
    let network = files(csv).network();
    assert_eq!(node_of(&network, "192.0.2.1").as_deref(), Some("Bonn"));
    assert_eq!(node_of(&network, "2001:db8::1").as_deref(), Some("GEANT#5"));
    assert!(noted(&network, "nodes without prefix: 2 (Aachen, GEANT#6)"));
    let warnings = warned(&network);
    assert!(warnings.iter().all(|(code, _)| *code == code::DUPLICATE_LABEL), "{warnings:?}");
}

#[test]
fn the_longest_prefix_matches_and_nesting_is_noted() {
    let csv = "prefix,pop,origin_as\n10.0.0.0/8,Aachen,1\n10.1.0.0/16,Bonn,2\n\
               10.1.2.0/24,Bonn,2\n10.2.0.0/16,Bonn,1\n11.0.0.0/8,Bonn,2\n";
    let network = files(csv).network();
    assert_eq!(node_of(&network, "10.1.2.3").as_deref(), Some("Bonn"));
    assert_eq!(node_of(&network, "10.9.2.3").as_deref(), Some("Aachen"));
    assert!(noted(&network, "prefixes inside one of another origin AS: 1"));
}

#[test]
fn host_bits_are_masked_with_a_warning() {
    let network = files("prefix,pop\n192.0.2.9/24,Bonn\n").network();
    assert!(warned(&network).contains(&(code::HOST_BITS, Some(2))));
    assert_eq!(node_of(&network, "192.0.2.200").as_deref(), Some("Bonn"));
}

#[test]
fn what_a_list_has_wrong_is_refused_with_its_line() {
    let refusal = |row: &str| files(&format!("prefix,pop\n192.0.2.0/24,Bonn\n{row}\n")).refusal();
    assert_eq!(
        refusal("10.0.0.0/8,Bon"),
        "p.csv:3: unknown pop `Bon` of 10.0.0.0/8; is it `Bonn`?"
    );
    assert_eq!(
        refusal("10.0.0.0/8,bonn"),
        "p.csv:3: unknown pop `bonn` of 10.0.0.0/8; is it `Bonn`?"
    );
    let message = refusal("10.0.0.0/8,GEANT");
    assert!(
        message.ends_with("several nodes have that label, use `GEANT#5` or `GEANT#6`"),
        "{message}"
    );
    assert!(refusal("10.0.0.0/8,as680").contains("unknown pop `as680`"));
    assert!(refusal("10.0.0.0/8,").contains("p.csv:3: row names no pop"));
    assert!(refusal("0.0.0.0/0,Bonn").starts_with("p.csv:3: `0.0.0.0/0` is the whole address"));
    assert!(refusal("::/0,Bonn").starts_with("p.csv:3: `::/0` is the whole address"));
    assert!(refusal("10.0.0.0/33,Bonn").starts_with("p.csv:3: `10.0.0.0/33` is no prefix"));
    assert!(refusal("10.0.0.1,Bonn").contains("write `10.0.0.1/32`"));
    assert!(refusal("10.0.0.0/8").starts_with("p.csv:3: row has 1 fields"));
    assert_eq!(
        refusal("192.0.2.0/24,Aachen"),
        "p.csv:3: 192.0.2.0/24 is on `Aachen` here and on `Bonn` at p.csv:2; keep one row"
    );
    assert!(refusal("192.0.2.77/24,Bonn").contains("keep one row"));
    let message = files("prefix,pop,origin_as\n10.0.0.0/8,Bonn,x\n").refusal();
    assert!(message.starts_with("p.csv:2: origin_as: `x` is no AS number"), "{message}");
}

#[test]
fn two_lists_may_not_share_a_prefix() {
    let message = files("prefix,pop\n192.0.2.0/24,Bonn\n")
        .with("prefixes", "q.csv", "prefix,pop\n192.0.2.0/24,Bonn\n")
        .refusal();
    assert_eq!(
        message,
        "q.csv:2: 192.0.2.0/24 is on `Bonn` here and on `Bonn` at p.csv:2; keep one row"
    );
}

#[test]
fn a_list_stands_over_a_graph() {
    let toml = "[[pop]]\nname = \"A\"\nprefixes = [\"192.0.2.0/24\", \"10.0.0.0/8\"]\n\
                [[pop]]\nname = \"B\"\n[[link]]\nfrom = \"A\"\nto = \"B\"\n";
    let network = Files::new()
        .with("inventory", "net.toml", toml)
        .with("prefixes", "p.csv", "prefix,pop\n192.0.2.0/24,B\n10.9.0.0/16,B\n")
        .network();
    assert_eq!(warned(&network), []);
    assert_eq!(node_of(&network, "192.0.2.1").as_deref(), Some("B"));
    assert_eq!(node_of(&network, "10.1.0.1").as_deref(), Some("A"));
    assert_eq!(node_of(&network, "10.9.0.1").as_deref(), Some("B"));
    assert!(noted(&network, "prefixes that a list takes from the node of a graph: 1"));
}

#[test]
fn compressed_lists_read_the_same() {
    use std::io::Write;
    let csv = "prefix,pop\n192.0.2.0/24,Bonn\n";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(csv.as_bytes()).unwrap();
    let network = Files::new()
        .with("prefixes", "p.csv", gzip.finish().unwrap())
        .with("nodelink", "g.json", GRAPH)
        .load(&Options::default())
        .unwrap();
    assert_eq!(node_of(&network, "192.0.2.1").as_deref(), Some("Bonn"));
}
