//! What a reviewer with curl tries: preconditions, codings of answers, odd settings, reloads that
//! are half good.

use serde_json::json;
use system_tests::data::{germany50, project, small};
use system_tests::http::{get, request};
use system_tests::unis::{Unis, replace, run};

const FILTER: &str = "application/alto-costmapfilter+json";

#[test]
fn a_map_is_sent_only_as_the_version_that_if_match_names() {
    let unis = Unis::plain(&small(), &[]).unwrap();
    let etag = get(&unis.at("network-map")).header("etag").unwrap().to_owned();
    for (value, status) in [(etag.as_str(), 200), ("*", 200), ("\"other\"", 412)] {
        let answer = request("GET", &unis.at("network-map")).header("If-Match", value).send();
        assert_eq!(answer.status, status, "{value}");
    }
}

/// RFC 9110 §8.6: the length of an answer to HEAD is that of the answer to GET, or is not told.
#[test]
fn head_tells_the_length_of_a_map_or_none_where_it_is_made_while_it_is_sent() {
    let resource = "cost-map-routingcost-numerical";
    for (rendered_pairs, is_known) in [(2_000_000, true), (1, false)] {
        let set = format!("max-rendered-pairs={rendered_pairs}");
        let unis = Unis::plain(&germany50(), &["--set", &set]).unwrap();
        let [head, whole] =
            ["HEAD", "GET"].map(|method| request(method, &unis.at(resource)).send());
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.header("etag"), whole.header("etag"));
        let length = is_known.then(|| whole.body.len().to_string());
        assert_eq!(head.header("content-length"), length.as_deref(), "{rendered_pairs}");
    }
}

#[test]
fn an_answer_is_coded_for_a_client_that_refuses_it_plain() {
    let unis = Unis::plain(&small(), &[]).unwrap();
    let query = json!({
        "cost-type": {"cost-mode": "numerical", "cost-metric": "routingcost"},
        "pids": {"srcs": ["MI"], "dsts": ["RM"]},
    });
    for (accepted, coding) in [("gzip", None), ("gzip, identity;q=0", Some("gzip"))] {
        let answer = request("POST", &unis.at("cost-map-filtered"))
            .header("Content-Type", FILTER)
            .header("Accept-Encoding", accepted)
            .body(query.to_string())
            .send();
        assert_eq!((answer.status, answer.header("content-encoding")), (200, coding), "{accepted}");
    }
}

#[test]
fn a_constraint_that_nothing_satisfies_gives_an_empty_map() {
    let unis = Unis::plain(&germany50(), &[]).unwrap();
    let cost_type = json!({"cost-mode": "numerical", "cost-metric": "routingcost"});
    let query = json!({"cost-type": cost_type, "constraints": ["lt 0"]});
    let answer = system_tests::http::post(&unis.at("cost-map-filtered"), FILTER, query.to_string());
    assert_eq!(answer.json()["cost-map"], json!({}));
}

#[test]
fn settings_that_could_serve_nobody_are_refused() {
    let source = format!("inventory={}", project("topology/fixtures/small.toml").display());
    for set in [
        "max-pairs=0",
        "max-body-bytes=0",
        "body-seconds=0",
        "public-url=https://h?x",
        "public-url=https://u@h",
        "public-url=https://h:b",
        "public-url=h",
    ] {
        let output = run(["check", "--source", &source, "--set", set]).unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        let (key, _) = set.split_once('=').unwrap();
        assert_eq!(output.status.code(), Some(2), "{set}");
        assert!(error.contains(key), "{set}: {error}");
    }
}

#[test]
fn a_partners_broken_file_does_not_hold_back_the_maps() {
    let folder = tempfile::tempdir().unwrap();
    let network = folder.path().join("network.toml");
    let text = std::fs::read_to_string(project("topology/fixtures/small.toml")).unwrap();
    replace(&network, &text).unwrap();
    let settings = folder.path().join("unis.toml");
    let of_network = "reload-poll-seconds = 0\n[network]\nsource = \"inventory=network.toml\"\n";
    replace(&settings, of_network).unwrap();
    let unis = Unis::mutual(&[], &["--config", &settings.display().to_string()]).unwrap();

    let partner =
        "[[partner]]\nname = \"acme\"\ntrust-domain = \"acme.example\"\nbundle = \"no.pem\"\n";
    replace(&settings, &format!("{of_network}{partner}")).unwrap();
    replace(&network, &text.replace("igp = 10", "igp = 20")).unwrap();
    unis.signal("HUP").unwrap();
    unis.wait_for_log("certificates not taken over").unwrap();
    unis.wait_for_log("map reloaded").unwrap();
    let url = format!("https://{}/cost-map-routingcost-numerical", unis.authority());
    let mut curl = system_tests::curl::with_certificate(&unis);
    let answer = system_tests::curl::run(curl.arg(url)).unwrap();
    assert_eq!(answer.json()["cost-map"]["MI"]["RM"], 20);
}
