//! SNDlib's XML.

use topology::{Network, Options, Weight, code};

use crate::files::{Files, noted, routingcost, warned, weighing, without_penalties};

fn sndlib(text: impl AsRef<[u8]>) -> Files {
    Files::new().with("sndlib", "n.xml", text).with(
        "prefixes",
        "p.csv",
        "prefix,pop\n192.0.2.0/24,A\n",
    )
}

/// A network of its nodes and links, each from line 4 on.
fn network(coordinates: &str, nodes: &str, links: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<!-- a comment -->\n\
         <network xmlns=\"http://sndlib.zib.de/network\" version=\"1.0\"><networkStructure>\
         <nodes coordinatesType=\"{coordinates}\">\n{nodes}</nodes>\n<links>\n{links}</links>\
         </networkStructure>\
         <demands><demand id=\"D1\"><source>A</source><target>B</target>\
         <demandValue>17.0</demandValue></demand></demands></network>\n"
    )
}

fn node(id: &str, x: &str, y: &str) -> String {
    format!("<node id=\"{id}\"><coordinates><x> {x} </x><y>{y}</y></coordinates></node>\n")
}

fn link(from: &str, to: &str, more: &str) -> String {
    format!(
        "<link id=\"{from}_{to}\"><source> {from}</source><target>{to}\n</target>{more}\
         <additionalModules><addModule><capacity>40000</capacity><cost>133</cost></addModule>\
         </additionalModules></link>\n"
    )
}

fn installed(capacity: &str) -> String {
    format!(
        "<preInstalledModule><capacity>{capacity}</capacity><cost>0.0</cost></preInstalledModule>"
    )
}

/// A, B one degree east of it, C one degree north of B.
fn three() -> String {
    [node("A", "0", "0.0"), node("B", "1.0", "0"), node("C", "1", "1")].concat()
}

fn load(text: &str, options: &Options) -> Network {
    sndlib(text).load(options).unwrap()
}

#[test]
fn places_are_longitude_and_latitude() {
    let links = [link("A", "B", ""), link("B", "C", "<setupCost>9</setupCost>")].concat();
    let network = load(&network("geographical", &three(), &links), &without_penalties());
    assert_eq!(warned(&network), []);
    // One degree on a sphere of 6371.0088 km.
    assert_eq!(routingcost(&network, "A", "B"), Some(111.195));
    assert_eq!(routingcost(&network, "C", "A"), Some(222.39));
    assert!(noted(&network, "n.xml: nodes 3, links 2"));
    assert!(noted(&network, "demands, paths and modules not used: 3"));
}

#[test]
fn pixels_are_no_places() {
    let nodes = [node("A", "640", "480"), node("B", "10", "999")].concat();
    let network = load(&network("pixel", &nodes, &link("A", "B", "")), &without_penalties());
    assert_eq!(warned(&network), []);
    assert!(noted(&network, "places are pixels"));
    assert!(noted(&network, "weight is hops"));
    let text = self::network("miles", &nodes, "");
    assert_eq!(
        sndlib(text).refusal(),
        "n.xml:3: coordinatesType is `miles`; expected `geographical` or `pixel`"
    );
}

#[test]
fn only_installed_capacity_counts() {
    let links = [
        link("A", "B", &installed("9920.0")),
        link("A", "B", &installed("80")),
        link("B", "C", &installed("0.00")),
    ];
    let text = network("geographical", &three(), &links.concat());
    let options =
        Options { default_capacity_mbps: Some(1_000.0), ..weighing(Weight::InverseCapacity) };
    let loaded = load(&text, &options);
    // 100 Gbit/s by 9,920 + 80 Mbit/s, and by the default for the link with nothing on it.
    assert_eq!(routingcost(&loaded, "A", "B"), Some(10.0));
    assert_eq!(routingcost(&loaded, "B", "C"), Some(100.0));
    assert_eq!(warned(&loaded), [(code::MISSING_CAPACITY, Some(13))]);
    assert!(noted(&loaded, "capacities have no unit, taken as Mbit/s"));
    let meta = "<meta><granularity>5min</granularity><unit>GBITPERSEC</unit></meta>";
    let text = text.replace("<networkStructure>", &format!("{meta}<networkStructure>"));
    assert_eq!(routingcost(&load(&text, &options), "A", "B"), Some(0.01));
}

#[test]
fn routing_costs_are_metrics_unless_all_are_zero() {
    let cost = |from, to, cost: &str| link(from, to, &format!("<routingCost>{cost}</routingCost>"));
    let links = [cost("A", "B", "7.5"), cost("B", "C", "0.0")].concat();
    let loaded = load(&network("geographical", &three(), &links), &without_penalties());
    assert_eq!(routingcost(&loaded, "A", "C"), Some(7.5));
    let links = links.replace("7.5", "0.00");
    let loaded = load(&network("geographical", &three(), &links), &without_penalties());
    assert!(noted(&loaded, "weight is distance"));
}

#[test]
fn links_that_all_have_one_that_leads_back_have_directions() {
    let ends = [("A", "B", "2"), ("B", "A", "3"), ("B", "C", "1"), ("C", "B", "1")];
    let links = ends.map(|(from, to, cost)| {
        link(from, to, &format!("<routingCost>{cost}</routingCost>{}", installed("1000")))
    });
    let text = network("geographical", &three(), &links.concat());
    let loaded = load(&text, &without_penalties());
    assert_eq!(routingcost(&loaded, "A", "C"), Some(3.0));
    assert_eq!(routingcost(&loaded, "C", "A"), Some(4.0));
    assert_eq!(warned(&loaded), []);
    let loaded = load(&text, &weighing(Weight::InverseCapacity));
    assert_eq!(routingcost(&loaded, "A", "B"), Some(100.0));
}

#[test]
fn a_declared_encoding_holds() {
    let text = network("geographical", &node("A", "0", "0"), "");
    let bytes = text.replace("a comment", "Z#rich").into_bytes();
    let bytes: Vec<u8> =
        bytes.iter().map(|byte| if *byte == b'#' { 0xfc } else { *byte }).collect();
    assert_eq!(warned(&sndlib(&bytes).network()), []);
    let declaration = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    assert_eq!(sndlib(&bytes[declaration..]).refusal(), "n.xml:2: is not UTF-8 text");
}

#[test]
fn what_is_no_network_is_refused_with_its_line() {
    let refusal = |text: &str| sndlib(text).refusal();
    assert!(refusal("<graphml/>").starts_with("n.xml:1: is no SNDlib network: the root element"));
    assert!(refusal("<network/>").contains("holds no `networkStructure`"));
    let second = "<network><networkStructure/>\n<networkStructure/></network>";
    assert!(refusal(second).starts_with("n.xml:2: holds a second `networkStructure`"));
    let geo = |nodes: &str, links: &str| refusal(&network("geographical", nodes, links));
    assert!(geo(&node("A", "181", "0"), "").starts_with("n.xml:4: x is 181"));
    assert!(geo(&node("A", "1", "north"), "").starts_with("n.xml:4: y is `north`"));
    assert_eq!(geo("<node><coordinates/></node>", ""), "n.xml:4: node has no attribute `id`");
    let twice = [node("A", "0", "0"), node("A", "0", "0")].concat();
    assert!(geo(&twice, "").starts_with("n.xml:5: node id `A` is also that of line 4"));
    let links = "<link id=\"L\"><source>A</source></link>";
    assert_eq!(geo(&node("A", "0", "0"), links), "n.xml:7: link has no `target`");
    let negative = link("A", "A", &installed("-1"));
    assert!(geo(&node("A", "0", "0"), &negative).starts_with("n.xml:8: capacity is -1"));
    let text = network("geographical", &three(), "");
    assert!(refusal(&text[..text.len() / 2]).contains("inside an element"));
}

#[test]
fn what_has_no_meaning_is_skipped_with_a_word() {
    let nodes = format!("{}<hub/>", node("A", "0", "0"));
    let links = link("A", "Z", "");
    let loaded = load(&network("geographical", &nodes, &links), &without_penalties());
    let expected = [(code::SKIPPED_ELEMENT, Some(5)), (code::DANGLING_LINK, Some(7))];
    assert_eq!(warned(&loaded), expected);
}
