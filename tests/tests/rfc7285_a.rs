//! RFC 7285 §8.3 and §8.4: HTTP and general processing, row by row.

use alto_client::{CallError, Client, FollowSettings, Follower};
use serde_json::{Value, json};
use system_tests::canned::{Canned, Server};
use system_tests::http::{exchange, get, post, request};
use system_tests::maps::network_map;
use system_tests::resource::{
    ASKED, Asked, COST, COST_MAP, COST_MAP_FILTERED, DIRECTORY, ERROR, FETCHED, Fetched,
    NETWORK_MAP, NETWORK_MAP_FILTER, NETWORK_MAP_FILTERED, PROPERTY,
};
use system_tests::unis::Unis;
use system_tests::{curl, data};

fn server() -> anyhow::Result<Unis> {
    Unis::plain(&data::rfc7285(), &[])
}

async fn client(url: &str) -> Result<Client, alto_client::ConnectError> {
    let http = link::client::Client::builder().plaintext(true).build();
    Client::connect(url, http).await
}

#[test]
fn a1_head_has_the_fields_of_get_and_no_content() {
    let unis = server().unwrap();
    for Fetched { path, .. } in FETCHED {
        let (got, head) = (get(&unis.at(path)), request("HEAD", &unis.at(path)).send());
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        for field in ["content-type", "content-length", "etag", "cache-control", "vary"] {
            assert_eq!(head.header(field), got.header(field), "{path}: {field}");
        }
        assert_eq!(
            got.header("content-length"),
            Some(got.body.len().to_string().as_str()),
            "{path}"
        );
    }
}

/// RFC 7230 §5.3.2, §5.4 and §6.3: absolute targets, exactly one host, connections that stay.
#[test]
fn a1_requests_are_read_as_http_1_1_says() {
    let unis = server().unwrap();
    let filter = r#"{"pids":["PID2"]}"#;
    let two_and_one_in_chunks = format!(
        "GET /network-map HTTP/1.1\r\nHost: a\r\n\r\n\
         GET http://b.example/directory HTTP/1.1\r\nHost: a\r\n\r\n\
         POST /network-map-filtered HTTP/1.1\r\nHost: a\r\nContent-Type: {NETWORK_MAP_FILTER}\r\n\
         Transfer-Encoding: chunked\r\n\r\n{:x};note=1\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n",
        5,
        &filter[..5],
        filter.len() - 5,
        &filter[5..],
    );
    let answers =
        exchange(unis.authority(), two_and_one_in_chunks, &["GET", "GET", "POST"]).unwrap();
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [200, 200, 200]);
    assert_eq!(answers[0].header("content-type"), Some(NETWORK_MAP));
    let uri = &answers[1].json()["resources"]["network-map"]["uri"];
    assert_eq!(
        *uri, "http://b.example/network-map",
        "the target's authority counts, not the field's"
    );
    assert_eq!(answers[2].json()["network-map"], json!({"PID2": {"ipv4": ["198.51.100.128/25"]}}));
    for hosts in ["", "Host: a\r\nHost: b\r\n"] {
        let bytes = format!("GET /directory HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        let answers = exchange(unis.authority(), bytes, &["GET"]).unwrap();
        assert_eq!(answers[0].status, 400, "{hosts:?}");
    }
    let old = exchange(unis.authority(), "GET /network-map HTTP/1.0\r\n\r\n", &["GET"]).unwrap();
    assert_eq!((old[0].status, old[0].header("transfer-encoding")), (200, None));
    // RFC 9110 §9.3.7: of the server, where the target is no resource.
    let server = "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let options = exchange(unis.authority(), server, &["OPTIONS"]).unwrap();
    let allowed = (options[0].status, options[0].header("allow"));
    assert_eq!(allowed, (204, Some("GET, HEAD, POST, OPTIONS")));
}

#[test]
fn a2_a_query_string_changes_nothing() {
    let unis = server().unwrap();
    for Fetched { path, .. } in FETCHED {
        let plain = get(&unis.at(path));
        let asked = get(&unis.at(&format!("{path}?pids=PID1&cost-mode=ordinal")));
        assert_eq!((asked.status, &asked.body), (200, &plain.body), "{path}");
    }
    for Asked { path, accepts, query, .. } in ASKED {
        let url = unis.at(&format!("{path}?pids=PID1"));
        let (plain, asked) = (post(&unis.at(path), accepts, query), post(&url, accepts, query));
        assert_eq!((asked.status, &asked.body), (200, &plain.body), "{path}");
    }
}

#[test]
fn a3_a_query_of_another_type_is_415_and_told_the_right_one() {
    let unis = server().unwrap();
    for Asked { path, accepts, query, .. } in ASKED {
        for wrong in ["application/json", "text/plain", DIRECTORY, ERROR, ""] {
            let answer = post(&unis.at(path), wrong, query);
            assert_eq!(
                (answer.status, answer.header("accept")),
                (415, Some(accepts)),
                "{path} {wrong}"
            );
        }
        let untyped = request("POST", &unis.at(path)).body(query).send();
        assert_eq!(untyped.status, 415, "{path}");
        // A field that has one value and comes twice (RFC 9110 §5.3) is not read in two ways.
        let two = request("POST", &unis.at(path)).header("content-type", accepts);
        let two = two.header("content-type", "text/plain").body(query).send();
        assert_eq!(two.status, 415, "{path}");
        let with_charset = post(&unis.at(path), &format!("{accepts}; charset=utf-8"), query);
        assert_eq!(with_charset.status, 200, "{path}");
    }
}

#[test]
fn a4_get_and_post_do_not_stand_in_for_each_other() {
    let unis = server().unwrap();
    for Fetched { path, .. } in FETCHED {
        let answer = post(&unis.at(path), NETWORK_MAP_FILTER, r#"{"pids":[]}"#);
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some("GET, HEAD, OPTIONS")),
            "{path}"
        );
    }
    for Asked { path, .. } in ASKED {
        for method in ["GET", "HEAD", "PUT", "DELETE"] {
            let answer = request(method, &unis.at(path)).send();
            assert_eq!(
                (answer.status, answer.header("allow")),
                (405, Some("POST, OPTIONS")),
                "{path} {method}"
            );
        }
    }
}

#[test]
fn a5_every_answer_says_its_media_type() {
    let unis = server().unwrap();
    for Fetched { path, media_type, .. } in FETCHED {
        let answer = get(&unis.at(path));
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some(media_type)),
            "{path}"
        );
    }
    for Asked { path, accepts, query, media_type, .. } in ASKED {
        let answer = post(&unis.at(path), accepts, query);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some(media_type)),
            "{path}"
        );
        let answer = post(&unis.at(path), accepts, "{}");
        assert_eq!((answer.status, answer.header("content-type")), (400, Some(ERROR)), "{path}");
    }
    let missing = get(&unis.at("no-such-map"));
    assert_eq!(
        (missing.status, missing.header("content-type")),
        (404, Some("text/plain; charset=utf-8"))
    );
}

#[test]
fn a6_a_map_that_the_client_has_is_304() {
    let unis = server().unwrap();
    let mut seen = Vec::new();
    for Fetched { path, .. } in FETCHED {
        let url = unis.at(path);
        let answer = get(&url);
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"), "{path}");
        let etag = answer.header("etag").unwrap();
        assert!(etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"'), "{path}: {etag}");
        for known in [etag.to_owned(), format!("\"other\", W/{etag}"), "*".to_owned()] {
            let again = request("GET", &url).header("If-None-Match", &known).send();
            assert_eq!((again.status, again.body.len()), (304, 0), "{path} {known}");
            assert_eq!(again.header("etag"), Some(etag), "{path}");
        }
        let changed = request("GET", &url).header("If-None-Match", "\"other\"").send();
        assert_eq!((changed.status, &changed.body), (200, &answer.body), "{path}");
        for (meant, status) in [("\"other\"", 412), (etag, 200)] {
            let asked = request("GET", &url).header("If-Match", meant).send();
            assert_eq!(asked.status, status, "{path} {meant}");
        }
        let packed = request("GET", &url).header("Accept-Encoding", "gzip").send();
        assert_eq!(packed.header("content-encoding"), Some("gzip"), "{path}");
        assert_ne!(packed.header("etag"), Some(etag), "{path}: other bytes, other tag");
        seen.push(etag.to_owned());
    }
    assert_ne!(seen[1], seen[2], "network map and costs change each for itself");
}

/// The server sends no client to another URL; it says that such an answer is not to be kept.
#[test]
fn a7_a_filtered_answer_comes_at_once_and_is_not_stored() {
    let unis = server().unwrap();
    for Asked { path, accepts, query, .. } in ASKED {
        let answer = post(&unis.at(path), accepts, query);
        assert_eq!((answer.status, answer.header("location")), (200, None), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
}

/// The server sends no directory in place of what was asked for, but says where it is.
#[test]
fn a8_what_is_not_there_is_404_with_the_way_to_the_directory() {
    let unis = server().unwrap();
    let accept = format!("{NETWORK_MAP},{DIRECTORY},{ERROR}");
    let answer = request("GET", &unis.at("networkmap")).header("Accept", &accept).send();
    assert_eq!(answer.status, 404);
    assert!(String::from_utf8_lossy(&answer.body).contains("/directory"));
}

#[test]
fn a9_maps_and_queries_are_served_over_tls_to_a_client_with_a_certificate() {
    let unis = Unis::mutual(&data::rfc7285(), &[]).unwrap();
    assert!(unis.url.starts_with("https://"), "{}", unis.url);
    let directory = curl::run(curl::with_certificate(&unis).arg(&unis.url)).unwrap();
    assert_eq!((directory.status, directory.header("content-type")), (200, Some(DIRECTORY)));
    for (id, entry) in directory.json()["resources"].as_object().unwrap() {
        let uri = entry["uri"].as_str().unwrap();
        assert!(uri.starts_with("https://"), "{id}: {uri}");
    }
    let map = curl::run(curl::with_certificate(&unis).arg(unis.at("network-map"))).unwrap();
    assert_eq!(map.json()["network-map"]["PID2"], json!({"ipv4": ["198.51.100.128/25"]}));
    let Asked { path, accepts, query, data, .. } = COST;
    let mut command = curl::with_certificate(&unis);
    command.args(["--header", &format!("Content-Type: {accepts}"), "--data", query]);
    let costs = curl::run(command.arg(unis.at(path))).unwrap();
    assert_eq!(costs.json()[data], json!({"ipv4:192.0.2.2": {"ipv4:198.51.100.130": 5}}));
    let unencrypted =
        exchange(unis.authority(), "GET /directory HTTP/1.1\r\nHost: a\r\n\r\n", &["GET"]);
    assert!(unencrypted.is_err(), "plain HTTP is not answered where TLS is spoken");
}

#[test]
fn a11_unknown_members_are_ignored_at_every_depth() {
    let unis = server().unwrap();
    let more = [
        r#"{"pids":["PID2"],"priv:x":[{"pids":null}]}"#,
        r#"{"x":1,"cost-type":{"x":{"y":[]},"cost-mode":"numerical","cost-metric":"routingcost"},
            "pids":{"srcs":["PID1"],"dsts":["PID3"],"via":["PID2"]}}"#,
        r#"{"properties":["network-map.pid"],"x":null,"endpoints":["ipv4:192.0.2.34"]}"#,
        r#"{"cost-type":{"cost-mode":"numerical","cost-metric":"routingcost","x":0},"x":"",
            "endpoints":{"x":["!"],"srcs":["ipv4:192.0.2.2"],"dsts":["ipv4:198.51.100.130"]}}"#,
    ];
    for (asked, more) in ASKED.into_iter().zip(more) {
        let (plain, with_more) = (asked.post(&unis, asked.query), asked.post(&unis, more));
        assert_eq!((plain.status, &with_more.body), (200, &plain.body), "{}", asked.path);
    }
}

#[test]
fn a12_member_names_are_case_sensitive() {
    let unis = server().unwrap();
    for (asked, from, to, field) in [
        (NETWORK_MAP_FILTERED, "pids", "PIDs", "pids"),
        (COST_MAP_FILTERED, "cost-type", "Cost-Type", "cost-type"),
        (COST_MAP_FILTERED, "cost-metric", "Cost-Metric", "cost-type/cost-metric"),
        (PROPERTY, "endpoints", "Endpoints", "endpoints"),
        (COST, "cost-mode", "cost-Mode", "cost-type/cost-mode"),
    ] {
        let error = asked.post(&unis, asked.query.replace(from, to)).error();
        assert_eq!(error, json!([400, "E_MISSING_FIELD", field, null]), "{} {to}", asked.path);
    }
}

#[test]
fn a13_every_answer_has_meta_and_one_member_with_the_data() {
    let unis = server().unwrap();
    let check = |path: &str, answer: &Value, data: &str| {
        let members: Vec<&str> = answer.as_object().unwrap().keys().map(String::as_str).collect();
        let mut expected = vec![data, "meta"];
        expected.sort_unstable();
        assert_eq!(members, expected, "{path}");
        assert!(answer["meta"].is_object() && answer[data].is_object(), "{path}");
    };
    for Fetched { path, data, .. } in FETCHED {
        check(path, &get(&unis.at(path)).json(), data);
    }
    for Asked { path, accepts, query, data, .. } in ASKED {
        check(path, &post(&unis.at(path), accepts, query).json(), data);
        let fault = post(&unis.at(path), accepts, "{}").json();
        assert_eq!(fault.as_object().unwrap().keys().collect::<Vec<_>>(), ["meta"], "{path}");
    }
}

#[tokio::test]
async fn a14_a_map_that_comes_as_something_else_is_not_taken() {
    let root = json!({
        "meta": {"default-alto-network-map": "m"},
        "resources": {"m": {"uri": "/map", "media-type": NETWORK_MAP}},
    });
    let map = &network_map(json!({"P": {"ipv4": ["0.0.0.0/0"]}})).to_string();
    for wrong in ["application/json", COST_MAP, "text/html"] {
        let answers =
            vec![("/root", Canned::ok(DIRECTORY, &root)), ("/map", Canned::ok(wrong, map))];
        let canned = Server::start(answers).unwrap();
        let error = client(&canned.at("/root")).await.unwrap().network_map().await.unwrap_err();
        assert!(matches!(&error, CallError::MediaType { got, .. } if got == wrong), "{error}");
    }
    let answers =
        vec![("/root", Canned::ok(DIRECTORY, &root)), ("/map", Canned::ok(NETWORK_MAP, map))];
    let canned = Server::start(answers).unwrap();
    let taken = client(&canned.at("/root")).await.unwrap().network_map().await.unwrap();
    assert_eq!(taken.meta.vtag.tag, "1");
}

/// The default behaviour of the client is the last maps that were good.
#[tokio::test]
async fn a15_a_server_that_went_away_leaves_the_last_maps() {
    let unis = server().unwrap();
    let http = link::client::Client::builder().plaintext(true).build();
    let builder = Client::builder(&unis.url, http).unwrap();
    let follower = Follower::start(builder, FollowSettings::default()).unwrap();
    follower.check().await;
    let before = follower.current().unwrap();
    drop(unis);
    follower.check().await;
    let after = follower.current().unwrap();
    assert_eq!(after.version(), before.version());
    let addresses =
        ["203.0.113.9", "192.0.2.1", "198.51.100.200"].map(|text| text.parse().unwrap());
    let ranked = after.rank("routingcost", addresses[1], &addresses).unwrap();
    let order: Vec<usize> = ranked.iter().map(|entry| entry.index).collect();
    assert_eq!(order, [1, 2, 0], "PID1 to PID1, PID2, PID3 costs 1, 5, 10");
    assert!(follower.freshness(std::time::Instant::now()).last_error.is_some());
    let error = client("http://127.0.0.1:1/directory").await.err();
    assert!(error.is_some(), "no server, no client, and no wait without end");
}

#[test]
fn a16_accept_is_honoured_on_every_resource() {
    let unis = server().unwrap();
    let check = |path: &str, media_type: &str, ask: &dyn Fn(&str) -> u16| {
        for good in
            ["*/*", "application/*", media_type, &format!("text/html, {media_type};q=0.2, {ERROR}")]
        {
            assert_eq!(ask(good), 200, "{path}: {good}");
        }
        let unwanted = format!("{media_type};q=0, */*");
        for bad in ["application/json", "text/*", ERROR, "*/*;q=0", &unwanted] {
            assert_eq!(ask(bad), 406, "{path}: {bad}");
        }
    };
    for Fetched { path, media_type, .. } in FETCHED {
        check(path, media_type, &|accept| {
            request("GET", &unis.at(path)).header("Accept", accept).send().status
        });
    }
    for Asked { path, accepts, query, media_type, .. } in ASKED {
        check(path, media_type, &|accept| {
            let request = request("POST", &unis.at(path)).header("Accept", accept);
            request.header("Content-Type", accepts).body(query).send().status
        });
    }
}

#[test]
fn a17_json_is_utf_8_and_no_member_comes_twice() {
    let unis = server().unwrap();
    let syntax = json!([400, "E_SYNTAX", null, null]);
    for Asked { path, accepts, query, .. } in ASKED {
        let url = unis.at(path);
        let send = |body: &[u8]| post(&url, accepts, body).error();
        let in_utf_16: Vec<u8> = query.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(send(&in_utf_16), syntax, "{path}: UTF-16");
        let in_latin_1 = [b"{\"\xe9\":1,", &query.as_bytes()[1..]].concat();
        assert_eq!(send(&in_latin_1), syntax, "{path}: Latin-1");
        assert_eq!(
            send(format!("{{\"x\":1,\"x\":1,{}", &query[1..]).as_bytes()),
            syntax,
            "{path}: twice"
        );
        let deep = format!("{{\"x\":{{\"a\":1,\"\\u0061\":2}},{}", &query[1..]);
        assert_eq!(
            send(deep.as_bytes()),
            syntax,
            "{path}: twice, written otherwise and further down"
        );
        let accented = format!("{{\"é\":\"…\",{}", &query[1..]);
        assert_eq!(post(&url, accepts, accented).status, 200, "{path}: UTF-8");
    }
    for Fetched { path, .. } in FETCHED {
        assert!(String::from_utf8(get(&unis.at(path)).body).is_ok(), "{path}");
    }
}
