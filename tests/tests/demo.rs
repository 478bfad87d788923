//! The first command of the README: it shows a ranked answer, on-net before peer before transit,
//! and what a swarm of peers cost.

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
    the_swarm_is_cheaper(&text);
}

/// All of the film came to all; the sums of the table are those of its cells, and the ISP's order
/// made it cheaper than any order would.
fn the_swarm_is_cheaper(text: &str) {
    assert!(text.contains("  All have all of it, compared, after "), "{text}");
    let (_, table) = text.split_once("cost unranked\n").expect("no table");
    let rows: Vec<Row> = table.lines().take(PEERS.len()).map(Row::read).collect();
    for (place, (row, name)) in
        rows.iter().zip(["Berlin", "Hamburg", "Muenchen", "AS3320"]).enumerate()
    {
        assert_eq!(row.name, name);
        // Nothing within a PID; what is behind another AS costs 1024 more than what is not.
        let cost = |to: usize| row.cells[to].1;
        assert_eq!(cost(place), 0.0, "{text}");
        let outside = |to: usize| (to == 3) != (place == 3);
        assert!((0..4).all(|to| (cost(to) >= 1024.0) == outside(to)), "{text}");
        // Cells are printed to a tenth of a MiB, half of which is lost, and costs to the unit.
        let costs: f64 = row.cells.iter().map(|cell| cell.1).sum();
        let sum: f64 = row.cells.iter().map(|(mib, cost)| mib * cost).sum();
        assert!((row.cost - sum).abs() < 0.051 * costs + 4.0 * 8.0, "{name}: {sum}\n{text}");
        let others: f64 = row.cells.iter().zip(PEERS).map(|((_, cost), peers)| cost * peers).sum();
        let mean = others / (PEERS.iter().sum::<f64>() - 1.0);
        let unranked = row.mib() * mean;
        assert!((row.unranked - unranked).abs() < 0.21 * mean + 4.0 * 8.0, "{unranked}\n{text}");
    }
    let missing = text.split_once("Not in the table: ").map_or(0.0, |(_, after)| number(after));
    let whole = rows.iter().map(Row::mib).sum::<f64>() + missing;
    assert!((whole - 11.0 * 8.0).abs() < 2.0, "{whole} MiB\n{text}");
    let cost: f64 = rows.iter().map(|row| row.cost).sum();
    assert!(cost < rows.iter().map(|row| row.unranked).sum(), "{text}");
}

/// Peers in each place.
const PEERS: [f64; 4] = [4.0, 3.0, 3.0, 2.0];

/// A line of the table: `NAME  MIB x COST …  COST UNRANKED`.
struct Row<'a> {
    name: &'a str,
    cells: Vec<(f64, f64)>,
    cost: f64,
    unranked: f64,
}

impl<'a> Row<'a> {
    fn read(line: &'a str) -> Self {
        let mut words = line.split_whitespace().filter(|word| *word != "x");
        let name = words.next().expect("an empty line");
        let numbers: Vec<f64> = words.map(number).collect();
        assert_eq!(numbers.len(), 10, "{line}");
        let cells = numbers[..8].chunks(2).map(|cell| (cell[0], cell[1])).collect();
        Self { name, cells, cost: numbers[8], unranked: numbers[9] }
    }

    fn mib(&self) -> f64 {
        self.cells.iter().map(|cell| cell.0).sum()
    }
}

fn number(text: &str) -> f64 {
    let word = text.split_whitespace().next().expect("nothing");
    word.parse().expect("not a number")
}
