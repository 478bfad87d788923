//! RFC 7285 §11.3.1: the filtered network map, row by row.

use serde_json::{Value, json};
use system_tests::data;
use system_tests::http::{Answer, get};
use system_tests::resource::NETWORK_MAP_FILTERED;
use system_tests::unis::Unis;

/// The network of the RFC's examples.
fn server() -> anyhow::Result<Unis> {
    Unis::plain(&data::rfc7285(), &[])
}

fn filter(unis: &Unis, filter: &Value) -> Answer {
    NETWORK_MAP_FILTERED.post(unis, filter.to_string())
}

/// The network map that a filter lets through.
fn map(unis: &Unis, query: &Value) -> Value {
    let answer = filter(unis, query);
    assert_eq!(answer.status, 200, "{query}: {}", String::from_utf8_lossy(&answer.body));
    answer.json()["network-map"].take()
}

/// The whole map of §11.2.1.7.
fn whole() -> Value {
    json!({
        "PID1": {"ipv4": ["192.0.2.0/24", "198.51.100.0/25"]},
        "PID2": {"ipv4": ["198.51.100.128/25"]},
        "PID3": {"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]},
    })
}

#[test]
fn f1_an_empty_list_of_pids_is_all_pids() {
    let unis = server().unwrap();
    assert_eq!(map(&unis, &json!({"pids": []})), whole());
    let all_of_a_family = map(&unis, &json!({"pids": [], "address-types": ["ipv6"]}));
    assert_eq!(all_of_a_family, json!({"PID1": {}, "PID2": {}, "PID3": {"ipv6": ["::/0"]}}));
}

/// As bytes: a member given twice would be lost on the way through a JSON reader.
#[test]
fn f2_a_pid_given_twice_counts_once() {
    let unis = server().unwrap();
    let once = filter(&unis, &json!({"pids": ["PID2", "PID1"]}));
    let twice = filter(&unis, &json!({"pids": ["PID2", "PID1", "PID2", "PID1", "PID2"]}));
    assert_eq!((once.status, twice.status), (200, 200));
    assert_eq!(once.body, twice.body);
}

#[test]
fn f3_absent_and_empty_address_types_are_all_types() {
    let unis = server().unwrap();
    let pid3 = json!({"PID3": {"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]}});
    assert_eq!(map(&unis, &json!({"pids": ["PID3"]})), pid3);
    assert_eq!(map(&unis, &json!({"pids": ["PID3"], "address-types": []})), pid3);
}

#[test]
fn f4_an_address_type_given_twice_counts_once() {
    let unis = server().unwrap();
    let once = filter(&unis, &json!({"pids": ["PID3"], "address-types": ["ipv6"]}));
    let twice = filter(&unis, &json!({"pids": ["PID3"], "address-types": ["ipv6", "ipv6"]}));
    assert_eq!((once.status, twice.status), (200, 200));
    assert_eq!(once.body, twice.body);
}

#[test]
fn f5_only_the_pids_asked_for_are_there() {
    let unis = server().unwrap();
    let all = whole();
    for asked in [vec!["PID1"], vec!["PID2", "PID3"], vec!["PID3", "PID1"]] {
        let expected: Value = asked.iter().map(|pid| (*pid, all[pid].clone())).collect();
        assert_eq!(map(&unis, &json!({"pids": asked})), expected);
    }
}

/// Read to the letter, a list of unknown names would be empty and so name all; nobody gets more
/// than asked for.
#[test]
fn f6_an_unknown_pid_is_ignored_and_alone_it_brings_nothing() {
    let unis = server().unwrap();
    let known = json!({"PID2": {"ipv4": ["198.51.100.128/25"]}});
    assert_eq!(map(&unis, &json!({"pids": ["PID9", "PID2", "pid2"]})), known);
    assert_eq!(map(&unis, &json!({"pids": ["PID9"]})), json!({}));
}

#[test]
fn f7_only_the_address_types_asked_for_are_inside_a_pid() {
    let unis = server().unwrap();
    let ipv6 = map(&unis, &json!({"pids": ["PID1", "PID3"], "address-types": ["ipv6"]}));
    assert_eq!(ipv6, json!({"PID1": {}, "PID3": {"ipv6": ["::/0"]}}), "the PID itself stays");
    let ipv4 = map(&unis, &json!({"pids": ["PID3"], "address-types": ["ipv4"]}));
    assert_eq!(ipv4, json!({"PID3": {"ipv4": ["0.0.0.0/0"]}}));
    let both = map(&unis, &json!({"pids": [], "address-types": ["ipv6", "ipv4"]}));
    assert_eq!(both, whole());
}

#[test]
fn f8_an_unknown_address_type_is_ignored_and_alone_it_brings_nothing() {
    let unis = server().unwrap();
    for (types, expected) in [
        (json!(["mac48", "ipv6"]), json!({"PID3": {"ipv6": ["::/0"]}})),
        (json!(["ipv6", "IPv4"]), json!({"PID3": {"ipv6": ["::/0"]}})),
        (json!(["mac48"]), json!({})),
    ] {
        let query = json!({"pids": ["PID3"], "address-types": types});
        assert_eq!(map(&unis, &query), expected, "{types}");
    }
    assert_eq!(map(&unis, &json!({"pids": [], "address-types": ["mac48"]})), json!({}));
}

#[test]
fn f9_the_version_tag_is_that_of_the_whole_map() {
    let unis = server().unwrap();
    let vtag = get(&unis.at("network-map")).json()["meta"]["vtag"].take();
    assert_eq!(vtag["resource-id"], "network-map");
    for query in [
        json!({"pids": []}),
        json!({"pids": ["PID1"]}),
        json!({"pids": ["PID9"]}),
        json!({"pids": ["PID3"], "address-types": ["ipv6"]}),
    ] {
        let answer = filter(&unis, &query).json();
        assert_eq!(answer["meta"], json!({"vtag": vtag}), "{query}");
    }
}

#[test]
fn f10_the_pids_have_to_be_there() {
    let unis = server().unwrap();
    let missing = json!([400, "E_MISSING_FIELD", "pids", null]);
    for query in [json!({}), json!({"address-types": ["ipv4"]}), json!({"PIDs": []})] {
        assert_eq!(filter(&unis, &query).error(), missing, "{query}");
    }
}

#[test]
fn f11_a_list_of_another_type_and_an_element_of_another_type() {
    let unis = server().unwrap();
    for (query, code, field, value) in [
        (json!({"pids": "PID1"}), "TYPE", "pids", Value::Null),
        (json!({"pids": null}), "TYPE", "pids", Value::Null),
        (json!({"pids": {"PID1": {}}}), "TYPE", "pids", Value::Null),
        (json!({"pids": [1]}), "VALUE", "pids", json!("1")),
        (json!({"pids": ["PID1", null]}), "VALUE", "pids", json!("null")),
        (json!({"pids": [["PID1"]]}), "VALUE", "pids", json!("[\"PID1\"]")),
        (json!({"pids": [], "address-types": "ipv4"}), "TYPE", "address-types", Value::Null),
        (json!({"pids": [], "address-types": [4]}), "VALUE", "address-types", json!("4")),
    ] {
        let expected = json!([400, format!("E_INVALID_FIELD_{code}"), field, value]);
        assert_eq!(filter(&unis, &query).error(), expected, "{query}");
    }
}

/// §10.1: at most 64 of `[0-9A-Za-z:@_-]`, the dot reserved; such a text can name no PID, known or
/// not.
#[test]
fn f12_what_can_be_no_pid_name_is_an_invalid_value() {
    let unis = server().unwrap();
    let longest = "x".repeat(64);
    assert_eq!(map(&unis, &json!({"pids": [longest, "a:b@c_d-e"]})), json!({}));
    let too_long = "x".repeat(65);
    for bad in ["", "PID 1", "PID.1", "PID/1", "PÏD1", &too_long] {
        let expected = json!([400, "E_INVALID_FIELD_VALUE", "pids", bad]);
        assert_eq!(filter(&unis, &json!({"pids": ["PID1", bad]})).error(), expected);
    }
}
