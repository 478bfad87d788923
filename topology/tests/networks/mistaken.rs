//! Files given under the name of another format: refused, and told what they look like.

use std::io::Write;

use topology::{Format, Options};

use crate::files::Files;

const INVENTORY: &str = "# ours\n[network]\nasn = 64500\n\n[[pop]]\nname = \"MI\"\n";
const GRAPHML: &str = "<?xml version=\"1.0\"?>\n<graphml><graph edgedefault=\"undirected\">\
    <node id=\"a\"/><node id=\"b\"/><edge source=\"a\" target=\"b\"/></graph></graphml>\n";
const GML: &str = "Creator \"x\"\ngraph [ node [ id 0 label \"A\" ] ]\n";
const NODELINK: &str = "{\"directed\": false, \"nodes\": [{\"id\": 1}], \"links\": []}\n";
const SNDLIB: &str = "<network><networkStructure><nodes><node id=\"A\"/></nodes><links/>\
    </networkStructure></network>\n";
const RFC8345: &str = "{\"ietf-network:networks\": {\"network\": [{\"network-id\": \"x\", \
    \"network-types\": {\"ietf-l3-unicast-topology:l3-unicast-topology\": {}}, \"node\": [{\"node-id\": \"n\"}]}]}}\n";
const PREFIXES: &str = "prefix,pop\n192.0.2.0/24,MI\n";
const NEIGHBOURS: &str = "as,name,relation,pop,external_node\n64510,ten,peer,MI,\n";
const GEOFEED: &str = "# feed\n192.0.2.0/24,IT,IT-25,Milano,\n";
const BGPDUMP: &str = "TABLE_DUMP2|1278000000|B|192.0.2.1|64510|203.0.113.0/24|64510|IGP\n";
const ALTO: &str = "{\"meta\": {\"vtag\": {\"resource-id\": \"m\", \"tag\": \"1\"}}, \
    \"network-map\": {\"P\": {\"ipv4\": [\"0.0.0.0/0\"], \"ipv6\": [\"::/0\"]}}}\n";
/// TABLE_DUMP (RFC 6396 §4.2): 203.0.113.0/24 by 192.0.2.1 with the path 64510.
const MRT: &[u8] = &[
    0x4c, 0x2b, 0xdc, 0x00, 0, 12, 0, 1, 0, 0, 0, 29, 0, 0, 0, 1, 203, 0, 113, 0, 24, 1, 0x4c,
    0x2b, 0xdc, 0x00, 192, 0, 2, 1, 0xfb, 0xfe, 0, 7, 0x40, 2, 4, 2, 1, 0xfb, 0xfe,
];

fn samples() -> Vec<(Format, &'static [u8])> {
    let sample = |format: Format| match format {
        Format::Inventory => INVENTORY.as_bytes(),
        Format::Graphml => GRAPHML.as_bytes(),
        Format::Gml => GML.as_bytes(),
        Format::Nodelink => NODELINK.as_bytes(),
        Format::Sndlib => SNDLIB.as_bytes(),
        Format::Rfc8345 => RFC8345.as_bytes(),
        Format::Prefixes => PREFIXES.as_bytes(),
        Format::Neighbours => NEIGHBOURS.as_bytes(),
        Format::Geofeed => GEOFEED.as_bytes(),
        Format::Mrt => MRT,
        Format::Bgpdump => BGPDUMP.as_bytes(),
        Format::Alto => ALTO.as_bytes(),
    };
    Format::ALL.into_iter().map(|format| (format, sample(format))).collect()
}

/// The file as this format, upon a small network where it makes none by itself.
fn given_as(format: Format, content: impl AsRef<[u8]>) -> Files {
    let files = Files::new();
    let files = match format.is_graph() || format == Format::Alto {
        true => files,
        false => files.with("inventory", "own.toml", INVENTORY),
    };
    files.with(format.as_str(), "file", content)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_file_is_read_as_what_it_is() {
    for (format, content) in samples() {
        given_as(format, content).load(&Options::default()).unwrap();
    }
}

#[test]
fn each_format_given_as_each_other_one_is_named() {
    for (is, content) in samples() {
        for given in Format::ALL.into_iter().filter(|given| *given != is) {
            assert!(given_as(given, content).load(&Options::default()).is_err(), "{is} as {given}");
            let message = given_as(given, content).refusal();
            let (start, end) = ("file", format!("; give it as `{is}=file`"));
            assert!(message.starts_with(start) && message.ends_with(&end), "{given}: {message}");
            assert_eq!(given_as(given, gzip(content)).refusal(), message, "{is} as {given}");
        }
    }
}

#[test]
fn what_is_no_format_at_all_is_named_too() {
    let page = given_as(Format::Graphml, "<!doctype HTML>\n<html><body>404").refusal();
    assert!(
        page.ends_with("looks like a web page, not the file that it should have been"),
        "{page}"
    );
    let mut archive = vec![0; 1024];
    archive[..4].copy_from_slice(b"a.js");
    archive[257..262].copy_from_slice(b"ustar");
    let archive = given_as(Format::Nodelink, gzip(&archive)).refusal();
    assert!(archive.ends_with("looks like a tar archive; take out the file"), "{archive}");
    let twice = given_as(Format::Mrt, gzip(&gzip(MRT))).refusal();
    assert!(twice.ends_with("a packed file that is packed again; unpack it once"), "{twice}");
    let long = "TIME: 07/01/10 00:00:00\nTYPE: TABLE_DUMP_V2/IPV4_UNICAST\nPREFIX: 0.0.0.0/0\n";
    let long = given_as(Format::Bgpdump, long).refusal();
    assert!(long.ends_with("without `-m`; print it with `-m`"), "{long}");
    let xml = given_as(Format::Sndlib, "<networks xmlns=\"x\"/>").refusal();
    assert!(xml.ends_with("has to be JSON (RFC 7951); give it as `rfc8345=file`"), "{xml}");
}

#[test]
fn a_fault_in_a_file_of_the_format_given_is_told_alone() {
    for (given, content, told) in [
        (
            Format::Graphml,
            "<graphml><graph>",
            "file:1: the file ends inside an element; is it complete?",
        ),
        (Format::Prefixes, "prefix,pop\n192.0.2.0/33,MI\n", "file:2: "),
        (Format::Mrt, "", "file: is empty"),
        (Format::Geofeed, "", "file: is empty; expected rows"),
    ] {
        let message = given_as(given, content).refusal();
        assert!(message.starts_with(told) && !message.contains("looks like"), "{message}");
    }
}
