//! GARR in 2010, where `MP2P_DATA` names a folder that has it. Numbers from the data's README.

use std::path::PathBuf;

use topology::{Kind, Network, Options, Source, Weight, code};

use crate::files::{hopcount, kind, node_of, noted, pid, routingcost, warned, weighing};

/// The network of a month; `None`, and a line that says so, without the data.
fn load(month: &str, options: &Options) -> Option<Network> {
    let Some(data) = std::env::var_os("MP2P_DATA") else {
        eprintln!("MP2P_DATA is not set: GARR is not tested");
        return None;
    };
    let garr = PathBuf::from(data).join("garr");
    let source = |format: &str, file: String| Source {
        format: format.parse().unwrap(),
        path: garr.join(file),
    };
    let sources = [
        source("graphml", format!("Garr{month}.graphml")),
        source("prefixes", "prefixes.csv".to_owned()),
        source("neighbours", "neighbours.csv".to_owned()),
    ];
    Some(topology::load(&sources, options, &()).unwrap())
}

#[test]
fn july_has_two_renamed_nodes_and_twelve_without_coordinates() {
    let Some(network) = load("201007", &Options::default()) else { return };
    let codes: Vec<_> = warned(&network).into_iter().map(|(code, _)| code).collect();
    let count = |code| codes.iter().filter(|known| **known == code).count();
    assert_eq!(count(code::DUPLICATE_LABEL), 2);
    assert_eq!(count(code::MISSING_COORDINATES), 12);
    assert_eq!(codes.len(), 14, "{codes:?}");
    assert!(network.warnings().iter().all(|warning| warning.line.is_some()));
    assert_eq!(network.pids().len(), 55 + 3 + 1);
    assert_eq!(network.snapshot().prefixes().len(), 2_717 + 2);
    assert!(noted(&network, "parallel links merged with others: 5"));
    let of = |kind| network.pids().iter().filter(|entry| entry.kind == kind).count();
    assert_eq!((of(Kind::Internal), of(Kind::External), of(Kind::Neighbour)), (43, 12, 3));
    assert_eq!(kind(&network, "MIX"), Kind::External);
    let geant = &network.pids()[pid(&network, "GEANT#3").index()];
    assert_eq!(geant.pid.as_str(), "GEANT_3");
    assert_eq!(node_of(&network, "8.8.4.4").as_deref(), Some("Google"));
}

#[test]
fn july_has_the_distances_of_an_independent_program() {
    let Some(network) = load("201007", &weighing(Weight::Distance)) else { return };
    let near = |from, to, km: f64| {
        let cost = routingcost(&network, from, to).unwrap();
        assert!((cost - km).abs() < 0.005, "{from} {to} {cost}");
    };
    near("BO", "MIX", 200.54);
    near("BO", "NAMEX", 303.54);
    assert_eq!(hopcount(&network, "BO", "MIX"), Some(3.0));
    assert_eq!(hopcount(&network, "BO", "NAMEX"), Some(2.0));
    assert_eq!(routingcost(&network, "FI", "Fi"), Some(0.0));
}

#[test]
fn october_leaves_two_neighbour_rows_dangling() {
    let Some(network) = load("201010", &weighing(Weight::Hops)) else { return };
    let rows: Vec<_> = network
        .warnings()
        .iter()
        .filter(|warning| warning.file.ends_with("neighbours.csv"))
        .collect();
    let lines: Vec<_> = rows.iter().map(|row| (row.code, row.line)).collect();
    assert_eq!(lines, [(code::DANGLING_NEIGHBOUR, Some(5)), (code::DANGLING_NEIGHBOUR, Some(7))]);
    assert!(rows[0].message.contains("`GEANT#46`; is it `GEANT#"), "{}", rows[0].message);
    assert_eq!(network.warnings().len(), 4);
}

#[test]
fn capacities_are_missing_on_eight_links() {
    let options =
        Options { default_capacity_mbps: Some(1_000.0), ..weighing(Weight::InverseCapacity) };
    let Some(network) = load("201007", &options) else { return };
    let missing =
        warned(&network).iter().filter(|(code, _)| *code == code::MISSING_CAPACITY).count();
    assert_eq!(missing, 8);
    // 155 Mbit/s and 1 Gbit/s side by side: 100,000 / 1,155.
    assert_eq!(routingcost(&network, "BO", "Fe"), Some(86.58));
}
