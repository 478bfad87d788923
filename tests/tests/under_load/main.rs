//! Changes under load: no request fails while maps, certificates and settings change, and whatever
//! is broken leaves what was there serving. A few rounds of each; with `MP2P_LONG=1` as many as
//! CONTRIBUTING.md says.

mod broken;
mod load;
mod rotation;

use load::Load;
use system_tests::data;
use system_tests::unis::{Unis, replace};

/// How often, in continuous integration and with `MP2P_LONG`.
fn rounds(few: usize, many: usize) -> usize {
    if std::env::var_os("MP2P_LONG").is_some() { many } else { few }
}

/// A metric without labels, read over the admin listener.
fn metric(unis: &Unis, name: &str) -> f64 {
    let answer = system_tests::http::get(&format!("{}/metrics", unis.admin));
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.and_then(|line| line.trim().parse().ok()).unwrap_or(f64::NAN)
}

#[test]
fn no_request_fails_while_maps_change() {
    let folder = tempfile::tempdir().unwrap();
    let network = folder.path().join("network.toml");
    let text = std::fs::read_to_string(data::project("topology/fixtures/small.toml")).unwrap();
    replace(&network, &text).unwrap();
    let by_hand = ["--set", "reload-poll-seconds=0"];
    let unis = Unis::mutual(&[format!("inventory={}", network.display())], &by_hand).unwrap();
    let load = Load::of_first_try(&unis, "cost-map-routingcost-numerical").unwrap();
    let rounds = rounds(20, 1_000);
    for round in 1..=rounds {
        let cost = 10 + round;
        replace(&network, &text.replace("igp = 10", &format!("igp = {cost}"))).unwrap();
        unis.signal("HUP").unwrap();
        unis.wait_for_log("map reloaded").unwrap();
        load.waits_for(&format!("\"RM\":{cost}")).unwrap();
    }
    let told = load.finish().unwrap();
    assert_eq!(metric(&unis, "unis_reloads_total"), rounds as f64);
    eprintln!("{rounds} reloads, {told}");
}
