//! Fewer PIDs than nodes: which merge, what they are called, what that does to the costs.

use netmap::Pid;
use proptest::prelude::*;
use topology::{AggregateBy, CostError, Kind, Merging, Network, Options};

use crate::files::{Files, fixture, hopcount, routingcost};

fn merging(max_pids: usize, by: AggregateBy) -> Options {
    Options { merging: Some(Merging { max_pids, by }), ..Options::default() }
}

fn names(network: &Network) -> Vec<&str> {
    network.pids().iter().map(|entry| entry.pid.as_str()).collect()
}

/// ```text
///   A ──1── B ──1── C ──────10────── D ──2── E
///   │       │                                │
///  as1      as2 (peers)                     as3 (transit)
/// ```
const LINE: &str = r#"
[[pop]]
name = "A"
latitude = 50.0
longitude = 10.0
prefixes = ["192.0.2.0/26"]
[[pop]]
name = "B"
latitude = 50.0
longitude = 11.0
prefixes = ["192.0.2.64/26"]
[[pop]]
name = "C"
latitude = 50.0
longitude = 30.0
prefixes = ["192.0.2.128/26"]
[[pop]]
name = "D"
latitude = 50.0
longitude = 31.0
prefixes = ["192.0.2.192/26"]
[[pop]]
name = "E"
prefixes = ["198.51.100.0/24"]
[[link]]
from = "A"
to = "B"
igp = 1
[[link]]
from = "B"
to = "C"
igp = 1
[[link]]
from = "C"
to = "D"
igp = 10
[[link]]
from = "D"
to = "E"
igp = 2
[[neighbour]]
as = 1
relation = "peer"
at = ["A"]
[[neighbour]]
as = 2
relation = "peer"
at = ["B"]
[[neighbour]]
as = 3
relation = "transit"
at = ["E"]
"#;

fn line(max_pids: usize, by: AggregateBy) -> Result<Network, String> {
    Files::new().with("inventory", "line.toml", LINE).load(&merging(max_pids, by))
}

#[test]
fn the_nearest_by_cost_become_one_called_by_the_most_central() {
    let nine = line(9, AggregateBy::Cost).unwrap();
    assert_eq!(names(&nine), ["A", "B", "C", "D", "E", "as1", "as2", "as3", "default"]);
    assert_eq!(nine.aggregation(), None);
    // A, B and the peers behind them are 1 apart; D and E 2, as are C and the farther of A and B.
    let seven = line(7, AggregateBy::Cost).unwrap();
    assert_eq!(names(&seven), ["A", "C", "D", "E", "as1", "as3", "default"]);
    let five = line(5, AggregateBy::Cost).unwrap();
    assert_eq!(names(&five), ["B", "D", "as1", "as3", "default"]);
    let nodes: Vec<usize> = five.pids().iter().map(|entry| entry.nodes).collect();
    assert_eq!(nodes, [3, 2, 2, 1, 0]);
    let prefixes: Vec<usize> = five.pids().iter().map(|entry| entry.prefixes).collect();
    assert_eq!(prefixes, [3, 2, 0, 0, 2]);
    // The costs of the medoids: B to D.
    assert_eq!(routingcost(&five, "B", "D"), Some(11.0));
    assert_eq!(hopcount(&five, "B", "D"), Some(2.0));
    assert_eq!(routingcost(&five, "B", "B"), Some(0.0));
    // 14 inside is below 16: a peer adds 16.
    assert_eq!(routingcost(&five, "D", "as1"), Some(28.0));
}

#[test]
fn of_equally_near_ones_those_first_by_name_become_one() {
    // A ──1── D ──0── E ──9── B ──0── C: A is nearest to D, but B and C come before D and E.
    let link =
        |from: usize, to: usize, igp| format!("edge [ source {from} target {to} weight {igp} ]");
    let nodes =
        (0..5).map(|id| format!("node [ id {id} label \"{}\" ]", "ABCDE".as_bytes()[id] as char));
    let links = [link(0, 3, 1), link(3, 4, 0), link(4, 1, 9), link(1, 2, 0)];
    let text = format!("graph [ {} {} ]", nodes.collect::<String>(), links.concat());
    let five = Files::new().with("gml", "a.gml", text).load(&merging(5, AggregateBy::Cost));
    assert_eq!(names(&five.unwrap()), ["A", "B", "D", "E", "default"]);
}

#[test]
fn merged_networks_of_others_are_not_at_no_cost_from_each_other() {
    // as1 ─ A ─1─ B ─ as2, and 16 once for peers: 17, as before they were one; 3 hops.
    let nine = line(9, AggregateBy::Cost).unwrap();
    assert_eq!(routingcost(&nine, "as1", "as2"), Some(17.0));
    let five = line(5, AggregateBy::Cost).unwrap();
    assert_eq!(routingcost(&five, "as1", "as1"), Some(17.0));
    assert_eq!(hopcount(&five, "as1", "as1"), Some(3.0));
    // as3 is alone in its PID, and the network's own nodes are near each other.
    assert_eq!(routingcost(&five, "as3", "as3"), Some(0.0));
    assert_eq!(routingcost(&five, "B", "B"), Some(0.0));
    // With a third peer at D, the most central is as2: 1 to as1, 11 to as4. The nearest counts.
    let third = "[[neighbour]]\nas = 4\nrelation = \"peer\"\nat = [\"D\"]\n";
    let text = format!("{LINE}{third}");
    let four =
        Files::new().with("inventory", "line.toml", text).load(&merging(4, AggregateBy::Cost));
    let four = four.unwrap();
    assert_eq!(names(&four), ["C", "as2", "as3", "default"]);
    assert_eq!(routingcost(&four, "as2", "as2"), Some(17.0));
}

#[test]
fn the_nearest_on_the_earth_become_one_and_who_has_no_place_stands_with_the_nearest() {
    // E has no place and stands with D, as1 with A, as2 with B. A and B are 72 km apart, as are C
    // and D, and as1 and as2, which come last.
    let six = line(6, AggregateBy::Region).unwrap();
    assert_eq!(names(&six), ["A", "D", "as1", "as2", "as3", "default"]);
    let eight = line(8, AggregateBy::Region).unwrap();
    assert_eq!(names(&eight), ["A", "B", "C", "D", "as1", "as2", "as3", "default"]);
}

#[test]
fn what_never_merges_bounds_how_few_there_can_be() {
    let four = line(4, AggregateBy::Cost).unwrap();
    assert_eq!(names(&four), ["C", "as1", "as3", "default"]);
    let refusal = line(3, AggregateBy::Cost).err().unwrap();
    assert!(refusal.contains("aggregation.max-pids is 3, but 4 is the fewest"), "{refusal}");
    let islands = "graph [ node [ id 1 label \"A\" ] node [ id 2 label \"B\" ] ]";
    let alone = Files::new().with("gml", "a.gml", islands).load(&merging(2, AggregateBy::Cost));
    assert!(alone.err().unwrap().contains("but 3 is the fewest"));
}

#[test]
fn what_cannot_be_merged_so_is_said() {
    let hops = "graph [ node [ id 1 label \"A\" ] node [ id 2 label \"B\" ] \
                edge [ source 1 target 2 ] ]";
    let region = Files::new().with("gml", "a.gml", hops).load(&merging(2, AggregateBy::Region));
    assert!(region.err().unwrap().contains("no node has coordinates"));
    let map = r#"{"meta": {"vtag": {"resource-id": "m", "tag": "1"}},
                  "network-map": {"d": {"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]}}}"#;
    let alto = Files::new().with("alto", "m.json", map).load(&merging(2, AggregateBy::Cost));
    assert!(alto.err().unwrap().contains("taken as they are"));
}

#[test]
fn the_error_of_the_line_by_hand() {
    let five = line(5, AggregateBy::Cost).unwrap();
    let aggregation = five.aggregation().unwrap();
    assert_eq!((aggregation.before, aggregation.after), (9, 5));
    let (metric, hops) = &aggregation.errors[1];
    assert_eq!((metric.as_str(), hops.pairs), ("hopcount", 56));
    // {A B C} is B, {D E} is D, {as1 as2} is as1, which is 2 hops from B and 4 from D. Hops before
    // and after, one way of each pair, pairs not named are right:
    //   AB 1 0, AC 2 0, BC 1 0, DE 1 0;
    //   AD 3 2, AE 4 2, BE 3 2, CD 1 2;
    //   A-as1 1 2, C-as1 3 2, B-as2 1 2; E-as1 5 4, D-as2 3 4;
    //   A-as3 5 4, C-as3 3 4, E-as3 1 2; as2-as3 5 6.
    let off = (1 + 2 + 1 + 1) + (1 + 2 + 1 + 1) + (1 + 1 + 1) + (1 + 1) + (1 + 1 + 1 + 1);
    assert_eq!(hops.absolute_max, 2.0);
    assert!((hops.absolute_mean - f64::from(2 * off) / 56.0).abs() < 1e-12, "{hops:?}");
}

/// A network of many PoPs, made of numbers.
#[derive(Clone, Debug)]
struct Random {
    pops: usize,
    links: Vec<(usize, usize, u32)>,
    neighbours: Vec<(usize, usize)>,
    max_pids: usize,
}

fn random() -> impl Strategy<Value = Random> {
    (2usize..14).prop_flat_map(|pops| {
        let links = prop::collection::vec((0..pops, 0..pops, 0u32..9), 0..30);
        let neighbours = prop::collection::vec((0..pops, 0usize..3), 0..5);
        (links, neighbours, 2usize..20).prop_map(move |(links, neighbours, max_pids)| Random {
            pops,
            links,
            neighbours,
            max_pids,
        })
    })
}

impl Random {
    /// A ring keeps the PoPs together.
    fn text(&self, reversed: bool) -> String {
        let pop = |n| format!("[[pop]]\nname = \"p{n}\"\nprefixes = [\"10.{n}.0.0/16\"]\n");
        let ring = (0..self.pops).map(|n| (n, (n + 1) % self.pops, 5));
        let links = ring.chain(self.links.iter().copied()).filter(|(from, to, _)| from != to);
        let link = |(from, to, igp)| {
            format!("[[link]]\nfrom = \"p{from}\"\nto = \"p{to}\"\nigp = {igp}\n")
        };
        let relation = |kind: usize| ["customer", "peer", "transit"][kind];
        let neighbours = self.neighbours.iter().enumerate().map(|(n, (at, kind))| {
            let relation = relation(*kind);
            format!("[[neighbour]]\nas = {}\nrelation = \"{relation}\"\nat = [\"p{at}\"]\n", n + 1)
        });
        let mut parts: Vec<String> = (0..self.pops).map(pop).collect();
        parts.extend(links.map(link));
        parts.extend(neighbours);
        if reversed {
            parts.reverse();
        }
        parts.concat()
    }

    fn load(&self, reversed: bool, merging: Option<Merging>) -> Result<Network, String> {
        let options = Options { merging, ..Options::default() };
        Files::new().with("inventory", "random.toml", self.text(reversed)).load(&options)
    }
}

fn tags(network: &Network) -> Vec<String> {
    let snapshot = network.snapshot();
    let mut tags = vec![snapshot.network_tag().as_str().to_owned()];
    for metric in ["routingcost", "hopcount"] {
        tags.push(snapshot.cost_tag(metric).unwrap().as_str().to_owned());
    }
    tags
}

/// The PID by which a PoP or neighbour of the whole network goes among the groups.
fn group(groups: &Network, whole: &Network, pid: usize) -> Pid {
    let first = whole.snapshot().prefixes().of(Pid::new(pid as u32)).first().unwrap().network();
    groups.snapshot().pid_of(first).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn as_few_as_wanted_and_every_address_has_a_pid_of_its_kind(random in random()) {
        let wanted = Merging { max_pids: random.max_pids, by: AggregateBy::Cost };
        let whole = random.load(false, None).unwrap();
        let met = |kind: &usize| random.neighbours.iter().any(|(_, known)| known == kind);
        let kinds = 2 + (0..3).filter(met).count();
        let Ok(groups) = random.load(false, Some(wanted)) else {
            prop_assert!(random.max_pids < kinds);
            return Ok(());
        };
        prop_assert!(groups.pids().len() <= random.max_pids);
        prop_assert!(groups.pids().len() == random.max_pids.min(whole.pids().len()));
        let nodes: usize = groups.pids().iter().map(|entry| entry.nodes).sum();
        prop_assert_eq!(nodes, whole.pids().len() - 1);
        for pid in 0..whole.pids().len() {
            let entry = &whole.pids()[pid];
            if entry.kind == Kind::Internal {
                let group = group(&groups, &whole, pid);
                prop_assert_eq!(groups.pids()[group.index()].kind, Kind::Internal);
            }
        }
        // The order of the rows says nothing.
        let reversed = random.load(true, Some(wanted)).unwrap();
        prop_assert_eq!(tags(&groups), tags(&reversed));
        prop_assert_eq!(groups.pids(), reversed.pids());
        if random.max_pids >= whole.pids().len() {
            prop_assert_eq!(tags(&groups), tags(&whole));
        }
    }

    #[test]
    fn the_error_is_the_sum_over_all_pairs(mut random in random()) {
        // Without neighbours each PID but the default one has a prefix to find it by.
        random.neighbours.clear();
        let wanted = Merging { max_pids: random.max_pids, by: AggregateBy::Cost };
        let whole = random.load(false, None).unwrap();
        let groups = random.load(false, Some(wanted)).unwrap();
        let Some(aggregation) = groups.aggregation() else { return Ok(()) };
        for (metric, error) in &aggregation.errors {
            let plain = plain(&whole, &groups, metric);
            let close = |one: f64, two: f64| (one - two).abs() < 1e-9;
            prop_assert!(close(error.absolute_max, plain.absolute_max));
            prop_assert!(close(error.absolute_mean, plain.absolute_mean));
            prop_assert!(close(error.relative_max, plain.relative_max));
            prop_assert!(close(error.relative_mean, plain.relative_mean));
            let counts = |error: &CostError| {
                let (pairs, relative) = (error.pairs, error.relative_pairs);
                (pairs, relative, error.lost, error.gained, error.order.clone())
            };
            prop_assert_eq!(counts(error), counts(&plain));
        }
    }
}

/// The same figures, pair by pair and triple by triple.
fn plain(whole: &Network, groups: &Network, metric: &str) -> CostError {
    let (old, new) = (whole.snapshot(), groups.snapshot());
    let (old, new) = (old.matrix(metric).unwrap(), new.matrix(metric).unwrap());
    let pops: Vec<usize> =
        (0..whole.pids().len()).filter(|pid| whole.pids()[*pid].kind == Kind::Internal).collect();
    let before = |from: usize, to: usize| {
        old.cost(Pid::new(from as u32), Pid::new(to as u32)).unwrap().value()
    };
    let after =
        |from, to| new.cost(group(groups, whole, from), group(groups, whole, to)).unwrap().value();
    let mut error = CostError::default();
    for &from in &pops {
        let others = || pops.iter().copied().filter(|to| *to != from);
        error.order.sources += 1;
        for to in others() {
            let (old, new) = (before(from, to), after(from, to));
            let off = (old - new).abs();
            error.pairs += 1;
            error.absolute_max = error.absolute_max.max(off);
            error.absolute_mean += off;
            if old > 0.0 {
                error.relative_pairs += 1;
                error.relative_max = error.relative_max.max(off / old);
                error.relative_mean += off / old;
            }
            for other in others().filter(|other| *other < to) {
                let was = before(from, to).total_cmp(&before(from, other));
                let is = after(from, to).total_cmp(&after(from, other));
                error.order.pairs += 1;
                error.order.reversed += u64::from(was.is_ne() && is == was.reverse());
                error.order.tied += u64::from(was.is_ne() && is.is_eq());
                error.order.parted += u64::from(was.is_eq() && is.is_ne());
            }
        }
    }
    error.order.sources_all = error.order.sources;
    error.absolute_mean /= (error.pairs as f64).max(1.0);
    error.relative_mean /= (error.relative_pairs as f64).max(1.0);
    error
}

#[test]
fn germany_in_twenty() {
    let sources = [
        fixture("nodelink", "germany50/germany50.json"),
        fixture("prefixes", "germany50/prefixes.csv"),
        fixture("neighbours", "germany50/neighbours.csv"),
    ];
    for by in [AggregateBy::Cost, AggregateBy::Region] {
        let network = topology::load(&sources, &merging(20, by), &()).unwrap();
        assert_eq!(network.pids().len(), 20);
        // All 50 cities and 11 neighbours are somewhere.
        assert_eq!(network.pids().iter().map(|entry| entry.nodes).sum::<usize>(), 61);
        let error = &network.aggregation().unwrap().errors[0].1;
        assert_eq!((error.pairs, error.lost, error.gained), (61 * 60, 0, 0));
        assert!(error.absolute_mean > 0.0 && error.absolute_mean < error.absolute_max);
    }
}

#[test]
fn reduced_prefixes_say_the_same() {
    let sources = [
        fixture("nodelink", "germany50/germany50.json"),
        fixture("prefixes", "germany50/prefixes.csv"),
        fixture("neighbours", "germany50/neighbours.csv"),
    ];
    let options = Options { reduce_prefixes: true, ..Options::default() };
    let whole = topology::load(&sources, &Options::default(), &()).unwrap();
    let reduced = topology::load(&sources, &options, &()).unwrap();
    let reduction = reduced.reduction().unwrap();
    assert_eq!(reduction.before, whole.snapshot().prefixes().len());
    assert_eq!(reduction.after, reduced.snapshot().prefixes().len());
    assert!(reduction.after < reduction.before);
    for (prefix, _) in whole.snapshot().prefixes().iter() {
        for address in [prefix.network(), prefix.broadcast()] {
            let pid = |network: &Network| network.snapshot().pid_of(address);
            assert_eq!(pid(&whole), pid(&reduced), "{address}");
        }
    }
    let default = reduced.pids().iter().find(|entry| entry.kind == Kind::Default).unwrap();
    assert_eq!(default.prefixes, 2);
    assert_eq!(whole.reduction(), None);
}
