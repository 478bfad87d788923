//! Inventories written by hand.

use topology::{Kind, Options, Weight, code};

use crate::files::{
    Files, fixture, hopcount, kind, node_of, pid, routingcost, warned, weighing, without_penalties,
};

const POPS: &str = "[[pop]]\nname = \"A\"\nprefixes = [\"192.0.2.0/24\"]\n[[pop]]\nname = \"B\"\n";

fn inventory(more: &str) -> Files {
    Files::new().with("inventory", "net.toml", format!("{POPS}{more}"))
}

#[test]
fn the_small_inventory_has_the_costs_that_a_hand_sums() {
    let sources = [fixture("inventory", "small.toml")];
    let load = |options: &Options| topology::load(&sources, options, &()).unwrap();
    let network = load(&Options::default());
    assert_eq!(warned(&network), []);
    assert_eq!(network.asn(), Some(64_500));
    assert_eq!(routingcost(&network, "MI", "RM"), Some(10.0));
    assert_eq!(routingcost(&network, "RM", "as64510"), Some(42.0));
    assert_eq!(routingcost(&network, "as64510", "as64510"), Some(0.0));
    assert_eq!(hopcount(&network, "RM", "as64510"), Some(2.0));
    assert_eq!(kind(&network, "as64510"), Kind::Neighbour);
    for (address, node) in [
        ("192.0.2.1", Some("MI")),
        ("2001:db8:1::1", Some("MI")),
        ("198.51.100.1", Some("RM")),
        ("203.0.113.1", Some("as64510")),
        ("8.8.8.8", None),
        ("2001:db8::1", None),
    ] {
        assert_eq!(node_of(&network, address).as_deref(), node);
    }
    let network = load(&without_penalties());
    assert_eq!(routingcost(&network, "RM", "as64510"), Some(10.0));
    let network = load(&weighing(Weight::Distance));
    let km = routingcost(&network, "RM", "as64510").unwrap();
    assert!((km - 477.04).abs() < 0.005);
    assert_eq!(routingcost(&load(&weighing(Weight::Delay)), "RM", "MI"), Some(4_800.0));
    let network = load(&weighing(Weight::InverseCapacity));
    assert_eq!(routingcost(&network, "RM", "as64510"), Some(10.0));
    let network = load(&weighing(Weight::Hops));
    assert_eq!(routingcost(&network, "RM", "as64510"), Some(1.0));
}

#[test]
fn the_default_pid_has_no_cost_but_by_options() {
    let sources = [fixture("inventory", "small.toml")];
    let network = topology::load(&sources, &Options::default(), &()).unwrap();
    let default = network.snapshot().pids().find("default").unwrap();
    let milan = pid(&network, "MI");
    assert_eq!(network.pids()[default.index()].kind, Kind::Default);
    for metric in ["routingcost", "hopcount"] {
        let matrix = network.snapshot().matrix(metric).unwrap();
        assert_eq!(matrix.pairs(), 9);
        assert_eq!(matrix.cost(milan, default), None);
        assert_eq!(matrix.cost(default, default), None);
    }
    assert!(network.explain("routingcost", milan, default).is_none());
    let options = Options { default_pid_cost: Some(5_000.0), ..Options::default() };
    let network = topology::load(&sources, &options, &()).unwrap();
    let matrix = network.snapshot().matrix("routingcost").unwrap();
    assert_eq!(matrix.pairs(), 16);
    assert_eq!(matrix.cost(default, milan).unwrap().value(), 5_000.0);
    assert_eq!(warned(&network), []);
    let path = network.explain("routingcost", milan, default).unwrap();
    assert_eq!((path.steps.len(), path.total.value()), (0, 5_000.0));
}

#[test]
fn what_a_hand_mistypes_is_refused_with_its_line() {
    let refusal = |more: &str| inventory(more).refusal();
    assert_eq!(
        refusal("colour = \"red\"\n"),
        "net.toml:6: unknown field `colour`, expected one of `name`, `latitude`, `longitude`, \
         `prefixes`"
    );
    assert!(refusal("latitude = 91.0\nlongitude = 0\n").starts_with("net.toml:6: latitude is 91"));
    assert!(refusal("latitude = nan\n").starts_with("net.toml:6: latitude is NaN"));
    let link = "[[link]]\nfrom = \"A\"\nto = \"B\"\n";
    let message = refusal(&format!("{link}igp = -1\n"));
    assert_eq!(message, "net.toml:9: igp is -1; expected a finite number, not below 0");
    assert!(refusal("[[pop]]\nname = \" \"\n").starts_with("net.toml:7: pop has no name"));
    let message = refusal("[[pop]]\nname = \"A \"\n");
    assert_eq!(message, "net.toml:7: pop `A` is also that of line 2");
    let neighbour = "[[neighbour]]\nas = 64510\n";
    let message = refusal(&format!("{neighbour}relation = \"friend\"\nat = [\"A\"]\n"));
    assert!(message.starts_with("net.toml:8: unknown relation `friend`; expected customer"));
    let message = refusal(&format!("{neighbour}relation = \"peer\"\nat = []\n"));
    assert!(message.starts_with("net.toml:6: neighbour as64510 is at no pop"), "{message}");
    assert!(refusal("[network]\nasn = 0\n").starts_with("net.toml:7: AS number is 0"));
    assert!(refusal("[[pop\n").starts_with("net.toml:6:"));
}

#[test]
fn what_names_nothing_is_skipped_and_warned_about() {
    let more = "
[[link]]
from = \"A\"
to = \"B\"
[[link]]
from = \"A\"
to = \"C\"
[[link]]
from = \"B\"
to = \"B\"
[[neighbour]]
as = 64510
relation = \"peer\"
at = [\"B\", \"Z\"]
prefixes = [\"198.51.100.0/24\", \"x\", \"0.0.0.0/0\"]
";
    let network = inventory(more).network();
    let expected = [
        (code::SKIPPED_PREFIX, Some(20)),
        (code::SKIPPED_PREFIX, Some(20)),
        (code::DANGLING_NEIGHBOUR, Some(19)),
        (code::DANGLING_LINK, Some(10)),
        (code::SELF_LOOP, Some(13)),
    ];
    assert_eq!(warned(&network), expected);
    assert_eq!(hopcount(&network, "A", "as64510"), Some(2.0));
}

#[test]
fn the_same_prefix_on_two_pops_goes_to_the_lowest_key_with_a_warning() {
    let toml = "[[pop]]\nname = \"B\"\nprefixes = [\"192.0.2.0/24\"]\n\
                [[pop]]\nname = \"A\"\nprefixes = [\"192.0.2.0/24\"]\n\
                [[link]]\nfrom = \"A\"\nto = \"B\"\n";
    let network = Files::new().with("inventory", "net.toml", toml).network();
    assert_eq!(warned(&network), [(code::DUPLICATE_PREFIX, Some(3))]);
    assert_eq!(node_of(&network, "192.0.2.1").as_deref(), Some("A"));
}

#[test]
fn a_node_that_one_file_has_outside_is_external_with_a_warning() {
    let graph = |external| {
        let node = format!(r#"{{"id": 0, "name": "B", "external": {external}}}"#);
        format!(r#"{{"nodes": [{node}], "links": []}}"#)
    };
    let pops = "[[link]]\nfrom = \"A\"\nto = \"B\"\n";
    let network = inventory(pops).with("nodelink", "g.json", graph(true)).network();
    assert_eq!(kind(&network, "B"), Kind::External);
    assert_eq!(warned(&network), [(code::CONTRADICTING_KIND, Some(1))]);
    let message = &network.warnings()[0].message;
    assert!(message.starts_with("`B` is external here and internal at "), "{message}");
    assert!(message.ends_with("net.toml:5; counts as external"), "{message}");
    let toml = format!("{POPS}{pops}");
    let files = Files::new().with("nodelink", "g.json", graph(true));
    let network = files.with("inventory", "net.toml", toml).network();
    assert_eq!(kind(&network, "B"), Kind::External);
    assert_eq!(warned(&network), [(code::CONTRADICTING_KIND, Some(5))]);
    let message = &network.warnings()[0].message;
    assert_eq!(message, "`B` is internal here and external elsewhere; counts as external");
    let network = inventory(pops).with("nodelink", "g.json", graph(false)).network();
    assert_eq!(warned(&network), []);
}

#[test]
fn an_inventory_may_add_to_the_graph_of_another_file() {
    let graph = r#"{"nodes": [{"id": 0, "name": "A"}, {"id": 1, "name": "B"}],
        "links": [{"source": 0, "target": 1}]}"#;
    let toml = "[[neighbour]]\nas = 64510\nrelation = \"peer\"\nat = [\"B\"]\n\
                prefixes = [\"192.0.2.0/24\"]\n";
    let network = Files::new()
        .with("inventory", "more.toml", toml)
        .with("nodelink", "g.json", graph)
        .network();
    assert_eq!(warned(&network), []);
    assert_eq!(hopcount(&network, "A", "as64510"), Some(2.0));
}
