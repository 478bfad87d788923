//! Real routing tables, where `MP2P_DATA` names a folder that has them. Numbers from the data's
//! READMEs and from the texts that other programs made of the same files.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use topology::{Network, Options, Source, code};

use crate::files::{Files, kind, node_of, noted, warned};

/// The folder; `None`, and a line that says so, without the data.
fn data() -> Option<PathBuf> {
    let data = std::env::var_os("MP2P_DATA").map(PathBuf::from);
    if data.is_none() {
        eprintln!("MP2P_DATA is not set: real routing tables are not tested");
    }
    data
}

fn source(format: &str, path: PathBuf) -> Source {
    Source { format: format.parse().unwrap(), path }
}

fn garr(data: &Path, sources: &[(&str, &str)]) -> Network {
    let mut all = vec![
        source("graphml", data.join("garr/Garr201007.graphml")),
        source("neighbours", data.join("garr/neighbours.csv")),
    ];
    all.extend(sources.iter().map(|(format, file)| source(format, data.join("garr").join(file))));
    let options = Options { asn: Some(137), ..Options::default() };
    topology::load(&all, &options, &()).unwrap()
}

#[test]
fn garrs_table_is_the_same_as_mrt_and_as_text() {
    let Some(data) = data() else { return };
    let mrt = garr(&data, &[("mrt", "rib-20100701.mrt")]);
    let text = garr(&data, &[("bgpdump", "rib-20100701.txt")]);
    assert_eq!(mrt.snapshot().network_tag(), text.snapshot().network_tag());
    assert_eq!(warned(&mrt), warned(&text));
    assert!(noted(&mrt, "rib-20100701.mrt: routes 3617, prefixes 1861: at their origin 1781"));
    assert!(noted(&text, "rib-20100701.txt: routes 3617, prefixes 1861: at their origin 1781"));
    assert!(noted(&mrt, "of the own AS 80, of nobody known 0; default routes 0"));
    // The set of one AS, and the prefix with two origins.
    assert_eq!(node_of(&mrt, "193.194.64.1").as_deref(), Some("EUMED CONNECT"));
}

#[test]
fn garrs_list_stands_over_its_table() {
    let Some(data) = data() else { return };
    let listed = garr(&data, &[("prefixes", "prefixes.csv")]);
    let both = garr(&data, &[("prefixes", "prefixes.csv"), ("mrt", "rib-20100701.mrt")]);
    let of_list = listed.snapshot().prefixes();
    for (prefix, pid) in of_list.iter() {
        let (found, again) = both.snapshot().prefixes().matching(prefix.addr()).unwrap();
        if found == prefix {
            assert_eq!(again, pid, "{prefix}");
        }
    }
    assert!(both.snapshot().prefixes().len() >= of_list.len());
}

/// A network in which every AS of a text has a node of its own.
fn all_ases(text: &str, format: &str, content: &[u8]) -> Result<Network, String> {
    let paths = text.lines().filter_map(|line| {
        let mut fields = line.split('|');
        let identified = fields.next()?.ends_with("_AP");
        fields.nth(5 + usize::from(identified))
    });
    let ases: BTreeSet<u32> = paths
        .flat_map(|path| path.split([' ', '{', '}', ',']))
        .filter_map(|word| word.parse().ok())
        .collect();
    let mut rows = "as,name,relation,pop,external_node\n".to_owned();
    for asn in ases {
        rows += &format!("{asn},,peer,A,\n");
    }
    let options = Options { asn: Some(64_512), ..Options::default() };
    Files::new()
        .with("nodelink", "g.json", r#"{"nodes": [{"id": "A", "name": "A"}], "links": []}"#)
        .with("neighbours", "n.csv", rows)
        .with(format, "rib", content)
        .load(&options)
}

fn gunzip(path: &Path) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn odd_tables_give_what_another_program_read_from_them() {
    let Some(data) = data() else { return };
    for (name, routes) in [
        ("bview.64k_stream_overflow", 23),
        ("bview.ipv4_unicast_add_path", 62),
        ("bview.ipv6_unicast_add_path", 62),
    ] {
        let file = |suffix: &str| data.join("mrt/bgpdump").join(format!("{name}{suffix}"));
        let text = gunzip(&file(".expect.txt.gz"));
        let content = std::fs::read(file(".gz")).unwrap();
        let mrt = all_ases(&text, "mrt", &content).unwrap();
        let expected = all_ases(&text, "bgpdump", text.as_bytes()).unwrap();
        assert_eq!(mrt.snapshot().network_tag(), expected.snapshot().network_tag(), "{name}");
        assert!(noted(&mrt, &format!("routes {routes}, ")), "{name}: {:?}", mrt.notes());
        assert_eq!(warned(&mrt), [], "{name}");
    }
}

#[test]
fn a_table_cut_off_inside_bzip2_keeps_what_was_read() {
    let Some(data) = data() else { return };
    let content = std::fs::read(data.join("mrt/pyasn/rib.20140523.0600_firstMB.bz2")).unwrap();
    let network = all_ases("|||||||\nx|1|B|a|b|p|3356 7018 701", "mrt", &content).unwrap();
    assert_eq!(warned(&network), [(code::TRUNCATED_TABLE, None)]);
    assert!(noted(&network, "routes 270005, prefixes 9071"), "{:?}", network.notes());
    assert_eq!(kind(&network, "as3356"), topology::Kind::Neighbour);
}

#[test]
fn files_of_updates_are_refused_as_such() {
    let Some(data) = data() else { return };
    for name in [
        "bgpdump/updates.nlri_mask_trailing_bits.gz",
        "bgpdump/updates.long_withdrawal.gz",
        "bgpdump/updates.20020722.2238.gz",
        "bgpdump/updates.20071015.1505.gz",
        "bgpdump/updates.20100722.2015.gz",
        "bgpkit/rrc15.updates.20100227.1600.gz",
        "bgpkit/rrc00.updates.20000325.0345.gz",
        "bgpkit/rrc01.updates.20001104.0124.gz",
    ] {
        let content = std::fs::read(data.join("mrt").join(name)).unwrap();
        let message = all_ases("", "mrt", &content).err().unwrap();
        assert!(message.contains("updates and no routing table"), "{name}: {message}");
    }
}
