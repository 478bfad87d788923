//! What UNIS grants one client, crossed over real sockets; `docs/limits.md` has the whole table.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has to say where")]

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Command;

use system_tests::http::{Answer, exchange, get, post, read_answer};
use system_tests::resource::COST;
use system_tests::unis::Unis;
use system_tests::wait::until_seen;
use system_tests::{curl, data};

fn server(set: &[&str]) -> anyhow::Result<Unis> {
    let more: Vec<&str> = set.iter().flat_map(|set| ["--set", set]).collect();
    Unis::plain(&data::rfc7285(), &more)
}

/// The head of a query that says that `length` bytes follow.
fn head(length: usize) -> String {
    format!(
        "POST /{} HTTP/1.1\r\nHost: x\r\nContent-Type: {}\r\nContent-Length: {length}\r\n\r\n",
        COST.path, COST.accepts
    )
}

/// A metric without labels, of the listener or of the server.
fn metric(unis: &Unis, name: &str) -> Option<f64> {
    let answer = get(&format!("{}/metrics", unis.admin));
    let text = String::from_utf8(answer.body).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    line.trim().parse().ok()
}

#[test]
fn a_body_that_drips_is_late() {
    let unis = server(&["body-seconds=1"]).unwrap();
    let said = head(100) + "{";
    let answers = exchange(unis.authority(), said, &["POST"]).unwrap();
    assert_eq!((answers[0].status, answers[0].header("connection")), (408, Some("close")));
}

#[test]
fn a_body_that_is_too_long_is_refused_before_it_is_sent() {
    let unis = server(&["max-body-bytes=100"]).unwrap();
    let answers = exchange(unis.authority(), head(101), &["POST"]).unwrap();
    let closes = |answer: &Answer| answer.header("connection") == Some("close");
    assert_eq!((answers[0].status, closes(&answers[0])), (413, true));
    // Without a length it is refused where it becomes too long.
    let chunked = head(0).replace("Content-Length: 0", "Transfer-Encoding: chunked");
    let said = format!("{chunked}65\r\n{}\r\n", " ".repeat(101));
    let answers = exchange(unis.authority(), said, &["POST"]).unwrap();
    assert_eq!((answers[0].status, closes(&answers[0])), (413, true));
}

/// An answer that comes while the client still sends resets an HTTP/2 stream, and curl and others
/// tell of the reset instead of the answer.
#[test]
fn a_refusal_is_seen_over_http_2_however_much_was_sent_with_it() {
    let unis = Unis::mutual(&data::rfc7285(), &[]).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&vec![b' '; 1_500_000]).unwrap();
    let body = format!("@{}", file.path().display());
    let status = |path: &str, media_type: &str| {
        let mut curl = curl::with_certificate(&unis);
        curl.args(["--http2", "--output", "/dev/null", "--write-out", "%{http_code}"]);
        curl.args(["--header", &format!("Content-Type: {media_type}")]);
        let output = curl.args(["--data-binary", &body]).arg(unis.at(path)).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let seen = [status("nothing", "a/b"), status("directory", "a/b"), status(COST.path, "a/b")];
    assert_eq!(seen, ["404", "405", "415"]);
    assert_eq!(status(COST.path, COST.accepts), "413");
}

#[test]
fn a_connection_goes_on_after_a_refusal_whose_body_was_taken_in_and_else_says_that_it_closes() {
    let unis = server(&[]).unwrap();
    let other = |length: usize| head(length).replace(COST.accepts, "a/b");
    let said = format!("{}{}{}", other(100_000), " ".repeat(100_000), other(0));
    let answers = exchange(unis.authority(), said, &["POST", "POST"]).unwrap();
    let seen = answers.iter().map(|answer| (answer.status, answer.header("connection")));
    assert_eq!(seen.collect::<Vec<_>>(), [(415, None), (415, None)]);
    let answers = exchange(unis.authority(), other(3_000_000), &["POST"]).unwrap();
    assert_eq!((answers[0].status, answers[0].header("connection")), (415, Some("close")));
}

#[test]
fn a_connection_goes_on_after_a_query_in_chunks() {
    let unis = server(&[]).unwrap();
    let chunked = |length: usize, text: &str| {
        let head = head(0).replace("Content-Length: 0", "Transfer-Encoding: chunked");
        format!("{head}{length:x}\r\n{text}\r\n0\r\n\r\n")
    };
    let query = serde_json::json!({
        "cost-type": {"cost-mode": "numerical", "cost-metric": "routingcost"},
        "endpoints": {"srcs": ["ipv4:192.0.2.1"], "dsts": ["ipv4:198.51.100.1"]},
    })
    .to_string();
    let good = chunked(query.len(), &query);
    let said = format!("{good}{}{good}", chunked(1, "{"));
    let answers = exchange(unis.authority(), said, &["POST"; 3]).unwrap();
    let seen = answers.iter().map(|answer| (answer.status, answer.header("connection")));
    assert_eq!(seen.collect::<Vec<_>>(), [(200, None), (400, None), (200, None)]);
}

#[test]
fn a_client_may_ask_for_so_many_pairs_in_a_second() {
    let query = |sources: usize| {
        let list = |first: usize| -> Vec<String> {
            (0..first).map(|n| format!("ipv4:192.0.2.{n}")).collect()
        };
        serde_json::json!({
            "cost-type": {"cost-mode": "numerical", "cost-metric": "routingcost"},
            "endpoints": {"srcs": list(sources), "dsts": list(10)},
        })
        .to_string()
    };
    let bounds = ["pairs-per-second=1", "max-pairs=100", "limits.cap-loopback=true"];
    let unis = server(&bounds).unwrap();
    let ask = |sources| post(&unis.at(COST.path), COST.accepts, query(sources));
    // 100 fit at once, and one comes back each second.
    assert_eq!([ask(6).status, ask(4).status], [200, 200]);
    let late = ask(1);
    assert_eq!(late.status, 429);
    let wait: u64 = late.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=11).contains(&wait), "{wait}");
    assert_eq!(ask(11).status, 413);
    // So are filtered maps, of any size. Whole ones are not, nor is the own machine where nothing
    // says so.
    let filter = |pids: &str| {
        let kind = r#"{"cost-mode": "numerical", "cost-metric": "routingcost"}"#;
        let filter =
            format!(r#"{{"cost-type": {kind}, "pids": {{"srcs": [{pids}], "dsts": []}}}}"#);
        post(&unis.at("cost-map-filtered"), alto::media::COST_MAP_FILTER, filter).status
    };
    assert_eq!(filter(r#""PID1""#), 429);
    assert_eq!(get(&unis.url).status, 200);
    let unis = server(&bounds[..2]).unwrap();
    for _ in 0..3 {
        assert_eq!(post(&unis.at(COST.path), COST.accepts, query(10)).status, 200);
    }
}

#[test]
fn a_compressed_body_is_not_unpacked() {
    let unis = server(&[]).unwrap();
    let coded = head(0).replace("Host: x", "Host: x\r\nContent-Encoding: gzip");
    let refused = exchange(unis.authority(), coded, &["POST"]).unwrap();
    // RFC 9110 §12.5.3: what would have been taken.
    assert_eq!((refused[0].status, refused[0].header("accept-encoding")), (415, Some("identity")));
}

#[test]
fn nesting_has_an_end() {
    for (set, most) in [(&[][..], 64), (&["max-json-depth=5"], 5)] {
        let unis = server(set).unwrap();
        let cases = [(most, "E_INVALID_FIELD_TYPE"), (most + 1, "E_SYNTAX"), (400_000, "E_SYNTAX")];
        for (depth, code) in cases {
            let body = "[".repeat(depth) + &"]".repeat(depth);
            let answer = post(&unis.at(COST.path), COST.accepts, body);
            let said = (answer.status, &answer.json()["meta"]["code"]);
            assert_eq!(said, (400, &code.into()), "{depth}");
        }
    }
    let refused = server(&["max-json-depth=65"]).err().unwrap().to_string();
    assert!(refused.contains("max-json-depth"), "{refused}");
}

#[test]
fn the_listeners_limits_are_those_of_the_settings() {
    let unis = server(&["limits.max-headers=3", "limits.max-header-bytes=8192"]).unwrap();
    let many = format!("GET /directory HTTP/1.1\r\nHost: x\r\n{}\r\n", "a: b\r\n".repeat(3));
    assert_eq!(exchange(unis.authority(), many, &["GET"]).unwrap()[0].status, 431);
    let long = format!("GET /directory HTTP/1.1\r\nHost: x\r\na: {}\r\n\r\n", "b".repeat(8192));
    assert_eq!(exchange(unis.authority(), long, &["GET"]).unwrap()[0].status, 431);
}

fn requests(unis: &Unis, count: usize) -> Vec<Answer> {
    requests_with(unis, count, |_| String::new())
}

/// Requests over one connection, each with headers of its own.
fn requests_with(unis: &Unis, count: usize, headers: impl Fn(usize) -> String) -> Vec<Answer> {
    let one = |number: usize| {
        let close = if number == count { "Connection: close\r\n" } else { "" };
        let headers = headers(number);
        format!("HEAD /network-map HTTP/1.1\r\nHost: x\r\n{close}{headers}\r\n")
    };
    let mut stream = TcpStream::connect(unis.authority()).expect("an answer");
    let all: String = (1..=count).map(one).collect();
    stream.write_all(all.as_bytes()).expect("an answer");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    let heads = text.split("HTTP/1.1 ").skip(1).map(|head| format!("HTTP/1.1 {head}"));
    heads
        .map(|head| read_answer(&mut BufReader::new(head.as_bytes()), "HEAD").expect("an answer"))
        .collect()
}

#[test]
fn an_address_that_asks_too_often_is_told_when_to_come_back() {
    let bound = ["limits.requests-per-second=1", "limits.request-burst=3"];
    let unis = server(&[bound[0], bound[1], "limits.cap-loopback=true"]).unwrap();
    let answers = requests(&unis, 30);
    let refused: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 429).collect();
    let good = answers.iter().filter(|answer| answer.status == 200).count();
    let counts = (answers.len(), good, refused.len());
    assert!(counts.0 == 30 && good >= 3 && refused.len() >= 10, "{counts:?}");
    assert!(refused.iter().all(|answer| answer.header("retry-after") == Some("1")));
    // The own machine is exempt unless it is told otherwise.
    let unis = server(&bound).unwrap();
    assert!(requests(&unis, 30).iter().all(|answer| answer.status == 200));
}

/// No proxy stands before the server that it believes.
#[test]
fn who_claims_to_ask_for_others_is_bound_all_the_same() {
    let bound =
        ["limits.requests-per-second=1", "limits.request-burst=3", "limits.cap-loopback=true"];
    let unis = server(&bound).unwrap();
    let answers = requests_with(&unis, 30, |number| {
        let address = format!("203.0.113.{number}");
        format!(
            "X-Forwarded-For: {address}\r\nForwarded: for={address}\r\nX-Real-IP: {address}\r\n"
        )
    });
    let refused = answers.iter().filter(|answer| answer.status == 429).count();
    assert!(answers.len() == 30 && refused >= 10, "{refused} of {}", answers.len());
}

#[test]
fn enrolment_is_bound_by_address_too() {
    let more = ["requests-per-second=1", "request-burst=1", "cap-loopback=true"];
    let set: Vec<String> = more.iter().map(|set| format!("limits.{set}")).collect();
    let set: Vec<&str> = set.iter().flat_map(|set| ["--set", set.as_str()]).collect();
    let unis = Unis::mutual(&data::rfc7285(), &set).unwrap();
    let url = unis.at("pki/ca.pem?[1-10]");
    let output = curl::with_certificate(&unis).arg("--head").arg(url).output().unwrap();
    let heads = String::from_utf8_lossy(&output.stdout);
    assert!(heads.contains("HTTP/1.1 200") && heads.contains("HTTP/1.1 429"), "{heads}");
}

#[test]
fn a_request_for_a_certificate_has_an_end() {
    let unis = Unis::mutual(&data::rfc7285(), &[]).unwrap();
    let ask = |bytes: usize| {
        let mut curl = curl::with_certificate(&unis);
        curl.arg("--data").arg("x".repeat(bytes)).arg(unis.at("pki/enroll"));
        curl::run(&mut curl).unwrap().status
    };
    assert_eq!([ask(16 << 10), ask((16 << 10) + 1)], [400, 413]);
}

#[test]
fn an_overloaded_server_sheds_and_still_tells_how_it_is() {
    let unis = server(&["limits.max-requests-in-work=1", "limits.retry-after-s=7"]).unwrap();
    let mut holds = TcpStream::connect(unis.authority()).unwrap();
    holds.write_all(head(COST.query.len()).as_bytes()).unwrap();
    let in_work = || metric(&unis, "unis_link_requests_in_work");
    until_seen("a request is in work", in_work, |count| *count == Some(1.0));
    let shed = get(&unis.url);
    assert_eq!((shed.status, shed.header("retry-after")), (503, Some("7")));
    for path in ["livez", "readyz", "metrics"] {
        assert_eq!(get(&format!("{}/{path}", unis.admin)).status, 200, "{path}");
    }
    holds.write_all(COST.query.as_bytes()).unwrap();
    let answer = read_answer(&mut BufReader::new(&holds), "POST").unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(get(&unis.url).status, 200);
}

/// Descriptors run out, the server waits, and serves again once there are some.
#[test]
fn without_descriptors_the_server_waits_for_some() {
    let unis = server(&[]).unwrap();
    let limit = |count: &str| {
        let mut command = Command::new("prlimit");
        command.arg(format!("--pid={}", unis.id())).arg(format!("--nofile={count}:"));
        assert!(command.status().unwrap().success());
    };
    let open = std::fs::read_dir(format!("/proc/{}/fd", unis.id())).unwrap().count();
    limit(&(open + 4).to_string());
    let clients: Vec<TcpStream> =
        (0..20).map(|_| TcpStream::connect(unis.authority()).unwrap()).collect();
    unis.wait_for_log("accept failed").unwrap();
    drop(clients);
    assert_eq!(get(&unis.url).status, 200);
    assert!(metric(&unis, "unis_link_accept_errors_total").unwrap() >= 1.0);
}
