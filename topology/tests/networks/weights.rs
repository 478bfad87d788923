//! What links cost.

use topology::{Options, Penalties, Weight, code};

use crate::files::{Files, hopcount, noted, routingcost, warned, weighing, without_penalties};

/// Two nodes, joined by links with these members.
fn joined(links: &[&str]) -> Files {
    let links: Vec<String> = links
        .iter()
        .map(|members| format!("\n{{\"source\": 1, \"target\": 2{members}}}"))
        .collect();
    let json = format!(
        "{{\"nodes\": [{{\"id\": 1, \"name\": \"A\", \"pos\": [9.19, 45.464]}}, \
         {{\"id\": 2, \"name\": \"B\"}}], \"links\": [{}]}}",
        links.join(",")
    );
    Files::new().with("nodelink", "g.json", json).with(
        "prefixes",
        "p.csv",
        "prefix,pop\n192.0.2.0/24,A\n",
    )
}

fn cost(links: &[&str], options: &Options) -> Option<f64> {
    routingcost(&joined(links).load(options).unwrap(), "A", "B")
}

#[test]
fn parallel_links_count_as_the_cheapest_but_add_their_capacities() {
    let links = [
        ", \"weight\": 7, \"delay\": 300, \"capacity\": 10000",
        ", \"weight\": 5, \"delay\": 400.5, \"capacity\": 40000",
    ];
    assert_eq!(cost(&links, &without_penalties()), Some(5.0));
    assert_eq!(cost(&links, &weighing(Weight::Delay)), Some(300.0));
    assert_eq!(cost(&links, &weighing(Weight::InverseCapacity)), Some(2.0));
    assert_eq!(cost(&links, &weighing(Weight::Hops)), Some(1.0));
    let network = joined(&links).network();
    assert_eq!(hopcount(&network, "A", "B"), Some(1.0));
    assert!(noted(&network, "parallel links merged with others: 1"));
    assert_eq!(warned(&network), []);
}

#[test]
fn a_missing_metric_counts_1_with_a_warning() {
    let network = joined(&[", \"weight\": 7", ""]).network();
    assert_eq!(routingcost(&network, "A", "B"), Some(1.0));
    assert_eq!(warned(&network), [(code::MISSING_IGP, Some(3))]);
}

#[test]
fn a_missing_position_makes_the_distance_0_with_a_warning() {
    let network = joined(&[""]).network();
    assert!(noted(&network, "weight is distance"));
    assert_eq!(routingcost(&network, "A", "B"), Some(0.0));
    assert_eq!(warned(&network), [(code::MISSING_COORDINATES, Some(1))]);
}

#[test]
fn a_missing_delay_is_refused_with_its_line() {
    let links = [", \"delay\": 1", ""];
    let message = joined(&links).load(&weighing(Weight::Delay)).err().unwrap();
    assert!(message.starts_with("g.json:3: link `A`–`B` has no delay"), "{message}");
}

#[test]
fn a_missing_capacity_is_refused_or_by_default() {
    let links = [", \"capacity\": 40000", ""];
    let refusal =
        |links: &[&str]| joined(links).load(&weighing(Weight::InverseCapacity)).err().unwrap();
    assert!(refusal(&links).starts_with("g.json:3: link `A`–`B` has no capacity"));
    assert!(refusal(&[", \"capacity\": 0"]).contains("has a capacity of 0"));
    let options =
        Options { default_capacity_mbps: Some(10_000.0), ..weighing(Weight::InverseCapacity) };
    let network = joined(&links).load(&options).unwrap();
    assert_eq!(routingcost(&network, "A", "B"), Some(2.0));
    assert_eq!(warned(&network), [(code::MISSING_CAPACITY, Some(3))]);
}

#[test]
fn costs_are_rounded_to_thousandths_before_they_are_summed() {
    assert_eq!(cost(&[", \"weight\": 0.33349"], &without_penalties()), Some(0.333));
    assert_eq!(cost(&[", \"weight\": 0.00049"], &without_penalties()), Some(0.0));
    let options = weighing(Weight::InverseCapacity);
    assert_eq!(cost(&[", \"capacity\": 155"], &options), Some(645.161));
}

#[test]
fn a_cost_of_32_bits_is_counted_and_one_beyond_is_refused() {
    let largest = [", \"weight\": 4294967295"];
    assert_eq!(cost(&largest, &Options::default()), Some(4_294_967_295.0));
    let message = joined(&[", \"weight\": 4294967296"]).refusal();
    let expected = "g.json:2: link `A`–`B` costs 4294967296; at most 4294967295 can be counted";
    assert_eq!(message, expected);
}

/// The unit is 2^32: the largest link costs one less.
#[test]
fn a_penalty_beyond_counting_is_refused_with_its_setting() {
    let files = joined(&[", \"weight\": 4294967295"]).with(
        "neighbours",
        "n.csv",
        "as,name,relation,pop,external_node\n64510,,transit,A,\n",
    );
    let paying = |transit| Options {
        penalties: Penalties { transit, ..Penalties::default() },
        ..Options::default()
    };
    let dear = files.load(&paying(1e6)).unwrap();
    assert_eq!(routingcost(&dear, "A", "as64510"), Some(4_294_967_296e6));
    let refusal = files.load(&paying(1e9)).err().unwrap();
    let expected = "routingcost.penalty.transit is 1000000000; times the penalty unit 4294967296 it \
                    makes more than can be counted";
    assert_eq!(refusal, expected);
}
