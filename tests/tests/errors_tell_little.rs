//! Error replies of every status say what the client did and nothing of the server: no path, no
//! name of the operator's network, no code. Logs do not tell hosts apart.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has to say where")]

use std::io::Write;
use std::net::TcpStream;

use system_tests::http::{Answer, exchange, get, post, request};
use system_tests::resource::COST;
use system_tests::unis::Unis;
use system_tests::{curl, data};

/// What an answer may not have in it, beside the paths of the machine.
const NEVER: [&str; 12] = [
    "/tmp",
    "/root",
    "/home",
    "/proc",
    "fixtures",
    ".rs",
    "panicked",
    "backtrace",
    "Berlin",
    "Hamburg",
    "as3320",
    "127.0.0.1:",
];

fn head(method: &str, path: &str, more: &str) -> String {
    format!("{method} /{path} HTTP/1.1\r\nHost: x\r\n{more}\r\n")
}

/// A status and an answer that should have it.
type Case = (u16, Answer);

/// One of each that a client over plain HTTP can provoke.
fn provoked(unis: &Unis) -> Vec<Case> {
    let raw = |bytes: String, method: &str| {
        exchange(unis.authority(), bytes, &[method]).expect("an answer").remove(0)
    };
    let typed = format!("Content-Type: {}\r\n", COST.accepts);
    let bad = |body: &str| post(&unis.at(COST.path), COST.accepts, body);
    let pairs: Vec<String> = (0..20).map(|n| format!("\"ipv4:192.0.2.{n}\"")).collect();
    let pairs = format!(
        r#"{{"cost-type":{{"cost-mode":"numerical","cost-metric":"routingcost"}},
        "endpoints":{{"srcs":[{0}],"dsts":[{0}]}}}}"#,
        pairs.join(",")
    );
    let map = unis.at("network-map");
    vec![
        (400, bad("{")),
        (400, bad("{}")),
        (400, bad(r#"{"cost-type":{"cost-mode":"x","cost-metric":"../../etc/passwd"}}"#)),
        (400, bad(&COST.query.replace("routingcost", "delay-ow"))),
        (400, raw(head("GET", "directory", "a b: c\r\n"), "GET")),
        (400, raw(head("GET", "directory", "Host: y\r\n"), "GET")),
        (404, get(&unis.at("nothing/../etc/passwd"))),
        (404, get(&unis.at("pki/ca.pem"))),
        (405, request("DELETE", &map).send()),
        (405, request("TRACE", &map).send()),
        (406, request("GET", &map).header("Accept", "text/html").send()),
        (406, request("GET", &map).header("Accept-Encoding", "identity;q=0, *;q=0").send()),
        (408, raw(head("POST", COST.path, &format!("{typed}Content-Length: 9\r\n")), "POST")),
        (412, request("GET", &map).header("If-Match", "\"other\"").send()),
        (413, raw(head("POST", COST.path, &format!("{typed}Content-Length: 9999\r\n")), "POST")),
        (413, bad(&pairs)),
        (415, post(&unis.at(COST.path), "text/plain", "x")),
        (431, raw(head("GET", "directory", &"a: b\r\n".repeat(99)), "GET")),
        (
            429,
            (0..20)
                .map(|_| get(&map))
                .find(|answer| answer.status == 429)
                .expect("a refusal by rate"),
        ),
    ]
}

fn tells_nothing(answer: &Answer, unis: &Unis) {
    let head: Vec<String> =
        answer.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let text = format!("{}\n{}", head.join("\n"), String::from_utf8_lossy(&answer.body));
    let state = unis.state.to_string_lossy();
    let never = NEVER.iter().copied().chain([&*state]);
    for never in never {
        assert!(!text.contains(never), "{never:?} in an answer {}: {text}", answer.status);
    }
    assert!(answer.body.len() < 1_000, "{text}");
    assert!(answer.header("server").is_none() && answer.header("x-powered-by").is_none());
}

#[test]
fn errors_over_plain_http_say_nothing_of_the_server() {
    let set = |set: &'static str| ["--set", set];
    let more = [
        set("body-seconds=1"),
        set("max-body-bytes=5000"),
        set("max-pairs=100"),
        set("limits.cap-loopback=true"),
        set("limits.requests-per-second=1"),
        set("limits.request-burst=18"),
    ]
    .concat();
    let unis = Unis::plain(&data::germany50(), &more).unwrap();
    for (status, answer) in provoked(&unis) {
        assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(&answer.body));
        tells_nothing(&answer, &unis);
    }
}

#[test]
fn errors_over_tls_say_nothing_of_the_server() {
    let unis = Unis::mutual(&data::germany50(), &[]).unwrap();
    let hasty = ["--set", "limits.handler-timeout-ms=1"];
    let hasty = Unis::mutual(&data::germany50(), &hasty).unwrap();
    let ask_of = |unis: &Unis, path: &str, own: bool, more: &[&str]| {
        let mut command =
            if own { curl::with_certificate(unis) } else { curl::with(&unis.pki("ca.pem"), None) };
        curl::run(command.args(more).arg(unis.at(path))).unwrap()
    };
    let ask = |path: &str, own: bool, more: &[&str]| ask_of(&unis, path, own, more);
    let body = ["--data-raw", r#"{"secret":"x","csr":"y"}"#];
    for (status, answer) in [
        (403, ask("directory", false, &[])),
        (403, ask("pki/renew", false, &["--data-raw", r#"{"csr":"y"}"#])),
        (403, ask("pki/enroll", false, &body)),
        (400, ask("pki/renew", true, &["--data-raw", r#"{"csr":"no csr"}"#])),
        (400, ask("pki/enroll", true, &["--data-raw", "{"])),
        (404, ask("pki/ca-key.pem", true, &[])),
        (405, ask("pki/enroll", true, &[])),
        (413, ask("pki/enroll", true, &["--data-raw", &" ".repeat(17_000)])),
        // The first rendering of a map takes longer than the handler may here.
        (503, ask_of(&hasty, "cost-map-routingcost-numerical", true, &["--compressed"])),
    ] {
        let told = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, status, "{told}");
        tells_nothing(&answer, &unis);
    }
}

#[test]
fn a_log_line_has_the_clients_network_and_not_its_address() {
    let unis = Unis::mutual(&data::small(), &["--set", "log.level=debug"]).unwrap();
    let mut stream = TcpStream::connect(unis.authority()).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let own = stream.local_addr().unwrap().to_string();
    let line = unis.wait_for_log("handshake failed").unwrap();
    assert!(line.contains("127.0.0.0/24") && !line.contains(&own), "{line}");
    assert!(!line.contains("127.0.0.1"), "{line}");
}
