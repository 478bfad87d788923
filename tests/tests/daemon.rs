//! `unis serve` as a daemon: reload, drain, health, metrics, refusals at the start, settings, real
//! curl.

use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;

use serde_json::{Value, json};
use system_tests::unis::{self, Unis};
use system_tests::{curl, data, http, python};

/// A server over a copy of the small inventory that a test may change.
struct Changing {
    server: Unis,
    path: PathBuf,
    text: String,
    _folder: tempfile::TempDir,
}

impl Changing {
    fn start(more: &[&str]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("network.toml");
        let text = std::fs::read_to_string(data::project("topology/fixtures/small.toml"))?;
        std::fs::write(&path, &text)?;
        let server = Unis::plain(&[format!("inventory={}", path.display())], more)?;
        Ok(Self { server, path, text, _folder: folder })
    }

    /// Replaces the file and sends SIGHUP; the log line that tells of the outcome.
    fn reload(&self, text: &str) -> anyhow::Result<String> {
        unis::replace(&self.path, text)?;
        self.server.signal("HUP")?;
        self.server.wait_for_log("reload")
    }
}

/// URI of a resource.
fn uri(server: &Unis, id: &str) -> String {
    let directory = http::get(&server.url).json();
    directory["resources"][id]["uri"].as_str().unwrap_or_default().to_owned()
}

/// The ETags of the network map and the numerical cost maps of both metrics.
fn tags(server: &Unis) -> [String; 3] {
    ["network-map", "cost-map-routingcost-numerical", "cost-map-hopcount-numerical"]
        .map(|id| http::get(&uri(server, id)).header("etag").unwrap_or_default().to_owned())
}

fn cost(server: &Unis, from: &str, to: &str) -> Value {
    http::get(&uri(server, "cost-map-routingcost-numerical")).json()["cost-map"][from][to].clone()
}

/// A metric without labels.
fn metric(server: &Unis, name: &str) -> Option<f64> {
    let text = String::from_utf8(http::get(&format!("{}/metrics", server.admin)).body).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    line.trim().parse().ok()
}

fn status(server: &Unis, path: &str) -> u16 {
    http::get(&format!("{}{path}", server.admin)).status
}

const BY_HAND: [&str; 2] = ["--set", "reload-poll-seconds=0"];

#[test]
fn on_sighup_costs_move_and_the_network_maps_tag_stays() {
    let changing = Changing::start(&BY_HAND).unwrap();
    let before = tags(&changing.server);
    assert_eq!(cost(&changing.server, "MI", "RM"), 10);
    changing.reload(&changing.text.replace("igp = 10", "igp = 12.5")).unwrap();
    assert_eq!(cost(&changing.server, "MI", "RM"), 12.5);
    let after = tags(&changing.server);
    assert_eq!((&after[0], &after[2]), (&before[0], &before[2]));
    assert_ne!(after[1], before[1]);
    assert_eq!(metric(&changing.server, "unis_reloads_total"), Some(1.0));
    assert_eq!(metric(&changing.server, "unis_reloads_failed_total"), Some(0.0));
}

#[test]
fn a_changed_prefix_moves_all_tags() {
    let changing = Changing::start(&BY_HAND).unwrap();
    let before = tags(&changing.server);
    changing.reload(&changing.text.replace("198.51.100.0/24", "198.51.100.0/25")).unwrap();
    let after = tags(&changing.server);
    assert!(
        before.iter().zip(&after).all(|(before, after)| before != after),
        "{before:?} {after:?}"
    );
    let map = http::get(&uri(&changing.server, "network-map")).json();
    assert_eq!(map["network-map"]["RM"], json!({"ipv4": ["198.51.100.0/25"]}));
}

#[test]
fn a_file_is_loaded_when_it_changes() {
    let changing = Changing::start(&["--set", "reload-poll-seconds=1"]).unwrap();
    unis::replace(&changing.path, &changing.text.replace("igp = 10", "igp = 11")).unwrap();
    changing.server.wait_for_log("map reloaded").unwrap();
    assert_eq!(cost(&changing.server, "MI", "RM"), 11);
}

#[test]
fn broken_files_keep_the_old_version_and_are_counted_and_logged() {
    let changing = Changing::start(&BY_HAND).unwrap();
    let before = tags(&changing.server);
    let line = changing.reload(&(changing.text.clone() + "\n[[pop]\n")).unwrap();
    assert!(line.contains("old version stays") && line.contains("network.toml:"), "{line}");
    std::fs::remove_file(&changing.path).unwrap();
    changing.server.signal("HUP").unwrap();
    changing.server.wait_for_log("old version stays").unwrap();
    assert_eq!(tags(&changing.server), before);
    assert_eq!(metric(&changing.server, "unis_reloads_failed_total"), Some(2.0));
    assert_eq!(status(&changing.server, "/readyz"), 200);
    // The file is whole again.
    changing.reload(&changing.text.replace("igp = 10", "igp = 9")).unwrap();
    assert_eq!(cost(&changing.server, "MI", "RM"), 9);
}

#[test]
fn equal_data_keep_all_tags() {
    let changing = Changing::start(&BY_HAND).unwrap();
    let before = tags(&changing.server);
    let line = changing.reload(&format!("# a comment\n{}", changing.text)).unwrap();
    assert!(line.contains("map reloaded"), "{line}");
    assert_eq!(tags(&changing.server), before);
    let again = Changing::start(&BY_HAND).unwrap();
    assert_eq!(tags(&again.server), before, "another server of the same data");
}

#[test]
fn sigterm_lets_a_request_in_work_finish_and_exits_0() {
    let mut server = Unis::plain(&data::small(), &[]).unwrap();
    let authority = server.authority().to_owned();
    let path = uri(&server, "endpoint-cost");
    let path = path.split_once(&authority).unwrap().1;
    let body = r#"{"cost-type": {"cost-metric": "routingcost", "cost-mode": "numerical"},
        "endpoints": {"srcs": ["ipv4:192.0.2.1"], "dsts": ["ipv4:198.51.100.1"]}}"#;
    let (first, rest) = body.split_at(40);
    let mut slow = TcpStream::connect(&authority).unwrap();
    let media_type = "application/alto-endpointcostparams+json";
    let length = body.len();
    write!(
        slow,
        "POST {path} HTTP/1.1\r\nHost: {authority}\r\nExpect: 100-continue\r\n\
         Content-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n"
    )
    .unwrap();
    let mut answers = BufReader::new(slow.try_clone().unwrap());
    // The server asks for the body: the request is in work.
    let mut line = String::new();
    std::io::BufRead::read_line(&mut answers, &mut line).unwrap();
    assert!(line.contains("100"), "{line}");
    std::io::BufRead::read_line(&mut answers, &mut line).unwrap();
    slow.write_all(first.as_bytes()).unwrap();
    assert_eq!([status(&server, "/livez"), status(&server, "/readyz")], [200, 200]);
    server.signal("TERM").unwrap();
    server.wait_for_log("draining").unwrap();
    assert_eq!([status(&server, "/livez"), status(&server, "/readyz")], [200, 503]);
    slow.write_all(rest.as_bytes()).unwrap();
    let answer = http::read_answer(&mut answers, "POST").unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["endpoint-cost-map"]["ipv4:192.0.2.1"]["ipv4:198.51.100.1"], 10);
    assert_eq!(server.wait_for_exit().unwrap(), Some(0));
    assert!(TcpStream::connect(&authority).is_err());
}

#[test]
fn an_idle_server_stops_at_once_with_0() {
    assert_eq!(Unis::plain(&data::small(), &[]).unwrap().stop().unwrap(), Some(0));
}

#[test]
fn health_and_metrics_stand_beside_the_service() {
    let server = Unis::plain(&data::small(), &[]).unwrap();
    assert_eq!([status(&server, "/livez"), status(&server, "/readyz")], [200, 200]);
    assert_eq!(status(&server, "/elsewhere"), 404);
    let _ = http::get(&server.url);
    let text = String::from_utf8(http::get(&format!("{}/metrics", server.admin)).body).unwrap();
    for line in [
        "unis_requests_total{resource=\"directory\",status=\"200\"} 1",
        "unis_pids{network=\"network-map\"} 4",
        "unis_prefixes{network=\"network-map\"} 6",
        "unis_map_entries{resource=\"cost-map-routingcost-numerical\"} 9",
    ] {
        assert!(text.lines().any(|found| found == line), "no {line} in {text}");
    }
    assert!(text.trim_end().ends_with("# EOF"), "{text}");
    let elsewhere = http::get(&server.url.replace("/directory", "/metrics"));
    assert_eq!(elsewhere.status, 404);
}

/// What the server says when it does not start.
fn refusal(arguments: &[&str]) -> anyhow::Result<String> {
    let folder = tempfile::tempdir()?;
    let state = folder.path().display().to_string();
    let small = data::small();
    let fixed = ["serve", "--source", &small[0], "--state-dir", &state];
    let said = unis::run(fixed.iter().chain(arguments))?;
    assert_eq!(said.status.code(), Some(2), "{arguments:?}");
    assert!(said.stdout.is_empty(), "{arguments:?}");
    let error = String::from_utf8(said.stderr)?;
    assert!(error.starts_with("unis: ") && error.lines().count() == 1, "{error}");
    Ok(error)
}

#[test]
fn plain_http_is_refused_beyond_loopback() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.55:0"] {
        let error = refusal(&["--plaintext", "--listen", address]).unwrap();
        assert!(error.contains("loopback") && error.contains(address), "{error}");
    }
    let error = refusal(&["--set", "admin-listen=0.0.0.0:0", "--listen", "127.0.0.1:0"]).unwrap();
    assert!(error.contains("admin-listen") && error.contains("loopback"), "{error}");
}

#[test]
fn a_port_that_is_taken_is_named_once() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for more in [&["--plaintext"][..], &[]] {
        let error = refusal(&[&["--listen", &address], more].concat()).unwrap();
        assert!(error.contains(&address), "{error}");
        assert_eq!(error.matches("in use").count(), 1, "{error}");
    }
    let admin = format!("admin-listen={address}");
    let error = refusal(&["--plaintext", "--listen", "127.0.0.1:0", "--set", &admin]).unwrap();
    assert!(error.contains(&address), "{error}");
}

#[test]
fn serving_nothing_is_refused_with_what_is_missing() {
    let said = unis::run(["serve", "--plaintext"]).unwrap();
    assert_eq!(said.status.code(), Some(2));
    let error = String::from_utf8(said.stderr).unwrap();
    assert!(error.contains("--source FORMAT=PATH") && error.contains("[network]"), "{error}");
}

#[test]
fn the_command_line_wins_over_the_environment_and_that_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("unis.toml");
    std::fs::write(&file, "[routingcost]\nweight = \"delay\"\n").unwrap();
    let config = ["--plaintext", "--config", &file.display().to_string()];
    let environment = [("UNIS__ROUTINGCOST__WEIGHT", "hops"), ("UNIS__DEFAULT_PID_COST", "77")];
    let server = Unis::start(&data::small(), &config, &[]).unwrap();
    assert_eq!(cost(&server, "MI", "RM"), 4800);
    let server = Unis::start(&data::small(), &config, &environment).unwrap();
    assert_eq!([cost(&server, "MI", "RM"), cost(&server, "MI", "default")], [1, 77]);
    let set = [&config[..], &["--set", "routingcost.weight=igp"]].concat();
    let server = Unis::start(&data::small(), &set, &environment).unwrap();
    assert_eq!([cost(&server, "MI", "RM"), cost(&server, "MI", "default")], [10, 77]);
}

#[test]
fn several_networks_carry_their_names_in_front() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("unis.toml");
    let network = |name: &str, sources: Vec<String>| {
        format!("[[network]]\nname = {name:?}\nsource = {sources:?}\n")
    };
    let both = network("rfc", data::rfc7285()) + &network("small", data::small());
    std::fs::write(&file, both + "[network.routingcost]\nweight = \"hops\"\n").unwrap();
    let server = Unis::plain(&[], &["--config", &file.display().to_string()]).unwrap();
    let directory = http::get(&server.url).json();
    assert_eq!(directory["meta"]["default-alto-network-map"], "rfc:network-map");
    let ids: Vec<&String> = directory["resources"].as_object().unwrap().keys().collect();
    assert!(ids.iter().all(|id| id.starts_with("rfc:") || id.starts_with("small:")), "{ids:?}");
    let costs = |id: &str| http::get(&uri(&server, id)).json()["cost-map"].clone();
    // RFC 7285 §11.2.3.7, and the weight of the second network alone.
    assert_eq!(costs("rfc:cost-map-routingcost-numerical")["PID1"]["PID3"], 10);
    assert_eq!(costs("small:cost-map-routingcost-numerical")["MI"]["RM"], 1);
}

#[test]
fn curl_asks_over_mutual_tls_with_either_version_of_http() {
    let server = Unis::mutual(&data::germany50(), &[]).unwrap();
    let directory = curl::run(curl::with_certificate(&server).arg(&server.url)).unwrap();
    let uri = directory.json()["resources"]["endpoint-cost"]["uri"].as_str().unwrap().to_owned();
    let body = r#"{"cost-type": {"cost-metric": "hopcount", "cost-mode": "numerical"},
        "endpoints": {"srcs": ["ipv4:131.173.161.65"], "dsts": ["ipv4:134.91.53.99"]}}"#;
    let media_type = "Content-Type: application/alto-endpointcostparams+json";
    for (option, version) in [("--http1.1", "HTTP/1.1"), ("--http2", "HTTP/2")] {
        let mut command = curl::with_certificate(&server);
        let text =
            python::finish(command.args([option, "--header", media_type, "--data", body, &uri]))
                .unwrap();
        assert!(text.starts_with(&format!("{version} 200")), "{text}");
        let answer: Value = serde_json::from_str(&text[text.find("\r\n\r\n").unwrap()..]).unwrap();
        let costs = &answer["endpoint-cost-map"]["ipv4:131.173.161.65"]["ipv4:134.91.53.99"];
        assert!(costs.is_u64(), "{text}");
        assert_eq!(costs, &hops(&server, "Osnabrueck", "Essen").unwrap(), "{text}");
    }
}

/// A cost of the hopcount map, fetched by curl.
fn hops(server: &Unis, from: &str, to: &str) -> Result<Value, String> {
    let fetch = |url: &str| curl::run(curl::with_certificate(server).arg(url));
    let resources = fetch(&server.url)?.json()["resources"].clone();
    let uri = resources["cost-map-hopcount-numerical"]["uri"].as_str().unwrap_or_default();
    Ok(fetch(uri)?.json()["cost-map"][from][to].clone())
}

#[test]
fn only_certificates_of_the_own_authority_are_let_in() {
    let server = Unis::mutual(&data::small(), &[]).unwrap();
    let other = Unis::mutual(&data::small(), &[]).unwrap();
    let foreign = (other.pki("client.pem"), other.pki("client-key.pem"));
    let answer = curl::run(
        curl::with(&server.pki("ca.pem"), Some((&foreign.0, &foreign.1))).arg(&server.url),
    );
    assert!(answer.is_err(), "{answer:?}");
    let answer = curl::run(curl::with(&server.pki("ca.pem"), None).arg(&server.url)).unwrap();
    assert_eq!(answer.status, 403);
    let answer = curl::run(curl::with(&other.pki("ca.pem"), None).arg(&server.url));
    assert!(answer.is_err(), "{answer:?}");
}
