//! The first command of the README: it shows a ranked answer, on-net before peer before transit.

use std::process::Command;

use system_tests::unis::program;

#[test]
fn the_first_try_ranks_the_network_itself_before_peers_before_transit() {
    let demo = program().unwrap().with_file_name("demo");
    let output = Command::new(demo).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("curl --cacert "), "{text}");
    let (_, ranked) = text.split_once("  rank      cost  candidate\n").unwrap();
    let kinds: Vec<&str> = ranked
        .lines()
        .take_while(|line| !line.is_empty())
        .map(|line| {
            ["on-net", "customer", "peer of", "transit"]
                .into_iter()
                .find(|kind| line.contains(kind))
                .unwrap()
        })
        .collect();
    assert_eq!(kinds.len(), 7);
    let order = |kind: &str| {
        ["peer of", "transit"].iter().position(|far| *far == kind).map_or(0, |place| place + 1)
    };
    assert!(kinds.is_sorted_by_key(|kind| order(kind)), "{text}");
    assert!(ranked.lines().next().unwrap().contains("Berlin"), "{text}");

    // The provider's lists: by the map, and by the changed one.
    let lists: Vec<Vec<&str>> = text
        .split("  rank  score  peer ")
        .skip(1)
        .map(|list| {
            let lines = list.lines().skip(1).take_while(|line| !line.is_empty());
            lines.map(|line| line.rsplit(' ').next().unwrap()).collect()
        })
        .collect();
    let expected = [
        ["Berlin", "Hamburg", "Muenchen", "network"],
        ["Berlin", "Muenchen", "Hamburg", "network"],
    ];
    assert_eq!(lists, expected, "{text}");
}
