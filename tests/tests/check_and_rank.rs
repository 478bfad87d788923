//! `unis check` and `unis rank` as an operator meets them: reports, exit codes, ties, reasons.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use system_tests::{data, python, unis};

/// What a command said.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or(Value::Null)
    }

    /// `[code, line]` of each warning.
    fn warnings(&self) -> Vec<(String, Option<u64>)> {
        let warnings = self.json()["warnings"].as_array().cloned().unwrap_or_default();
        let short = |warning: &Value| {
            (warning["code"].as_str().unwrap_or_default().to_owned(), warning["line"].as_u64())
        };
        warnings.iter().map(short).collect()
    }
}

fn run(arguments: &[&str]) -> anyhow::Result<Said> {
    let output = unis::run(arguments)?;
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Ok(Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) })
}

/// Files of a test.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> anyhow::Result<Self> {
        Ok(Self(tempfile::tempdir()?))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file: `FORMAT=PATH`.
    fn write(&self, format: &str, text: impl AsRef<[u8]>) -> anyhow::Result<String> {
        let path = self.path(&format!("{format}.txt"));
        std::fs::write(&path, text)?;
        Ok(source(format, &path))
    }
}

fn source(format: &str, path: &Path) -> String {
    format!("{format}={}", path.display())
}

fn check(sources: &[&str], more: &[&str]) -> anyhow::Result<Said> {
    let mut arguments = vec!["check", "--format", "json"];
    for source in sources {
        arguments.extend(["--source", source]);
    }
    arguments.extend(more);
    run(&arguments)
}

/// Two pops and a link.
const TWO_POPS: &str = r#"
[[pop]]
name = "MI"
[[pop]]
name = "RM"
[[link]]
from = "MI"
to = "RM"
igp = 10
"#;

/// Two pops with these rows of `prefixes`.
fn check_prefixes(rows: &str) -> anyhow::Result<Said> {
    let files = Files::new()?;
    let graph = files.write("inventory", TWO_POPS)?;
    let prefixes = files.write("prefixes", format!("prefix,pop\n{rows}"))?;
    check(&[&graph, &prefixes], &[])
}

#[test]
fn clean_files_exit_0_and_name_each_pid_with_node_kind_and_prefixes() {
    let small = data::small();
    let said = check(&[&small[0]], &[]).unwrap();
    assert_eq!(said.code, Some(0), "{}", said.err);
    let expected = json!({
        "pids": [
            {"pid": "MI", "node": "MI", "kind": "internal", "prefixes": 2},
            {"pid": "RM", "node": "RM", "kind": "internal", "prefixes": 1},
            {"pid": "as64510", "node": "as64510", "kind": "neighbour", "prefixes": 1},
            {"pid": "default", "node": null, "kind": "default", "prefixes": 2},
        ],
        "warnings": [],
    });
    assert_eq!(said.json(), expected);
}

#[test]
fn germany50_is_clean_and_its_graph_alone_is_not() {
    let sources = data::germany50();
    let all: Vec<&str> = sources.iter().map(String::as_str).collect();
    let said = check(&all, &[]).unwrap();
    assert_eq!((said.code, said.warnings()), (Some(0), vec![]));
    let said = check(&all[..1], &[]).unwrap();
    assert_eq!((said.code, said.warnings()), (Some(1), vec![("no-prefixes".to_owned(), None)]));
}

#[test]
fn text_says_what_was_read_which_weight_counts_and_what_is_wrong() {
    let files = Files::new().unwrap();
    let graph = files.write("inventory", TWO_POPS).unwrap();
    let prefixes = files.write("prefixes", "prefix,pop\n192.0.2.1/24,MI\n").unwrap();
    let said = run(&["check", "--source", &graph, "--source", &prefixes]).unwrap();
    assert_eq!(said.code, Some(1));
    let place = format!("{}:2:", files.path("prefixes.txt").display());
    for part in ["weight is igp", "customer 0, peer 1, transit 2", "unit 16", &place, "1 warning"] {
        assert!(said.out.contains(part), "no {part:?} in {}", said.out);
    }
}

#[test]
fn host_bits_are_cut_off_with_a_warning() {
    let said = check_prefixes("192.0.2.1/24,MI\n2001:db8::1/32,RM\n203.0.113.0/24,RM\n").unwrap();
    assert_eq!(said.code, Some(1));
    let host_bits = |line| ("host-bits".to_owned(), Some(line));
    assert_eq!(said.warnings(), [host_bits(2), host_bits(3)]);
    let warning = &said.json()["warnings"][0];
    assert!(warning["file"].as_str().unwrap().ends_with("prefixes.txt"), "{warning}");
    assert!(warning["message"].as_str().unwrap().contains("192.0.2.0/24"), "{warning}");
}

#[test]
fn bad_rows_of_prefixes_are_refused_with_their_line() {
    let cases = [
        ("192.0.2.0/24,MI\n198.51.100.0/24,Roma\n", 3, "`Roma`"),
        ("192.0.2.0/24,mi\n", 2, "`mi`"),
        ("192.0.2.0/24,MI\n192.0.2.0/24,RM\n", 3, "192.0.2.0/24"),
        ("2001:DB8::/32,MI\n2001:db8:0::/32,MI\n", 3, "2001:db8::/32"),
        ("192.0.2.0/24,MI\n192.0.2.7/24,RM\n", 3, "192.0.2.0/24"),
        ("192.0.2.0/33,MI\n", 2, "192.0.2.0/33"),
        ("192.0.2/24,MI\n", 2, "192.0.2/24"),
        ("192.0.2.0,MI\n", 2, "192.0.2.0"),
        ("192.0.02.0/24,MI\n", 2, "192.0.02.0/24"),
        ("hello,MI\n", 2, "hello"),
        ("\n\n0.0.0.0/0,MI\n", 4, "0.0.0.0/0"),
        ("192.0.2.0/24,MI\n::/0,RM\n", 3, "::/0"),
        ("192.0.2.0/24\n", 2, "field"),
        ("192.0.2.0/24,MI,3320\n", 2, "field"),
        ("192.0.2.0/24,\n", 2, "pop"),
    ];
    for (rows, line, names) in cases {
        let said = check_prefixes(rows).unwrap();
        assert_eq!(said.code, Some(2), "{rows:?}: {}", said.out);
        let place = format!("prefixes.txt:{line}: ");
        assert!(said.err.contains(&place) && said.err.contains(names), "{rows:?}: {}", said.err);
        assert!(said.json()["error"].as_str().is_some_and(|error| error.contains(&place)));
    }
}

#[test]
fn an_unknown_pop_is_answered_with_the_one_that_was_meant() {
    let said = check_prefixes("192.0.2.0/24,mi\n").unwrap();
    assert!(said.err.contains("is it `MI`?"), "{}", said.err);
}

#[test]
fn rows_come_with_byte_order_mark_crlf_quotes_and_columns_in_any_order() {
    let files = Files::new().unwrap();
    let graph = files.write("inventory", TWO_POPS).unwrap();
    let rows = "\u{feff}origin_as,pop,prefix\r\n\"3320\",\" MI \",192.0.2.0/24\r\n\r\n,RM,2001:db8::/32\r\n";
    let prefixes = files.write("prefixes", rows).unwrap();
    let said = check(&[&prefixes, &graph], &[]).unwrap();
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    let counts: Vec<_> =
        said.json()["pids"].as_array().unwrap().iter().map(|pid| pid["prefixes"].clone()).collect();
    assert_eq!(counts, [1, 1, 2]);
}

#[test]
fn neighbours_of_unknown_nodes_are_skipped_with_their_lines() {
    let files = Files::new().unwrap();
    let graph = files.write("inventory", TWO_POPS).unwrap();
    let rows = "as,name,relation,pop,external_node\n64510,Up,transit,MI,\n64511,G,peer,RM,Ghost\n64512,N,peer,XX,\n";
    let neighbours = files.write("neighbours", rows).unwrap();
    let prefixes = files.write("prefixes", "prefix,pop\n192.0.2.0/24,as64510\n").unwrap();
    let said = check(&[&graph, &neighbours, &prefixes], &[]).unwrap();
    assert_eq!(said.code, Some(1), "{}", said.err);
    let mut warnings = said.warnings();
    warnings.sort();
    let dangling = |line| ("dangling-neighbour".to_owned(), Some(line));
    assert_eq!(warnings, [dangling(3), dangling(4)]);
    let pids = said.json()["pids"].clone();
    assert_eq!(
        pids[2],
        json!({"pid": "as64510", "node": "as64510", "kind": "neighbour", "prefixes": 1})
    );
    // A node that only a skipped row would have made is none.
    let prefixes = files.write("prefixes", "prefix,pop\n192.0.2.0/24,as64512\n").unwrap();
    let said = check(&[&graph, &neighbours, &prefixes], &[]).unwrap();
    assert_eq!(said.code, Some(2), "{}", said.out);
    assert!(said.err.contains("prefixes.txt:2: ") && said.err.contains("as64512"), "{}", said.err);
}

#[test]
fn a_malformed_prefix_inside_an_inventory_is_skipped() {
    let files = Files::new().unwrap();
    let text = TWO_POPS.replace(
        "name = \"RM\"",
        "name = \"RM\"\nprefixes = [\"192.0.2.0/24\", \"198.51.100.0/40\"]",
    );
    let graph = files.write("inventory", text).unwrap();
    let said = check(&[&graph], &[]).unwrap();
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert_eq!(said.warnings(), [("skipped-prefix".to_owned(), Some(6))]);
    assert_eq!(said.json()["pids"][1]["prefixes"], 1);
}

/// A node-link graph of a chain of labels, ids from 0.
fn chain(labels: &[&str]) -> String {
    let nodes: Vec<_> = labels
        .iter()
        .enumerate()
        .map(|(id, label)| json!({"id": id, "name": label, "pos": [9, 45]}))
        .collect();
    let links: Vec<_> =
        (1..labels.len()).map(|to| json!({"source": to - 1, "target": to})).collect();
    json!({"directed": false, "nodes": nodes, "links": links}).to_string()
}

#[test]
fn pid_names_of_odd_keys_are_as_the_package_blake3_has_them() {
    let long = "x".repeat(65);
    let wide = "ü".repeat(70);
    let fits = "y".repeat(64);
    let labels = [
        "GEANT#3", "a b", "a_b", "a.b", "default", &long, &wide, &fits, "東京", "Zürich",
        "x@y:z-1", "a/b c",
    ];
    let files = Files::new().unwrap();
    let graph = files.write("nodelink", chain(&labels)).unwrap();
    let said = check(&[&graph], &[]).unwrap();
    let mut oracle = python::with_packages("tests/oracle/pid_names.py").unwrap();
    let expected: Value =
        serde_json::from_str(&python::finish(oracle.args(labels)).unwrap()).unwrap();
    let pids = said.json()["pids"].as_array().unwrap().clone();
    assert_eq!(pids.len(), labels.len() + 1);
    for pid in pids.iter().filter(|pid| pid["kind"] != "default") {
        assert_eq!(pid["pid"], expected[pid["node"].as_str().unwrap()], "{pid}");
        assert!(pid["pid"].as_str().unwrap().len() <= 64);
    }
    // By hand: where no hash is needed, and where all that collide get one.
    for (key, name) in
        [("GEANT#3", "GEANT_3"), ("Zürich", "Z_rich"), ("東京", "__"), (&fits, &fits)]
    {
        assert_eq!(expected[key], name);
    }
    for (key, stem) in [("a b", "a_b-"), ("a_b", "a_b-"), ("a.b", "a_b-"), ("default", "default-")]
    {
        let name = expected[key].as_str().unwrap();
        assert!(name.starts_with(stem) && name.len() == stem.len() + 8, "{name}");
    }
    assert!(expected[&long].as_str().unwrap().starts_with(&format!("{}-", "x".repeat(55))));
}

#[test]
fn labels_that_nodes_share_or_lack_are_told_apart_by_id() {
    let files = Files::new().unwrap();
    let graph = files.write("nodelink", chain(&["GEANT", " GEANT ", "", "FI", "Fi"])).unwrap();
    let said = check(&[&graph], &[]).unwrap();
    assert_eq!(said.code, Some(1));
    let nodes: Vec<_> =
        said.json()["pids"].as_array().unwrap().iter().map(|pid| pid["node"].clone()).collect();
    assert_eq!(
        nodes,
        [json!("FI"), json!("Fi"), json!("GEANT#0"), json!("GEANT#1"), json!("#2"), Value::Null]
    );
    let codes: Vec<_> = said.warnings().into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes.iter().filter(|code| *code == "duplicate-label").count(), 2, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| *code == "empty-label").count(), 1, "{codes:?}");
}

/// `TWO_POPS` with addresses, a third pop as near as the second, and a transit.
const TIES: &str = r#"
[[pop]]
name = "MI"
prefixes = ["192.0.2.0/24", "2001:db8:1::/48"]
[[pop]]
name = "RM"
prefixes = ["198.51.100.0/24"]
[[pop]]
name = "NA"
prefixes = ["203.0.113.0/25"]
[[link]]
from = "MI"
to = "RM"
igp = 10
[[link]]
from = "MI"
to = "NA"
igp = 10
[[neighbour]]
as = 64510
relation = "transit"
at = ["RM"]
prefixes = ["203.0.113.128/25"]
"#;

fn rank(from: &str, to: &[&str], more: &[&str]) -> anyhow::Result<Said> {
    let files = Files::new()?;
    let graph = files.write("inventory", TIES)?;
    let mut arguments =
        vec!["rank", "--source", &graph, "--format", "json", "--from", from, "--to"];
    arguments.extend(to);
    arguments.extend(more);
    run(&arguments)
}

#[test]
fn ties_share_the_rank_in_the_order_given_and_those_without_cost_come_last() {
    let to = [
        "9.9.9.9",
        "203.0.113.200",
        "203.0.113.9",
        "198.51.100.1",
        "::ffff:192.0.2.7",
        "2001:db8:1::1",
        "2001:db8:2::1",
    ];
    let said = rank("192.0.2.1", &to, &[]).unwrap();
    assert_eq!(said.code, Some(0), "{}", said.err);
    // RM to NA is 20, so the unit is 32: 10 to RM, 0 to the neighbour, twice 32 for a transit.
    let expected = json!([
        {"to": "::ffff:192.0.2.7", "pid": "MI", "cost": 0, "rank": 1},
        {"to": "2001:db8:1::1", "pid": "MI", "cost": 0, "rank": 1},
        {"to": "203.0.113.9", "pid": "NA", "cost": 10, "rank": 2},
        {"to": "198.51.100.1", "pid": "RM", "cost": 10, "rank": 2},
        {"to": "203.0.113.200", "pid": "as64510", "cost": 74, "rank": 3},
        {"to": "9.9.9.9", "pid": "default", "cost": null, "rank": null},
        {"to": "2001:db8:2::1", "pid": "default", "cost": null, "rank": null},
    ]);
    assert_eq!(said.json(), expected);
}

#[test]
fn from_an_address_without_place_nothing_has_a_cost_unless_a_setting_gives_it_one() {
    let said = rank("9.9.9.9", &["192.0.2.1", "198.51.100.1"], &[]).unwrap();
    assert_eq!(
        said.json()[1],
        json!({"to": "198.51.100.1", "pid": "RM", "cost": null, "rank": null})
    );
    let said = rank("9.9.9.9", &["192.0.2.1"], &["--set", "default-pid-cost=77.5"]).unwrap();
    assert_eq!(said.json()[0], json!({"to": "192.0.2.1", "pid": "MI", "cost": 77.5, "rank": 1}));
}

#[test]
fn the_explanation_names_prefixes_links_and_penalty_and_sums_up() {
    let said = rank("192.0.2.1", &["203.0.113.200", "9.9.9.9"], &["--explain"]).unwrap();
    let because = said.json()[0]["because"].clone();
    let lines: Vec<&str> =
        because.as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert!(lines[0].contains("192.0.2.0/24") && lines[0].contains("MI"), "{lines:?}");
    assert!(lines[1].contains("203.0.113.128/25") && lines[1].contains("as64510"), "{lines:?}");
    assert!(lines[2].starts_with("MI -> RM") && lines[3].starts_with("RM -> as64510"), "{lines:?}");
    assert!(lines[4].contains("transit"), "{lines:?}");
    let number = |line: &&str| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap();
    let parts: f64 = lines[2..5].iter().map(number).sum();
    assert_eq!([parts, number(&lines[5])], [74.0, 74.0]);
    assert!(said.json()[1]["because"].to_string().contains("default-pid-cost"), "{}", said.out);
    let hops =
        rank("192.0.2.1", &["203.0.113.200"], &["--explain", "--metric", "hopcount"]).unwrap();
    assert_eq!(hops.json()[0]["cost"], 2);
    assert!(!hops.out.contains("penalty"), "{}", hops.out);
}

#[test]
fn rank_refuses_what_is_no_address_and_metrics_that_are_not_there() {
    for (to, more, names) in [
        ("192.0.2", &[][..], "192.0.2"),
        ("192.0.2.0/24", &[], "192.0.2.0/24"),
        ("192.0.2.1", &["--metric", "latency"], "routingcost, hopcount"),
    ] {
        let said = rank("192.0.2.1", &[to], more).unwrap();
        assert_eq!(said.code, Some(2), "{}", said.out);
        assert!(said.err.contains(names), "{}", said.err);
    }
}
