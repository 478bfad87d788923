//! RFC 7285 §8.5: protocol errors and overload, row by row.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};
use system_tests::data;
use system_tests::http::{Answer, get, post, read_answer, request};
use system_tests::resource::{
    ASKED, Asked, COST, COST_MAP_FILTERED as COSTS, ERROR, FETCHED, NETWORK_MAP_FILTERED as MAP,
    PROPERTY,
};
use system_tests::unis::Unis;

/// The codes of Table 1 of §8.5.2.
const SYNTAX: &str = "E_SYNTAX";
const MISSING: &str = "E_MISSING_FIELD";
const TYPE: &str = "E_INVALID_FIELD_TYPE";
const VALUE: &str = "E_INVALID_FIELD_VALUE";

/// A good query, a part of it and what it is replaced by, and field and value of the error.
type Row = (Asked, &'static str, &'static str, &'static str, &'static str);

/// A wrong query, and the error that it deserves: code, field and value; absent ones empty.
type Mistake = (Asked, &'static str, [&'static str; 3]);

/// Each code for each service.
const MISTAKES: [Mistake; 17] = [
    (MAP, "{", [SYNTAX, "", ""]),
    (MAP, "{}", [MISSING, "pids", ""]),
    (MAP, r#"{"pids":"PID1"}"#, [TYPE, "pids", ""]),
    (MAP, r#"{"pids":[5]}"#, [VALUE, "pids", "5"]),
    (COSTS, "nul", [SYNTAX, "", ""]),
    (COSTS, "{}", [MISSING, "cost-type", ""]),
    (COSTS, r#"{"cost-type":"x"}"#, [TYPE, "cost-type", ""]),
    (
        COSTS,
        r#"{"cost-type":{"cost-metric":"priv:none","cost-mode":"ordinal"}}"#,
        [VALUE, "cost-type/cost-metric", "priv:none"],
    ),
    (PROPERTY, "[1", [SYNTAX, "", ""]),
    (PROPERTY, r#"{"properties":["network-map.pid"]}"#, [MISSING, "endpoints", ""]),
    (PROPERTY, r#"{"properties":{},"endpoints":["ipv4:1.2.3.4"]}"#, [TYPE, "properties", ""]),
    (
        PROPERTY,
        r#"{"properties":["priv:none"],"endpoints":["ipv4:192.0.2.1"]}"#,
        [VALUE, "properties", "priv:none"],
    ),
    (COST, "{}}", [SYNTAX, "", ""]),
    (COST, r#"{"endpoints":{"srcs":["ipv4:1.2.3.4"]}}"#, [MISSING, "cost-type", ""]),
    (
        COST,
        r#"{"cost-type":{"cost-metric":"routingcost","cost-mode":"ordinal"},
            "endpoints":{"srcs":"ipv4:192.0.2.1"}}"#,
        [TYPE, "endpoints/srcs", ""],
    ),
    (
        COST,
        r#"{"cost-type":{"cost-metric":"routingcost","cost-mode":"ordinal"},
            "endpoints":{"srcs":["ipv4:300.1.1.1"]}}"#,
        [VALUE, "endpoints/srcs", "ipv4:300.1.1.1"],
    ),
    (COST, "[]", [TYPE, "", ""]),
];

fn server() -> anyhow::Result<Unis> {
    Unis::plain(&data::rfc7285(), &[])
}

/// `[400, code, field, value]`, as `Answer::error` gives it; empty ones are null.
fn error(parts: [&str; 3]) -> Value {
    let [code, field, value] = parts.map(|part| (!part.is_empty()).then_some(part));
    json!([400, code, field, value])
}

/// `good` with `from` replaced by `to`, which has to be there.
fn changed(good: &Asked, from: &str, to: &str) -> String {
    assert!(good.query.contains(from), "{from} is not in {}", good.query);
    good.query.replace(from, to)
}

fn check(unis: &Unis, code: &str, rows: &[Row]) {
    for (asked, from, to, field, value) in rows {
        let told = asked.post(unis, changed(asked, from, to)).error();
        assert_eq!(told, error([code, field, value]), "{} {to}", asked.path);
    }
}

#[test]
fn b1_a_wrong_query_is_told_in_an_error_message_of_its_own_type() {
    let unis = server().unwrap();
    for (asked, query, expected) in MISTAKES {
        let answer = asked.post(&unis, query);
        assert_eq!(answer.header("content-type"), Some(ERROR), "{} {query}", asked.path);
        assert_eq!(answer.error(), error(expected), "{} {query}", asked.path);
    }
}

#[test]
fn b2_the_clients_mistakes_are_4xx() {
    let unis =
        Unis::plain(&data::rfc7285(), &["--set", "max-pairs=3", "--set", "max-body-bytes=2000"])
            .unwrap();
    for (asked, query, _) in MISTAKES {
        assert_eq!(asked.post(&unis, query).status, 400, "{} {query}", asked.path);
    }
    assert_eq!(get(&unis.at("nothing")).status, 404);
    assert_eq!(request("DELETE", &unis.at("network-map")).send().status, 405);
    assert_eq!(
        request("GET", &unis.at("network-map")).header("Accept", "text/html").send().status,
        406
    );
    assert_eq!(post(&unis.at("endpoint-cost"), "application/json", COST.query).status, 415);
    let four_pairs = changed(
        &COST,
        r#""ipv4:192.0.2.2""#,
        r#""ipv4:1.1.1.1","ipv4:1.1.1.2","ipv4:1.1.1.3","ipv4:1.1.1.4""#,
    );
    assert_eq!(COST.post(&unis, four_pairs).status, 413);
    assert_eq!(COST.post(&unis, " ".repeat(2001)).status, 413);
    assert_eq!(COST.post(&unis, COST.query).status, 200);
}

#[test]
fn b3_every_error_has_exactly_one_registered_code() {
    let unis = server().unwrap();
    for (asked, query, _) in MISTAKES {
        let message = asked.post(&unis, query).json();
        let code = message["meta"]["code"].as_str().unwrap();
        assert!([SYNTAX, MISSING, TYPE, VALUE].contains(&code), "{} {query}: {code}", asked.path);
    }
}

#[test]
fn b4_truncated_json_is_a_syntax_error() {
    let unis = server().unwrap();
    for asked in ASKED {
        for end in 0..asked.query.len() {
            let cut = &asked.query[..end];
            assert_eq!(
                asked.post(&unis, cut).error(),
                error([SYNTAX, "", ""]),
                "{} {cut}",
                asked.path
            );
        }
    }
    let message = MAP.post(&unis, "{\n \"pids\": [\"PID1\"").json();
    let place = message["meta"]["syntax-error"].as_str().unwrap();
    assert!(place.contains("line 2, column 17"), "{place}");
}

#[test]
fn b5_an_empty_body_is_a_syntax_error() {
    let unis = server().unwrap();
    for asked in ASKED {
        for body in ["", " ", "\r\n\t"] {
            assert_eq!(asked.post(&unis, body).error(), error([SYNTAX, "", ""]), "{}", asked.path);
        }
        let bodyless =
            request("POST", &unis.at(asked.path)).header("Content-Type", asked.accepts).send();
        assert_eq!(bodyless.error(), error([SYNTAX, "", ""]), "{}: no length either", asked.path);
    }
}

#[test]
fn b6_a_missing_field_is_named_by_its_full_path() {
    let unis = server().unwrap();
    let rows: &[Row] = &[
        (MAP, r#""pids":["PID2"]"#, r#""address-types":["ipv4"]"#, "pids", ""),
        (COSTS, r#","cost-metric":"routingcost""#, "", "cost-type/cost-metric", ""),
        (COSTS, r#""cost-mode":"numerical","#, "", "cost-type/cost-mode", ""),
        (COSTS, r#","dsts":["PID3"]"#, "", "pids/dsts", ""),
        (COSTS, r#""srcs":["PID1"],"#, "", "pids/srcs", ""),
        (PROPERTY, r#""properties":["network-map.pid"],"#, "", "properties", ""),
        (PROPERTY, r#","endpoints":["ipv4:192.0.2.34"]"#, "", "endpoints", ""),
        (COST, r#""cost-type""#, r#""type""#, "cost-type", ""),
        (COST, r#","cost-metric":"routingcost""#, "", "cost-type/cost-metric", ""),
        (COST, r#""endpoints""#, r#""endpoint""#, "endpoints", ""),
    ];
    check(&unis, MISSING, rows);
}

#[test]
fn b7_a_wrong_type_is_named() {
    let unis = server().unwrap();
    let rows: &[Row] = &[
        (MAP, r#"["PID2"]"#, r#"{"PID2":1}"#, "pids", ""),
        (MAP, r#"["PID2"]"#, r#"[],"address-types":"ipv4""#, "address-types", ""),
        (COSTS, r#"["PID1"]"#, r#""PID1""#, "pids/srcs", ""),
        (COSTS, r#"{"srcs":["PID1"],"dsts":["PID3"]}"#, r#"["PID1"]"#, "pids", ""),
        (COSTS, r#""pids""#, r#""constraints":"gt 5","pids""#, "constraints", ""),
        (COSTS, r#""numerical""#, "1", "cost-type/cost-mode", ""),
        (PROPERTY, r#"["ipv4:192.0.2.34"]"#, r#""ipv4:192.0.2.34""#, "endpoints", ""),
        (
            COST,
            r#"{"cost-mode":"numerical","cost-metric":"routingcost"}"#,
            r#""num-routingcost""#,
            "cost-type",
            "",
        ),
        (COST, r#""routingcost""#, "null", "cost-type/cost-metric", ""),
        (COST, r#"["ipv4:192.0.2.2"]"#, "true", "endpoints/srcs", ""),
    ];
    check(&unis, TYPE, rows);
    for asked in ASKED {
        for body in ["[]", "\"x\"", "5", "null", "true"] {
            let answer = asked.post(&unis, body);
            assert_eq!(
                answer.error(),
                json!([400, "E_INVALID_FIELD_TYPE", null, null]),
                "{} {body}",
                asked.path
            );
        }
    }
}

#[test]
fn b8_a_wrong_cost_mode_is_a_wrong_value_with_its_path() {
    let unis = server().unwrap();
    for asked in [COSTS, COST] {
        for mode in ["foo", "Numerical", "array", ""] {
            let answer = asked.post(&unis, changed(&asked, "numerical", mode));
            let expected = json!([400, "E_INVALID_FIELD_VALUE", "cost-type/cost-mode", mode]);
            assert_eq!(answer.error(), expected, "{}", asked.path);
        }
    }
}

#[test]
fn b9_a_value_never_comes_without_its_field() {
    let unis = server().unwrap();
    let mut values = 0;
    for (asked, query, _) in MISTAKES {
        let meta = asked.post(&unis, query).json()["meta"].clone();
        values += usize::from(meta.get("value").is_some());
        assert!(
            meta.get("value").is_none() || meta["field"].is_string(),
            "{} {query}: {meta}",
            asked.path
        );
    }
    assert!(values >= 4, "each service told a value");
}

#[test]
fn b10_a_value_is_a_string_whatever_it_was() {
    let unis = server().unwrap();
    for (wrong, value) in [
        ("5", "5"),
        ("-1.50", "-1.50"),
        ("true", "true"),
        ("null", "null"),
        ("[]", "[]"),
        ("{}", "{}"),
    ] {
        let answer = MAP.post(&unis, format!(r#"{{"pids":["PID1",{wrong}]}}"#));
        assert_eq!(answer.error(), json!([400, "E_INVALID_FIELD_VALUE", "pids", value]), "{wrong}");
    }
}

#[test]
fn b11_a_wrong_element_is_told_with_the_name_of_its_array() {
    let unis = server().unwrap();
    let rows: &[Row] = &[
        (MAP, r#"["PID2"]"#, r#"["PID2","a b"]"#, "pids", "a b"),
        (COSTS, r#"["PID3"]"#, r#"["PID3","PID.4"]"#, "pids/dsts", "PID.4"),
        (COSTS, r#""pids""#, r#""constraints":["ge 1","ne 5"],"pids""#, "constraints", "ne 5"),
        (PROPERTY, r#"["network-map.pid"]"#, r#"["network-map.pid","pid"]"#, "properties", "pid"),
        (
            PROPERTY,
            r#"["ipv4:192.0.2.34"]"#,
            r#"["ipv4:192.0.2.34","192.0.2.35"]"#,
            "endpoints",
            "192.0.2.35",
        ),
        (
            COST,
            r#"["ipv4:198.51.100.130"]"#,
            r#"["ipv6:1::2::3"]"#,
            "endpoints/dsts",
            "ipv6:1::2::3",
        ),
    ];
    check(&unis, VALUE, rows);
}

#[test]
fn b12_an_element_of_the_wrong_type_is_a_wrong_value() {
    let unis = server().unwrap();
    let rows: &[Row] = &[
        (MAP, r#"["PID2"]"#, r#"[],"address-types":[4]"#, "address-types", "4"),
        (COSTS, r#"["PID1"]"#, r#"[1]"#, "pids/srcs", "1"),
        (COSTS, r#""pids""#, r#""constraints":[5],"pids""#, "constraints", "5"),
        (PROPERTY, r#"["network-map.pid"]"#, r#"[null]"#, "properties", "null"),
        (PROPERTY, r#"["ipv4:192.0.2.34"]"#, r#"[true]"#, "endpoints", "true"),
        (COST, r#"["ipv4:192.0.2.2"]"#, r#"[0]"#, "endpoints/srcs", "0"),
    ];
    check(&unis, VALUE, rows);
}

#[test]
fn b13_of_several_errors_exactly_one_is_told() {
    let unis = server().unwrap();
    let query = r#"{"cost-type":{"cost-mode":5},"constraints":["x"],"pids":{"srcs":"PID1"}}"#;
    let possible = [
        json!([400, "E_MISSING_FIELD", "cost-type/cost-metric", null]),
        json!([400, "E_INVALID_FIELD_TYPE", "cost-type/cost-mode", null]),
        json!([400, "E_INVALID_FIELD_VALUE", "constraints", "x"]),
        json!([400, "E_MISSING_FIELD", "pids/dsts", null]),
        json!([400, "E_INVALID_FIELD_TYPE", "pids/srcs", null]),
    ];
    let answer = COSTS.post(&unis, query);
    assert!(possible.contains(&answer.error()), "{}", answer.error());
    assert_eq!(String::from_utf8_lossy(&answer.body).matches("E_").count(), 1);
}

#[test]
fn b14_who_comes_when_all_places_are_taken_is_told_when_to_come_back() {
    let settings = ["--set", "limits.max-requests-in-work=1", "--set", "limits.retry-after-s=7"];
    let unis = Unis::plain(&data::rfc7285(), &settings).unwrap();
    let mut slow = BufReader::new(TcpStream::connect(unis.authority()).unwrap());
    let length = COST.query.len();
    let head = format!(
        "POST /endpoint-cost HTTP/1.1\r\nHost: a\r\nContent-Type: {}\r\n\
         Content-Length: {length}\r\nExpect: 100-continue\r\n\r\n",
        COST.accepts
    );
    slow.get_mut().write_all(head.as_bytes()).unwrap();
    // The server asks for the body: from now on this request has the one place there is.
    let mut go_on = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
    slow.read_exact(&mut go_on).unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100 "));
    for path in ["directory", "network-map"] {
        let refused = get(&unis.at(path));
        assert_eq!((refused.status, refused.header("retry-after")), (503, Some("7")), "{path}");
    }
    slow.get_mut().write_all(COST.query.as_bytes()).unwrap();
    let answer = read_answer(&mut slow, "POST").unwrap();
    assert_eq!(answer.json()[COST.data], json!({"ipv4:192.0.2.2": {"ipv4:198.51.100.130": 5}}));
    assert_eq!(get(&unis.at("directory")).status, 200, "the place is free again");
}

#[test]
fn b15_nothing_is_redirected_so_no_loop_can_form() {
    let unis = server().unwrap();
    let check = |answer: &Answer, what: &str| {
        assert!(!(300..400).contains(&answer.status), "{what}: {}", answer.status);
        assert_eq!(answer.header("location"), None, "{what}");
    };
    let listed =
        FETCHED.iter().map(|fetched| fetched.path).chain(ASKED.iter().map(|asked| asked.path));
    for path in listed {
        for variant in
            [path.to_owned(), format!("{path}/"), format!("/{path}"), path.to_uppercase()]
        {
            for method in ["GET", "HEAD", "POST", "OPTIONS", "PUT"] {
                check(&request(method, &unis.at(&variant)).send(), &format!("{method} {variant}"));
            }
        }
    }
    for asked in ASKED {
        check(&asked.post(&unis, asked.query), asked.path);
    }
    check(&get(&unis.at("")), "the root");
}

#[test]
fn b16_errors_tell_nothing_of_the_inside() {
    let unis = server().unwrap();
    let secret = [
        data::project("").display().to_string(),
        unis.state.display().to_string(),
        std::env::temp_dir().display().to_string(),
        unis.authority().to_owned(),
        ".rs".to_owned(),
        "panicked".to_owned(),
        "thread".to_owned(),
    ];
    let mut answers: Vec<Answer> =
        MISTAKES.iter().map(|(asked, query, _)| asked.post(&unis, query)).collect();
    answers.push(get(&unis.at("nothing")));
    answers.push(get(&unis.at("../../etc/passwd")));
    answers.push(post(&unis.at("directory"), "text/plain", ""));
    answers.push(post(&unis.at("endpoint-cost"), "text/plain", ""));
    answers.push(request("GET", &unis.at("network-map")).header("Accept", "text/html").send());
    for answer in answers {
        assert!((400..500).contains(&answer.status));
        let body = String::from_utf8_lossy(&answer.body);
        for text in &secret {
            assert!(!body.contains(text), "{text} stands in {body}");
        }
    }
}
