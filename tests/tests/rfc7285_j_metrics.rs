//! RFC 7285 §16.2.5: what an operator measures, scraped from a running server (J8).

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;
use system_tests::http::get;
use system_tests::maps::{Maps, cost_map};
use system_tests::resource::{ASKED, COST, FETCHED, NETWORK_MAP_FILTERED};
use system_tests::scrape::Scrape;
use system_tests::unis::Unis;
use system_tests::wait::until_so;
use system_tests::{curl, data, openssl};

const COSTS: &str = "cost-map-routingcost-numerical";
const HOUR_S: f64 = 3600.0;

fn unix_s() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

fn check(scrape: &Scrape, samples: &[(&str, usize)]) {
    for (sample, value) in samples {
        assert_eq!(scrape.value(sample), Some(*value as f64), "{sample} in {:#?}", scrape.lines);
    }
}

#[test]
fn j8_requests_answers_and_maps_are_counted() {
    let maps = Maps::rfc7285().unwrap();
    let unis = Unis::plain(&maps.sources(), &[]).unwrap();
    let mut map_bytes = 0;
    for _ in 0..3 {
        map_bytes += get(&unis.at("network-map")).body.len();
    }
    let query = r#"{"pids":["PID1"]}"#;
    let filtered = NETWORK_MAP_FILTERED.post(&unis, query);
    let refused = NETWORK_MAP_FILTERED.post(&unis, "{}");
    assert_eq!((filtered.status, refused.status), (200, 400));
    let answered = filtered.body.len() + refused.body.len();
    let lost = get(&unis.at("nowhere"));
    let scrape = Scrape::of(&unis.admin);
    check(
        &scrape,
        &[
            ("unis_requests_total{resource=\"network-map\",status=\"200\"}", 3),
            ("unis_response_bytes_total{resource=\"network-map\"}", map_bytes),
            ("unis_requests_total{resource=\"network-map-filtered\",status=\"200\"}", 1),
            ("unis_requests_total{resource=\"network-map-filtered\",status=\"400\"}", 1),
            ("unis_request_bytes_total{resource=\"network-map-filtered\"}", query.len() + 2),
            ("unis_response_bytes_total{resource=\"network-map-filtered\"}", answered),
            ("unis_requests_total{resource=\"none\",status=\"404\"}", 1),
            ("unis_response_bytes_total{resource=\"none\"}", lost.body.len()),
            ("unis_reloads_total", 0),
            ("unis_pids{network=\"network-map\"}", 3),
            ("unis_prefixes{network=\"network-map\"}", 5),
            ("unis_map_entries{resource=\"network-map\"}", 5),
            (&format!("unis_map_entries{{resource=\"{COSTS}\"}}"), 8),
            ("unis_map_encoded_bytes{resource=\"network-map\",coding=\"identity\"}", map_bytes / 3),
        ],
    );
    let version = format!("version=\"{}\"", env!("CARGO_PKG_VERSION"));
    assert_eq!(scrape.labelled("unis_build_info"), [(version.as_str(), 1.0)]);
}

/// Each service of the directory has counters of its own: what went well and what was refused, in
/// number and in bytes.
#[test]
fn j8_each_service_of_the_directory_is_counted() {
    let unis = Unis::plain(&data::rfc7285(), &[]).unwrap();
    let directory = FETCHED[0].get(&unis);
    let listed: serde_json::Value = serde_json::from_slice(&directory.body).unwrap();
    let mut listed: Vec<&str> =
        listed["resources"].as_object().unwrap().keys().map(String::as_str).collect();
    listed.push("directory");
    let bad = "no query";
    let mut done = vec![("directory", None, vec![(200, directory.body.len())])];
    for fetched in &FETCHED[1..] {
        let answer = fetched.get(&unis);
        done.push((fetched.path, None, vec![(answer.status, answer.body.len())]));
    }
    for asked in &ASKED {
        let answers = [asked.post(&unis, asked.query), asked.post(&unis, bad)];
        let read = Some(asked.query.len() + bad.len());
        let answers = answers.iter().map(|answer| (answer.status, answer.body.len())).collect();
        done.push((asked.path, read, answers));
    }
    let mut tried: Vec<&str> = done.iter().map(|(path, ..)| *path).collect();
    listed.sort_unstable();
    tried.sort_unstable();
    assert_eq!(tried, listed);
    let scrape = Scrape::of(&unis.admin);
    for (id, read, answers) in done {
        let expected = if read.is_some() { vec![200, 400] } else { vec![200] };
        assert_eq!(answers.iter().map(|(status, _)| *status).collect::<Vec<_>>(), expected, "{id}");
        for status in expected {
            let count = format!("unis_requests_total{{resource=\"{id}\",status=\"{status}\"}}");
            check(&scrape, &[(&count, 1)]);
        }
        let sent = answers.iter().map(|(_, bytes)| bytes).sum();
        check(&scrape, &[(&format!("unis_response_bytes_total{{resource=\"{id}\"}}"), sent)]);
        if let Some(read) = read {
            check(&scrape, &[(&format!("unis_request_bytes_total{{resource=\"{id}\"}}"), read)]);
        }
    }
}

/// Each resource has counters of its own, also where a map is made while it is sent: bytes are
/// those that the client got.
#[test]
fn j8_streamed_maps_are_counted_byte_by_byte() {
    let unis = Unis::plain(&data::germany50(), &["--set", "max-rendered-pairs=1"]).unwrap();
    let whole = get(&unis.at(COSTS)).body.len();
    assert!(whole > 20_000);
    let coded = Command::new("curl")
        .args(["--silent", "--max-time", "30", "--header", "Accept-Encoding: gzip"])
        .arg(unis.at(COSTS))
        .output()
        .unwrap()
        .stdout;
    assert!(coded.len() < whole / 2, "{}", coded.len());
    let query = COST.query;
    let asked = COST.post(&unis, query);
    assert_eq!(asked.status, 200);
    let scrape = Scrape::of(&unis.admin);
    check(
        &scrape,
        &[
            (&format!("unis_requests_total{{resource=\"{COSTS}\",status=\"200\"}}"), 2),
            (&format!("unis_response_bytes_total{{resource=\"{COSTS}\"}}"), whole + coded.len()),
            (&format!("unis_map_encoded_bytes{{resource=\"{COSTS}\",coding=\"identity\"}}"), whole),
            (
                &format!("unis_map_encoded_bytes{{resource=\"{COSTS}\",coding=\"gzip\"}}"),
                coded.len(),
            ),
            ("unis_request_bytes_total{resource=\"endpoint-cost\"}", query.len()),
            ("unis_response_bytes_total{resource=\"endpoint-cost\"}", asked.body.len()),
        ],
    );
}

#[test]
fn j8_map_updates_are_counted() {
    let maps = Maps::rfc7285().unwrap();
    let unis = Unis::plain(&maps.sources(), &["--set", "reload-poll-seconds=0"]).unwrap();
    let reload = |says: &str| {
        unis.signal("HUP").unwrap();
        unis.wait_for_log(says).unwrap();
    };
    reload("map reloaded");
    let costs = json!({"PID1": {"PID2": 7}});
    maps.put("cost-map.json", &cost_map("routingcost", "numerical", costs)).unwrap();
    reload("map reloaded");
    maps.put("cost-map.json", &json!("no map")).unwrap();
    reload("reload refused");
    let scrape = Scrape::of(&unis.admin);
    check(
        &scrape,
        &[
            ("unis_reloads_total", 2),
            ("unis_reloads_failed_total", 1),
            ("unis_map_updates_total{resource=\"network-map\"}", 0),
            (&format!("unis_map_updates_total{{resource=\"{COSTS}\"}}"), 1),
            ("unis_pids{network=\"network-map\"}", 3),
            (&format!("unis_map_entries{{resource=\"{COSTS}\"}}"), 1),
        ],
    );
}

/// How old the maps in force are: a refused reload does not make them younger.
#[test]
fn j8_the_age_of_the_maps_is_told() {
    let begin = unix_s();
    let maps = Maps::rfc7285().unwrap();
    let unis = Unis::plain(&maps.sources(), &["--set", "reload-poll-seconds=0"]).unwrap();
    let scrape = Scrape::of(&unis.admin);
    let loaded = scrape.value("unis_map_loaded_timestamp_seconds").unwrap();
    let age = scrape.value("unis_map_age_seconds").unwrap();
    assert!(loaded >= begin && age >= 0.0 && (begin..=unix_s()).contains(&(loaded + age)));
    maps.put("cost-map.json", &json!("no map")).unwrap();
    unis.signal("HUP").unwrap();
    unis.wait_for_log("reload refused").unwrap();
    let later = Scrape::of(&unis.admin);
    assert_eq!(later.value("unis_map_loaded_timestamp_seconds"), Some(loaded));
    assert!(later.value("unis_map_age_seconds").unwrap() > age);
}

#[test]
fn j8_processor_and_memory_are_measured() {
    let unis = Unis::plain(&data::germany50(), &[]).unwrap();
    let first = Scrape::of(&unis.admin);
    let value = |scrape: &Scrape, sample: &str| {
        scrape.value(sample).unwrap_or_else(|| panic!("no {sample} in {:#?}", scrape.lines))
    };
    // The kernel's own figures, read from outside.
    let status = std::fs::read_to_string(format!("/proc/{}/status", unis.id())).unwrap();
    let kib = |key: &str| -> f64 {
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    let resident = value(&first, "process_resident_memory_bytes") / 1024.0;
    assert!((resident - kib("VmRSS:")).abs() < 8192.0, "{resident} KiB, {status}");
    assert!(value(&first, "process_virtual_memory_bytes") > resident);
    let started = value(&first, "process_start_time_seconds");
    assert!((unix_s() - started) < 60.0 && started <= unix_s());
    assert!(value(&first, "process_open_fds") > 3.0);
    let cpu = value(&first, "process_cpu_seconds_total");
    until_so("the requests took processor time", || {
        assert_eq!(get(&unis.at(COSTS)).status, 200);
        value(&Scrape::of(&unis.admin), "process_cpu_seconds_total") >= cpu + 0.02
    });
    // 51 PIDs, two metrics of 51 x 51 pairs, two bytes each and something beside.
    let parts = first.labelled("unis_map_memory_bytes");
    for metric in ["routingcost", "hopcount"] {
        let label = format!("network=\"network-map\",part=\"{metric}\"");
        let bytes = parts.iter().find(|(labels, _)| *labels == label).unwrap().1;
        assert!((5_000.0..500_000.0).contains(&bytes), "{metric} {bytes}");
    }
    let network = parts.iter().find(|(labels, _)| labels.contains("part=\"network\"")).unwrap();
    assert!(network.1 > 10_000.0, "{parts:?}");
}

/// openssl reads the same ends from the same files.
#[test]
fn j8_certificates_and_revocation_lists_say_when_they_end() {
    let partner = openssl::Authority::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("unis.toml");
    let bundle = partner.bundle();
    let settings = format!(
        "[[partner]]\nname = \"acme\"\ntrust-domain = \"acme.example\"\nbundle = {bundle:?}\n"
    );
    std::fs::write(&file, settings).unwrap();
    let unis = Unis::mutual(&data::small(), &["--config", &file.display().to_string()]).unwrap();
    assert_eq!(curl::run(curl::with_certificate(&unis).arg(&unis.url)).unwrap().status, 200);
    let scrape = Scrape::of(&unis.admin);
    let own = openssl::end_of_certificate(&unis.pki("server.pem")).unwrap();
    assert_eq!(scrape.value("unis_link_cert_not_after_seconds{side=\"server\"}"), Some(own));
    let authorities = scrape.labelled("unis_link_ca_not_after_seconds");
    assert_eq!(authorities.len(), 2, "{authorities:?}");
    for (party, bundle) in [("isp.localhost", unis.pki("ca.pem")), ("acme", bundle)] {
        let print = openssl::fingerprint(&bundle).unwrap();
        let labels = format!("side=\"server\",party=\"{party}\",fingerprint=\"{}\"", &print[..16]);
        let found = authorities.iter().find(|(found, _)| *found == labels);
        let ends = openssl::end_of_certificate(&bundle).unwrap();
        assert_eq!(found.map(|(_, ends)| *ends), Some(ends), "{labels} in {authorities:?}");
    }
    let list = "unis_link_crl_next_update_seconds{side=\"server\",party=\"isp.localhost\"}";
    let next = scrape.value(list).unwrap();
    assert_eq!(next, openssl::end_of_list(&unis.pki("crl.pem")).unwrap());
    assert!(next > unix_s() + HOUR_S);
}

/// A collector refuses the whole page if a name stands twice.
#[test]
fn j8_every_metric_is_described_once() {
    let unis = Unis::plain(&data::rfc7285(), &[]).unwrap();
    assert_eq!(get(&unis.url).status, 200);
    let lines = Scrape::of(&unis.admin).lines;
    let mut names: Vec<&str> =
        lines.iter().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let described = names.len();
    assert!(described > 10, "{names:?}");
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), described, "{lines:#?}");
    assert_eq!(lines.last().map(String::as_str), Some("# EOF"));
}
