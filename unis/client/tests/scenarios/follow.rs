//! A follower and a server that changes, breaks, goes and comes back (RFC 7285 §6.3, §11.2).

use std::net::IpAddr;
use std::time::{Duration, Instant};

use alto::cost::Mode;
use alto::media;
use alto_client::{Client, FollowSettings, Followed, Follower};
use netmap::Ranked;

use crate::origin::{Origin, Page, http};

/// Rounds come only when a test asks for one.
const NEVER: Duration = Duration::from_secs(100_000);

fn directory(folder: &str) -> Page {
    let text = r#"{"meta": {"default-alto-network-map": "net", "cost-types": {
          "num": {"cost-mode": "numerical", "cost-metric": "routingcost"},
          "ord": {"cost-mode": "ordinal", "cost-metric": "hopcount"}}},
        "resources": {
          "net": {"uri": "FOLDER/net", "media-type": "application/alto-networkmap+json"},
          "num-map": {"uri": "FOLDER/num", "media-type": "application/alto-costmap+json",
            "capabilities": {"cost-type-names": ["num"]}, "uses": ["net"]},
          "ord-map": {"uri": "FOLDER/ord", "media-type": "application/alto-costmap+json",
            "capabilities": {"cost-type-names": ["ord"]}, "uses": ["net"]}}}"#;
    Page::new(200, media::DIRECTORY, text.replace("FOLDER", folder))
}

/// The network map of RFC 7285 §11.2.1.7.
fn network_map(tag: &str) -> Page {
    network_map_with(tag, r#""PID2": {"ipv4": ["198.51.100.128/25"]}"#)
}

fn network_map_with(tag: &str, pid2: &str) -> Page {
    let text = format!(
        r#"{{"meta": {{"vtag": {{"resource-id": "net", "tag": "{tag}"}}}}, "network-map": {{
          "PID1": {{"ipv4": ["192.0.2.0/24", "198.51.100.0/25"]}}, {pid2},
          "PID3": {{"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]}}}}}}"#
    );
    let etag = format!("\"net-{tag}\"");
    Page::new(200, media::NETWORK_MAP, text).with("etag", &etag)
}

/// The costs of RFC 7285 §11.2.3.7.
const COSTS: &str = r#"{"PID1": {"PID1": 1, "PID2": 5, "PID3": 10},
    "PID2": {"PID1": 5, "PID2": 1, "PID3": 15}, "PID3": {"PID1": 20, "PID2": 15}}"#;

fn cost_map(tag: &str, costs: &str) -> Page {
    cost_map_of("numerical", "routingcost", tag, costs)
}

fn cost_map_of(mode: &str, metric: &str, tag: &str, costs: &str) -> Page {
    let text = format!(
        r#"{{"meta": {{"dependent-vtags": [{{"resource-id": "net", "tag": "{tag}"}}],
            "cost-type": {{"cost-mode": "{mode}", "cost-metric": "{metric}"}}}},
          "cost-map": {costs}}}"#
    );
    let etag = format!("\"{metric}-{tag}-{}\"", costs.len());
    Page::new(200, media::COST_MAP, text).with("etag", &etag)
}

fn settings() -> FollowSettings {
    let (interval, first_retry, longest_retry) = (NEVER, NEVER, NEVER);
    FollowSettings { interval, first_retry, longest_retry, ..FollowSettings::default() }
}

fn follow(url: &str, settings: FollowSettings) -> Follower {
    Follower::start(Client::builder(url, http()).unwrap(), settings).unwrap()
}

/// A server with the RFC's maps, and a follower that has them.
async fn followed() -> (Origin, Follower) {
    let origin = Origin::start();
    origin.set("/directory", directory("/a"));
    origin.set("/a/net", network_map("1"));
    origin.set("/a/num", cost_map("1", COSTS));
    let follower = follow(&origin.url("/directory"), settings());
    follower.check().await;
    assert_eq!(last_error(&follower), None);
    origin.seen();
    (origin, follower)
}

fn last_error(follower: &Follower) -> Option<String> {
    follower.freshness(Instant::now()).last_error.map(|error| error.to_string())
}

fn cost(followed: &Followed, from: &str, to: &str) -> Option<f64> {
    let snapshot = followed.snapshot();
    let pid = |name| snapshot.pids().find(name).unwrap();
    let matrix = snapshot.matrix("routingcost").unwrap();
    matrix.cost(pid(from), pid(to)).map(netmap::Cost::value)
}

fn version(follower: &Follower) -> String {
    follower.current().unwrap().version().tag.clone()
}

#[tokio::test]
async fn the_maps_of_the_rfc_rank_as_its_costs_say() {
    let (_origin, follower) = followed().await;
    let followed = follower.current().unwrap();
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    // PID3, PID1, PID2, PID3 by IPv6, PID1 as a mapped address: from PID1 10, 1, 5, 10, 1.
    let candidates =
        ["203.0.113.7", "192.0.2.9", "198.51.100.200", "2001:db8::1", "::ffff:198.51.100.1"];
    let candidates = candidates.map(address);
    let order = |from: &str| {
        let ranked = followed.rank("routingcost", address(from), &candidates).unwrap();
        ranked.iter().map(|each: &Ranked| (each.index, each.rank)).collect::<Vec<_>>()
    };
    let from_pid1 = [(1, Some(1)), (4, Some(1)), (2, Some(2)), (0, Some(3)), (3, Some(3))];
    assert_eq!(order("192.0.2.1"), from_pid1);
    // PID3 to PID3 has no cost.
    let from_pid3 = [(2, Some(1)), (1, Some(2)), (4, Some(2)), (0, None), (3, None)];
    assert_eq!(order("2001:db8::2"), from_pid3);
    assert!(followed.rank("hopcount", address("192.0.2.1"), &candidates).is_none());
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let (origin, follower) = followed().await;
    let before = follower.current().unwrap();
    follower.check().await;
    let asked: Vec<_> = origin
        .seen()
        .into_iter()
        .map(|seen| (seen.path, seen.headers["if-none-match"].to_str().unwrap().to_owned()))
        .collect();
    let etag = format!("\"routingcost-1-{}\"", COSTS.len());
    assert_eq!(asked, [("/a/net".into(), "\"net-1\"".into()), ("/a/num".into(), etag)]);
    let after = follower.current().unwrap();
    assert!(std::sync::Arc::ptr_eq(before.snapshot(), after.snapshot()));
    assert_eq!(*follower.updates().borrow(), 1);
}

#[tokio::test]
async fn new_costs_take_over_upon_the_old_network_map() {
    let (origin, follower) = followed().await;
    let before = follower.current().unwrap();
    origin.set("/a/num", cost_map("1", &COSTS.replace("\"PID1\": 20", "\"PID1\": 2.5")));
    follower.check().await;
    let after = follower.current().unwrap();
    assert_eq!(cost(&before, "PID3", "PID1"), Some(20.0));
    assert_eq!(cost(&after, "PID3", "PID1"), Some(2.5));
    assert_eq!(cost(&after, "PID2", "PID3"), Some(15.0));
    assert_eq!(before.snapshot().network_tag(), after.snapshot().network_tag());
    assert_eq!(*follower.updates().borrow(), 2);
}

#[tokio::test]
async fn maps_of_two_versions_are_asked_for_again_until_they_match() {
    let (origin, follower) = followed().await;
    // The server changes right after it has sent its network map.
    origin.script("/a/net", vec![network_map("1"), network_map("2")]);
    origin.set("/a/num", cost_map("2", COSTS));
    follower.check().await;
    assert_eq!(last_error(&follower), None);
    assert_eq!(version(&follower), "2");
    let seen = origin.seen();
    let paths: Vec<_> = seen.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(paths, ["/a/net", "/a/num", "/a/net", "/a/num"]);
    assert!(!seen[2].headers.contains_key("if-none-match"));
}

#[tokio::test]
async fn maps_that_never_match_do_not_take_over() {
    let (origin, follower) = followed().await;
    origin.set("/a/net", network_map("2"));
    follower.check().await;
    let error = last_error(&follower).unwrap();
    assert!(error.ends_with("is for 1 of net, the network map is 2 of net"), "{error}");
    assert_eq!(version(&follower), "1");
    // Three tries of two maps, and an end.
    assert_eq!(origin.paths().len(), 6);
    origin.set("/a/num", cost_map("2", COSTS));
    follower.check().await;
    assert_eq!(version(&follower), "2");
}

#[tokio::test]
async fn bad_maps_leave_the_old_ones_in_force() {
    let (origin, follower) = followed().await;
    let pid2 = |text: &str| network_map_with("2", &format!("\"PID2\": {{\"ipv4\": [{text}]}}"));
    let bad_networks = [
        (pid2("\"192.0.2.0/24\""), "prefix 192.0.2.0/24 is both in PID PID1 and in PID PID2"),
        (pid2("\"192.0.2.0\""), "PID PID2: \"192.0.2.0\" is no ipv4 prefix"),
        (network_map_with("2", "\"PID.2\": {}"), "PID name \"PID.2\" has the character '.'"),
        (network_map_with("2", "\"PID1\": {}"), "duplicate member \"PID1\""),
        (Page::new(200, media::NETWORK_MAP, "{\"meta\""), "EOF while parsing"),
    ];
    for (page, expected) in bad_networks {
        origin.set("/a/net", page);
        follower.check().await;
        let error = last_error(&follower).unwrap();
        assert!(error.contains(expected), "{error}");
    }
    origin.set("/a/net", network_map("1"));
    for (costs, expected) in [
        ("{\"PID1\": {\"PID2\": -5}}", "from PID1 to PID2: cost -5 is negative"),
        ("{\"PID1\": {\"PID4\": 5}}", "names PID \"PID4\""),
        ("{\"PID1\": {\"PID2\": \"5\"}}", "invalid type: string"),
        ("{}", "has no cost"),
    ] {
        origin.set("/a/num", cost_map("1", costs));
        follower.check().await;
        let error = last_error(&follower).unwrap();
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(cost(&follower.current().unwrap(), "PID3", "PID1"), Some(20.0));
    assert_eq!(*follower.updates().borrow(), 1);
}

#[tokio::test]
async fn a_server_may_be_absent_come_go_and_return() {
    let address = Origin::start().stop().await;
    let follower = follow(&format!("http://{address}/directory"), settings());
    follower.check().await;
    assert!(follower.current().is_none());
    let freshness = follower.freshness(Instant::now());
    assert!(freshness.stale && freshness.checked_age.is_none() && freshness.last_error.is_some());

    let origin = Origin::start_at(address);
    origin.set("/directory", directory("/a"));
    origin.set("/a/net", network_map("1"));
    origin.set("/a/num", cost_map("1", COSTS));
    follower.check().await;
    assert_eq!(version(&follower), "1");

    origin.stop().await;
    follower.check().await;
    assert!(last_error(&follower).is_some());
    assert_eq!(version(&follower), "1");
    let later = Instant::now() + Duration::from_secs(301);
    let freshness = follower.freshness(later);
    assert!(freshness.stale);
    assert!(freshness.snapshot_age.unwrap() >= Duration::from_secs(300));

    let origin = Origin::start_at(address);
    origin.set("/directory", directory("/a"));
    origin.set("/a/net", network_map("2"));
    origin.set("/a/num", cost_map("2", COSTS));
    follower.check().await;
    assert_eq!((version(&follower).as_str(), last_error(&follower)), ("2", None));
    assert!(!follower.freshness(Instant::now()).stale);
}

#[tokio::test]
async fn a_directory_that_changed_is_read_again_when_a_map_is_gone() {
    let (origin, follower) = followed().await;
    origin.set("/directory", directory("/b"));
    origin.remove("/a/net");
    origin.set("/b/net", network_map("2"));
    origin.set("/b/num", cost_map("2", COSTS));
    follower.check().await;
    assert_eq!((version(&follower).as_str(), last_error(&follower)), ("2", None));
    let seen = origin.seen();
    let paths: Vec<_> = seen.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(paths, ["/a/net", "/directory", "/b/net", "/b/num"]);
    // An entity tag means nothing at another place.
    assert!(!seen[2].headers.contains_key("if-none-match"));
}

#[tokio::test]
async fn a_directory_is_suspect_when_errors_persist() {
    let (origin, follower) = followed().await;
    origin.set("/directory", directory("/b"));
    origin.set("/b/net", network_map("2"));
    origin.set("/b/num", cost_map("2", COSTS));
    origin.set("/a/net", Page::new(500, "text/plain", "broken"));
    for _ in 0..3 {
        follower.check().await;
        assert_eq!(origin.paths(), ["/a/net"]);
    }
    follower.check().await;
    assert_eq!(version(&follower), "2");
}

#[tokio::test]
async fn a_directory_that_is_gone_does_not_take_the_maps_with_it() {
    let (origin, follower) = followed().await;
    origin.remove("/directory");
    origin.script("/a/net", vec![Page::new(404, "text/plain", ""), network_map("2")]);
    origin.set("/a/num", cost_map("2", COSTS));
    follower.check().await;
    assert_eq!(version(&follower), "2");
    assert_eq!(origin.paths(), ["/a/net", "/directory", "/a/net", "/a/num"]);
}

#[tokio::test]
async fn a_pause_that_the_server_asks_for_is_kept() {
    for status in [503, 429] {
        let (origin, follower) = followed().await;
        let busy = Page::new(status, "text/plain", "busy").with("retry-after", "1000");
        origin.set("/a/net", busy);
        follower.check().await;
        assert_eq!(origin.paths(), ["/a/net"]);
        origin.set("/a/net", network_map("2"));
        follower.check().await;
        assert!(origin.paths().is_empty());
        assert_eq!(version(&follower), "1");
    }
}

#[tokio::test]
async fn several_metrics_are_followed_together_each_by_the_mode_there_is() {
    let (origin, _) = followed().await;
    let hops = "{\"PID1\": {\"PID1\": 0, \"PID2\": 3}}";
    origin.set("/a/ord", cost_map_of("ordinal", "hopcount", "1", hops));
    let metrics = vec!["routingcost".to_owned(), "hopcount".to_owned()];
    let follower = follow(&origin.url("/directory"), FollowSettings { metrics, ..settings() });
    follower.check().await;
    assert_eq!(last_error(&follower), None);
    let followed = follower.current().unwrap();
    let modes: Vec<_> = followed.cost_types().map(|kind| kind.mode).collect();
    assert_eq!(modes, [Mode::Numerical, Mode::Ordinal]);
    // One of the two changes its version: neither takes over.
    origin.set("/a/net", network_map("2"));
    origin.set("/a/num", cost_map("2", COSTS));
    follower.check().await;
    assert_eq!(version(&follower), "1");
    origin.set("/a/ord", cost_map_of("ordinal", "hopcount", "2", hops));
    follower.check().await;
    assert_eq!(version(&follower), "2");
}

#[tokio::test]
async fn the_interval_drives_rounds_by_itself() {
    let (origin, _) = followed().await;
    let interval = Duration::from_millis(5);
    let follower = follow(&origin.url("/directory"), FollowSettings { interval, ..settings() });
    let mut updates = follower.updates();
    let patience = Duration::from_secs(30);
    tokio::time::timeout(patience, updates.wait_for(|n| *n == 1)).await.unwrap().unwrap();
    origin.set("/a/num", cost_map("1", &COSTS.replace("20", "21.5")));
    tokio::time::timeout(patience, updates.wait_for(|n| *n == 2)).await.unwrap().unwrap();
    assert_eq!(cost(&follower.current().unwrap(), "PID3", "PID1"), Some(21.5));
}

#[tokio::test]
async fn a_server_that_lacks_what_is_wanted_says_which() {
    let (origin, _) = followed().await;
    let metrics = vec!["delay-ow".to_owned()];
    let follower = follow(&origin.url("/directory"), FollowSettings { metrics, ..settings() });
    follower.check().await;
    let expected = "the directory lists no cost map of delay-ow over network map net";
    assert_eq!(last_error(&follower).as_deref(), Some(expected));
}
