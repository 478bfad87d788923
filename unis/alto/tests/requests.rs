//! Requests as clients send them, right and wrong: RFC 7285 §8.5.2, §11.3 to §11.5.

use alto::cost::{CostType, Mode};
use alto::fault::{Code, Fault};
use alto::request::{
    CostMapFilter, EndpointCostQuery, EndpointPropertyQuery, NetworkMapFilter, PackedQuery,
};

const ORDINAL: &str = r#""cost-type": {"cost-mode": "ordinal", "cost-metric": "routingcost"}"#;

type Outcome = Result<(), Fault>;

fn fnm(body: &str) -> Outcome {
    NetworkMapFilter::parse(body.as_bytes()).map(drop)
}

fn fcm(body: &str) -> Outcome {
    CostMapFilter::parse(body.as_bytes()).map(drop)
}

fn eps(body: &str) -> Outcome {
    EndpointPropertyQuery::parse(body.as_bytes()).map(drop)
}

fn ecs(body: &str) -> Outcome {
    let exactly = EndpointCostQuery::parse(body.as_bytes()).map(drop);
    assert_eq!(PackedQuery::parse(body.as_bytes()).map(drop), exactly);
    exactly
}

const EVERY_SERVICE: [fn(&str) -> Outcome; 4] = [fnm, fcm, eps, ecs];

/// The body of an endpoint cost query with these `endpoints`.
fn ranking(endpoints: &str) -> String {
    format!(r#"{{{ORDINAL}, "endpoints": {endpoints}}}"#)
}

/// The body of a filtered cost map request with this more.
fn costs_and(more: &str) -> String {
    format!("{{{ORDINAL}, {more}}}")
}

fn texts<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(T::to_string).collect()
}

#[track_caller]
fn refused(outcome: Outcome, expected: Fault) {
    assert_eq!(outcome.err(), Some(expected));
}

#[test]
fn the_examples_of_the_rfc_are_read() {
    let filter = NetworkMapFilter::parse(br#"{ "pids": [ "PID1", "PID2" ] }"#).unwrap();
    assert_eq!(filter.pids, ["PID1", "PID2"]);
    assert!(filter.address_types.is_empty());

    let body = br#"{
        "cost-type" : {"cost-mode": "numerical", "cost-metric": "routingcost"},
        "pids" : { "srcs" : [ "PID1" ], "dsts" : [ "PID1", "PID2", "PID3" ] }
    }"#;
    let filter = CostMapFilter::parse(body).unwrap();
    assert_eq!(filter.cost_type, CostType::new("routingcost", Mode::Numerical));
    assert_eq!(filter.constraints, None);
    let pids = filter.pids.unwrap();
    assert_eq!((pids.srcs, pids.dsts.join(" ")), (vec!["PID1".into()], "PID1 PID2 PID3".into()));

    let body = br#"{
        "properties" : [ "my-default-networkmap.pid", "priv:ietf-example-prop" ],
        "endpoints"  : [ "ipv4:192.0.2.34", "ipv4:203.0.113.129" ]
    }"#;
    let query = EndpointPropertyQuery::parse(body).unwrap();
    assert_eq!(texts(&query.properties), ["my-default-networkmap.pid", "priv:ietf-example-prop"]);
    assert_eq!(texts(&query.endpoints), ["ipv4:192.0.2.34", "ipv4:203.0.113.129"]);

    let body = br#"{
        "cost-type": {"cost-mode" : "ordinal", "cost-metric" : "routingcost"},
        "endpoints" : {
            "srcs": [ "ipv4:192.0.2.2" ],
            "dsts": [ "ipv4:192.0.2.89", "ipv4:198.51.100.34", "ipv4:203.0.113.45" ]
        }
    }"#;
    let query = EndpointCostQuery::parse(body).unwrap();
    assert_eq!(query.cost_type, CostType::new("routingcost", Mode::Ordinal));
    assert_eq!(texts(&query.srcs), ["ipv4:192.0.2.2"]);
    assert_eq!(texts(&query.dsts), ["ipv4:192.0.2.89", "ipv4:198.51.100.34", "ipv4:203.0.113.45"]);
}

#[test]
fn b4_truncated_json_is_e_syntax_with_line_and_column() {
    for service in EVERY_SERVICE {
        let fault = service("{\n  \"pids\": [\"PID1\"").unwrap_err();
        assert_eq!(fault.code, Code::Syntax);
        assert!(fault.syntax_error.unwrap().starts_with("line 2, column 18: "));
    }
    let whole = ranking(r#"{"srcs": ["ipv4:192.0.2.1"]}"#);
    assert!(ecs(&whole).is_ok());
    for end in 0..whole.len() {
        assert_eq!(ecs(&whole[..end]).unwrap_err().code, Code::Syntax, "{end}");
    }
}

#[test]
fn b5_empty_body_is_e_syntax() {
    for service in EVERY_SERVICE {
        assert_eq!(service("").unwrap_err().code, Code::Syntax);
        assert_eq!(service(" \n").unwrap_err().code, Code::Syntax);
    }
}

#[test]
fn what_is_not_json_is_e_syntax() {
    let bad = [
        "{\"pids\": []} x",
        "\u{feff}{\"pids\": []}",
        "{\"pids\": [], \"pids\": []}",
        "{\"pids\": [], \"x\": {\"a\": 1, \"a\": 1}}",
        "{'pids': []}",
        "{\"pids\": [],}",
        "pids",
    ];
    for body in bad {
        for service in EVERY_SERVICE {
            assert_eq!(service(body).unwrap_err().code, Code::Syntax, "{body}");
        }
    }
    let deep = format!("{{\"pids\": [], \"x\": {}{}}}", "[".repeat(64), "]".repeat(64));
    assert_eq!(fnm(&deep).unwrap_err().code, Code::Syntax);
    let fault = NetworkMapFilter::parse(b"{\"pids\": [\"\xff\"]}").unwrap_err();
    assert_eq!(fault, Fault::syntax("line 1, column 12: invalid UTF-8"));
}

#[test]
fn b6_f10_missing_fields_are_named_by_their_full_path() {
    refused(fnm("{}"), Fault::missing("pids"));
    refused(fcm("{}"), Fault::missing("cost-type"));
    refused(
        fcm(r#"{"cost-type": {"cost-mode": "ordinal"}}"#),
        Fault::missing("cost-type/cost-metric"),
    );
    refused(fcm(r#"{"cost-type": {"cost-metric": "x"}}"#), Fault::missing("cost-type/cost-mode"));
    refused(fcm(&costs_and(r#""pids": {"srcs": []}"#)), Fault::missing("pids/dsts"));
    refused(eps("{}"), Fault::missing("properties"));
    refused(eps(r#"{"properties": ["m.pid"]}"#), Fault::missing("endpoints"));
    refused(ecs(r#"{"endpoints": {}}"#), Fault::missing("cost-type"));
    refused(ecs(&format!("{{{ORDINAL}}}")), Fault::missing("endpoints"));
}

#[test]
fn g16_a_pid_filter_needs_both_lists() {
    refused(fcm(&costs_and(r#""pids": {"dsts": []}"#)), Fault::missing("pids/srcs"));
    refused(fcm(&costs_and(r#""pids": {}"#)), Fault::missing("pids/srcs"));
    assert!(fcm(&costs_and(r#""pids": {"srcs": [], "dsts": []}"#)).is_ok());
}

#[test]
fn b7_wrong_types_are_named() {
    for service in EVERY_SERVICE {
        for body in ["[]", "\"pids\"", "1", "null", "true"] {
            refused(service(body), Fault::body_is_no_object());
        }
    }
    refused(fnm(r#"{"pids": {}}"#), Fault::invalid_type("pids"));
    refused(fnm(r#"{"pids": null}"#), Fault::invalid_type("pids"));
    let types = r#"{"pids": [], "address-types": "ipv4"}"#;
    refused(fnm(types), Fault::invalid_type("address-types"));
    refused(fcm(r#"{"cost-type": "num-routing"}"#), Fault::invalid_type("cost-type"));
    let metric = r#"{"cost-type": {"cost-metric": 1, "cost-mode": "ordinal"}}"#;
    refused(fcm(metric), Fault::invalid_type("cost-type/cost-metric"));
    let mode = r#"{"cost-type": {"cost-metric": "x", "cost-mode": ["ordinal"]}}"#;
    refused(fcm(mode), Fault::invalid_type("cost-type/cost-mode"));
    refused(fcm(&costs_and(r#""constraints": "gt 5""#)), Fault::invalid_type("constraints"));
    refused(fcm(&costs_and(r#""pids": ["PID1"]"#)), Fault::invalid_type("pids"));
    let srcs = r#""pids": {"srcs": "PID1", "dsts": []}"#;
    refused(fcm(&costs_and(srcs)), Fault::invalid_type("pids/srcs"));
    refused(eps(r#"{"properties": "m.pid", "endpoints": []}"#), Fault::invalid_type("properties"));
    refused(eps(r#"{"properties": ["m.pid"], "endpoints": {}}"#), Fault::invalid_type("endpoints"));
    refused(ecs(&ranking("[]")), Fault::invalid_type("endpoints"));
    let dsts = r#"{"srcs": ["ipv4:192.0.2.1"], "dsts": "ipv4:192.0.2.2"}"#;
    refused(ecs(&ranking(dsts)), Fault::invalid_type("endpoints/dsts"));
}

#[test]
fn b8_a_wrong_cost_mode_is_a_wrong_value() {
    let mode = r#"{"cost-type": {"cost-metric": "routingcost", "cost-mode": "foo"}}"#;
    refused(fcm(mode), Fault::invalid_value("cost-type/cost-mode", "foo"));
    let metric = r#"{"cost-type": {"cost-metric": "priv:", "cost-mode": "ordinal"}}"#;
    refused(fcm(metric), Fault::invalid_value("cost-type/cost-metric", "priv:"));
}

#[test]
fn b9_b10_b11_b12_f11_wrong_elements_are_values_of_their_array() {
    for (element, value) in [
        ("1", "1"),
        ("1.50", "1.50"),
        ("-2E+3", "-2E+3"),
        ("null", "null"),
        ("true", "true"),
        (r#"{"a": [1, "b"]}"#, r#"{"a":[1,"b"]}"#),
        (r#"["x"]"#, r#"["x"]"#),
        (r#""bad name""#, "bad name"),
        (r#""""#, ""),
    ] {
        refused(
            fnm(&format!(r#"{{"pids": ["PID1", {element}]}}"#)),
            Fault::invalid_value("pids", value),
        );
        let pids = format!(r#""pids": {{"srcs": [], "dsts": [{element}]}}"#);
        refused(fcm(&costs_and(&pids)), Fault::invalid_value("pids/dsts", value));
        let constraints = format!(r#""constraints": ["gt 1", {element}]"#);
        refused(fcm(&costs_and(&constraints)), Fault::invalid_value("constraints", value));
        let properties = format!(r#"{{"properties": [{element}], "endpoints": []}}"#);
        refused(eps(&properties), Fault::invalid_value("properties", value));
        let endpoints = format!(r#"{{"properties": ["m.pid"], "endpoints": [{element}]}}"#);
        refused(eps(&endpoints), Fault::invalid_value("endpoints", value));
        let srcs = format!(r#"{{"srcs": [{element}]}}"#);
        refused(ecs(&ranking(&srcs)), Fault::invalid_value("endpoints/srcs", value));
    }
}

#[test]
fn b13_of_several_errors_the_first_in_the_order_of_the_rfc_is_told() {
    refused(ecs(r#"{"endpoints": 1, "cost-type": 1}"#), Fault::invalid_type("cost-type"));
    refused(eps(r#"{"properties": [1]}"#), Fault::missing("endpoints"));
    let body = r#"{"pids": {}, "constraints": [1], "cost-type": {"cost-mode": 1}}"#;
    refused(fcm(body), Fault::missing("cost-type/cost-metric"));
    refused(
        fcm(&costs_and(r#""pids": {}, "constraints": [1]"#)),
        Fault::invalid_value("constraints", "1"),
    );
    assert_eq!(fnm(r#"{"pids": 1"#).unwrap_err().code, Code::Syntax);
}

#[test]
fn a11_unknown_members_are_ignored_at_every_depth() {
    let extra = r#""x": [{"y": 1e400}]"#;
    assert!(fnm(&format!(r#"{{"pids": [], {extra}}}"#)).is_ok());
    let kind = format!(r#""cost-type": {{"cost-mode": "ordinal", "cost-metric": "x", {extra}}}"#);
    let pids = format!(r#""pids": {{"srcs": [], "dsts": [], {extra}}}"#);
    assert!(fcm(&format!("{{{kind}, {pids}, {extra}}}")).is_ok());
    let endpoints = format!(r#""endpoints": {{"srcs": ["ipv4:192.0.2.1"], {extra}}}"#);
    assert!(ecs(&format!("{{{kind}, {endpoints}, {extra}}}")).is_ok());
    let properties = r#""properties": ["m.pid"], "endpoints": ["ipv4:192.0.2.1"]"#;
    assert!(eps(&format!("{{{properties}, {extra}}}")).is_ok());
}

#[test]
fn a12_member_names_are_case_sensitive() {
    refused(fnm(r#"{"PIDs": []}"#), Fault::missing("pids"));
    let body = r#"{"Cost-Type": {"cost-mode": "ordinal", "cost-metric": "x"}}"#;
    refused(fcm(body), Fault::missing("cost-type"));
}

#[test]
fn f2_f4_g9_duplicate_names_count_once_where_they_came_first() {
    let body = br#"{"pids": ["B", "A", "B"], "address-types": ["ipv6", "ipv4", "ipv6"]}"#;
    let filter = NetworkMapFilter::parse(body).unwrap();
    assert_eq!(filter.pids, ["B", "A"]);
    assert_eq!(filter.address_types, ["ipv6", "ipv4"]);
    let body = costs_and(r#""pids": {"srcs": ["B", "A", "A"], "dsts": ["C", "C"]}"#);
    let pids = CostMapFilter::parse(body.as_bytes()).unwrap().pids.unwrap();
    assert_eq!((pids.srcs.join(" "), pids.dsts.join(" ")), ("B A".into(), "C".into()));
}

#[test]
fn f8_unknown_address_types_are_kept_and_malformed_ones_refused() {
    let filter = NetworkMapFilter::parse(br#"{"pids": [], "address-types": ["mac"]}"#).unwrap();
    assert_eq!(filter.address_types, ["mac"]);
    let bad = r#"{"pids": [], "address-types": ["ip-v4"]}"#;
    refused(fnm(bad), Fault::invalid_value("address-types", "ip-v4"));
}

#[test]
fn f12_what_can_name_no_pid_is_a_wrong_value() {
    for bad in ["PID.1", "PID 1", "PÏD", &"p".repeat(65)] {
        refused(fnm(&format!(r#"{{"pids": ["{bad}"]}}"#)), Fault::invalid_value("pids", bad));
    }
    assert!(fnm(r#"{"pids": ["no-such-pid"]}"#).is_ok());
}

#[test]
fn g2_i2_a_description_is_ignored_whatever_it_is() {
    for description in ["\"x\"", "5", "null", "{}"] {
        let kind = format!(
            r#""cost-type": {{"cost-metric": "x", "cost-mode": "ordinal",
                              "description": {description}}}"#
        );
        let filter = CostMapFilter::parse(format!("{{{kind}}}").as_bytes()).unwrap();
        assert_eq!(filter.cost_type.description, None);
        assert!(ecs(&format!(r#"{{{kind}, "endpoints": {{"srcs": ["ipv4:1.2.3.4"]}}}}"#)).is_ok());
    }
}

#[test]
fn g3_absent_constraints_are_told_from_an_empty_list() {
    for (text, expected) in [("\"x\": 1", None), (r#""constraints": []"#, Some(0))] {
        let filter = CostMapFilter::parse(costs_and(text).as_bytes()).unwrap();
        assert_eq!(filter.constraints.map(|list| list.len()), expected);
    }
}

#[test]
fn g4_g5_constraints_are_operator_space_number() {
    let good = costs_and(r#""constraints": ["ge 4", "le  5e0"]"#);
    let constraints = CostMapFilter::parse(good.as_bytes()).unwrap().constraints.unwrap();
    assert_eq!(texts(&constraints), ["ge 4", "le 5"]);
    for bad in ["gt5", "ne 5", "gt 5 x", "gt NaN", "gt inf", "gt"] {
        let body = costs_and(&format!(r#""constraints": ["gt 1", "{bad}"]"#));
        refused(fcm(&body), Fault::invalid_value("constraints", bad));
    }
}

#[test]
fn h2_h13_properties_are_read_whether_on_offer_or_not() {
    let body = br#"{"properties": ["pid", "m.pid", "x.y"], "endpoints": ["ipv4:192.0.2.1"]}"#;
    let query = EndpointPropertyQuery::parse(body).unwrap();
    assert_eq!(query.properties[0].resource, None);
    assert_eq!(query.properties[1].resource.as_deref(), Some("m"));
}

#[test]
fn h3_h4_duplicate_properties_and_endpoints_count_once() {
    let body = br#"{"properties": ["m.pid", "priv:a", "m.pid"], "endpoints": [
        "ipv6:2001:DB8:0::1", "ipv6:2001:db8::1", "ipv6:::ffff:192.0.2.1", "ipv4:192.0.2.1"]}"#;
    let query = EndpointPropertyQuery::parse(body).unwrap();
    assert_eq!(texts(&query.properties), ["m.pid", "priv:a"]);
    assert_eq!(texts(&query.endpoints), ["ipv6:2001:DB8:0::1", "ipv6:::ffff:192.0.2.1"]);
}

#[test]
fn h5_empty_lists_are_wrong_values() {
    let properties = r#"{"properties": [], "endpoints": ["ipv4:192.0.2.1"]}"#;
    refused(eps(properties), Fault::invalid_value("properties", "[]"));
    let endpoints = r#"{"properties": ["m.pid"], "endpoints": []}"#;
    refused(eps(endpoints), Fault::invalid_value("endpoints", "[]"));
}

#[test]
fn h12_i12_bad_addresses_and_prefixes_are_wrong_values() {
    for bad in ["ipv4:300.1.1.1", "ipv5:1", "1.2.3.4", "ipv4:192.0.2.0/24", "ipv6:[::1]"] {
        let body =
            format!(r#"{{"properties": ["m.pid"], "endpoints": ["ipv4:1.2.3.4", "{bad}"]}}"#);
        refused(eps(&body), Fault::invalid_value("endpoints", bad));
        let body = ranking(&format!(r#"{{"dsts": ["{bad}"]}}"#));
        refused(ecs(&body), Fault::invalid_value("endpoints/dsts", bad));
    }
}

#[test]
fn i3_i4_one_empty_list_is_the_clients_own_address() {
    for body in [r#"{"srcs": ["ipv4:192.0.2.1"]}"#, r#"{"srcs": ["ipv4:192.0.2.1"], "dsts": []}"#] {
        let query = EndpointCostQuery::parse(ranking(body).as_bytes()).unwrap();
        assert!(query.srcs.len() == 1 && query.dsts.is_empty());
    }
}

#[test]
fn i5_both_lists_may_not_be_empty() {
    refused(ecs(&ranking("{}")), Fault::missing("endpoints/srcs"));
    refused(ecs(&ranking(r#"{"other": []}"#)), Fault::missing("endpoints/srcs"));
    for (endpoints, value) in [
        (r#"{"srcs": []}"#, r#"{"srcs":[]}"#),
        (r#"{"dsts": []}"#, r#"{"dsts":[]}"#),
        (r#"{"srcs": [], "dsts": []}"#, r#"{"srcs":[],"dsts":[]}"#),
    ] {
        refused(ecs(&ranking(endpoints)), Fault::invalid_value("endpoints", value));
    }
}

#[test]
fn i6_duplicate_endpoints_count_once_within_their_list() {
    let body = ranking(
        r#"{"srcs": ["ipv4:192.0.2.1", "ipv6:::ffff:192.0.2.1"],
            "dsts": ["ipv6:2001:db8::2", "ipv4:192.0.2.1", "ipv6:2001:DB8::2"]}"#,
    );
    let query = EndpointCostQuery::parse(body.as_bytes()).unwrap();
    assert_eq!(texts(&query.srcs), ["ipv4:192.0.2.1"]);
    assert_eq!(texts(&query.dsts), ["ipv6:2001:db8::2", "ipv4:192.0.2.1"]);
}

#[test]
fn j4_truncated_addresses_are_accepted() {
    let body = ranking(r#"{"dsts": ["ipv4:192.0.2.0", "ipv6:2001:db8::"]}"#);
    assert_eq!(EndpointCostQuery::parse(body.as_bytes()).unwrap().dsts.len(), 2);
}
