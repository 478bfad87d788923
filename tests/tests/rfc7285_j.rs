//! RFC 7285 §15 and §16: security and management, row by row.

use std::process::Command;

use serde_json::{Value, json};
use system_tests::http::{Answer, get, request};
use system_tests::openssl::{self, Authority, Certificate};
use system_tests::resource::{
    ASKED, Asked, COST, COST_MAP_FILTERED, FETCHED, NETWORK_MAP_FILTERED, PROPERTY,
};
use system_tests::unis::Unis;
use system_tests::{curl, data};
use tempfile::TempDir;

/// The network of the RFC's examples.
fn server() -> anyhow::Result<Unis> {
    Unis::plain(&data::rfc7285(), &[])
}

/// Two partners, and a server that knows them: `acme` sees ranks, `bolt` everything.
struct Partners {
    unis: Unis,
    acme: Authority,
    bolt: Authority,
    _folder: TempDir,
}

/// `more` are settings of the server, `of_acme` of that partner.
fn partners(more: &str, of_acme: &str) -> anyhow::Result<Partners> {
    let (acme, bolt) = (Authority::new()?, Authority::new()?);
    let mut settings = format!("{more}\n[network]\nsource = {:?}\n", data::rfc7285());
    for (name, authority, own) in [("acme", &acme, of_acme), ("bolt", &bolt, "")] {
        settings += &format!(
            "[[partner]]\nname = {name:?}\ntrust-domain = \"{name}.example\"\n\
             bundle = {:?}\n{own}\n",
            authority.bundle()
        );
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("unis.toml");
    std::fs::write(&path, settings)?;
    let unis = Unis::mutual(&[], &["--config", &path.to_string_lossy()])?;
    Ok(Partners { unis, acme, bolt, _folder: folder })
}

/// curl as a client with a certificate, or without one.
fn client(unis: &Unis, certificate: Option<&Certificate>) -> Command {
    let files = certificate.map(|own| (own.certificate.as_path(), own.key.as_path()));
    curl::with(&unis.pki("ca.pem"), files)
}

fn fetch(unis: &Unis, certificate: Option<&Certificate>, path: &str) -> Result<Answer, String> {
    curl::run(client(unis, certificate).arg(unis.at(path)))
}

fn put(
    unis: &Unis,
    certificate: Option<&Certificate>,
    to: &Asked,
    query: &str,
) -> Result<Answer, String> {
    let mut command = client(unis, certificate);
    command.args(["--header", &format!("Content-Type: {}", to.accepts), "--data-raw", query]);
    curl::run(command.arg(unis.at(to.path)))
}

/// RFC 6125 §6.4: DNS names and addresses stand as subject alternative names; the server gives
/// itself no wildcard.
#[test]
fn j1_the_certificate_names_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("unis.toml");
    std::fs::write(&settings, "server-names = [\"alto.isp.example\"]\n").unwrap();
    let unis = Unis::mutual(&data::rfc7285(), &["--config", &settings.to_string_lossy()]).unwrap();
    let names = openssl::names_of_server(unis.authority(), &unis.pki("ca.pem")).unwrap();
    for name in ["DNS:localhost", "DNS:alto.isp.example", "IP Address:127.0.0.1"] {
        assert!(names.iter().any(|known| known == name), "{name}: {names:?}");
    }
    assert!(!names.iter().any(|name| name.contains('*')), "{names:?}");

    let port = unis.authority().rsplit(':').next().unwrap();
    for (host, is_named) in [
        ("localhost", true),
        ("alto.isp.example", true),
        ("isp.example", false),
        ("other.isp.example", false),
        ("www.alto.isp.example", false),
    ] {
        let mut command = curl::with_certificate(&unis);
        command.args(["--resolve", &format!("{host}:{port}:127.0.0.1")]);
        let answer = curl::run(command.arg(format!("https://{host}:{port}/directory")));
        assert_eq!(answer.is_ok(), is_named, "{host}: {answer:?}");
    }
    std::fs::write(&settings, "server-names = [\"*.isp.example\"]\n").unwrap();
    let refused = Unis::mutual(&data::rfc7285(), &["--config", &settings.to_string_lossy()]);
    let error = refused.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("*.isp.example"), "{error}");
}

#[test]
fn j2_a_client_sees_what_its_agreement_says() {
    let Partners { unis, acme, bolt, .. } = partners("", "view = \"ordinal\"").unwrap();
    let acme = acme.issue("oms", "URI:spiffe://acme.example/p2psp/acme/oms/1").unwrap();
    let bolt = bolt.issue("oms", "URI:spiffe://bolt.example/p2psp/bolt/oms/1").unwrap();
    let (ranks, costs) = ("cost-map-routingcost-ordinal", "cost-map-routingcost-numerical");
    for (who, path, status) in [
        (&acme, "network-map", 200),
        (&acme, ranks, 200),
        (&acme, costs, 404),
        (&bolt, ranks, 200),
        (&bolt, costs, 200),
    ] {
        assert_eq!(fetch(&unis, Some(who), path).unwrap().status, status, "{who:?} {path}");
    }
    for (who, sees_costs) in [(&acme, false), (&bolt, true)] {
        let directory = fetch(&unis, Some(who), "directory").unwrap().json();
        assert_eq!(directory["resources"].get(costs).is_some(), sees_costs, "{who:?}");
        assert_eq!(directory["meta"]["cost-types"].get("num-routingcost").is_some(), sees_costs);
    }
    for service in [COST_MAP_FILTERED, COST] {
        let refused = put(&unis, Some(&acme), &service, service.query).unwrap().error();
        let expected = json!([400, "E_INVALID_FIELD_VALUE", "cost-type/cost-mode", "numerical"]);
        assert_eq!(refused, expected, "{}", service.path);
        let by_rank = service.query.replace("numerical", "ordinal");
        assert_eq!(put(&unis, Some(&acme), &service, &by_rank).unwrap().status, 200);
        assert_eq!(put(&unis, Some(&bolt), &service, service.query).unwrap().status, 200);
    }
}

#[test]
fn j2_who_has_no_agreement_gets_nothing() {
    let Partners { unis, acme, bolt, .. } = partners("", "").unwrap();
    let ours = "URI:spiffe://acme.example/p2psp/acme/oms/1";
    let member = acme.issue("member", ours).unwrap();
    assert_eq!(fetch(&unis, Some(&member), "network-map").unwrap().status, 200);
    // Roles that have no business with distances, and clients without certificate.
    for role in ["ixs/1", "ums/1", "cs/1", "rs/1"] {
        let name = format!("URI:spiffe://acme.example/p2psp/acme/{role}");
        let other = acme.issue("other", &name).unwrap();
        for path in ["directory", "network-map", "nothing-here"] {
            assert_eq!(fetch(&unis, Some(&other), path).unwrap().status, 403, "{role} {path}");
        }
    }
    for path in ["directory", "network-map", "nothing-here"] {
        assert_eq!(fetch(&unis, None, path).unwrap().status, 403, "{path}");
    }
    // Another's CA under the partner's name, the partner of that CA under it, and names of this
    // ISP.
    let stranger = Authority::new().unwrap().issue("stranger", ours).unwrap();
    let disguised = bolt.issue("disguised", ours).unwrap();
    let insider = acme.issue("insider", "URI:spiffe://isp.localhost/operator/first-try").unwrap();
    for refused in [&stranger, &disguised, &insider] {
        let answer = fetch(&unis, Some(refused), "directory");
        assert!(answer.is_err(), "{refused:?}: {answer:?}");
    }
}

#[test]
fn j3_no_cookie_is_set_and_none_is_heeded() {
    let unis = server().unwrap();
    let mut answers: Vec<Answer> = FETCHED.iter().map(|resource| resource.get(&unis)).collect();
    answers.extend(ASKED.iter().map(|service| service.post(&unis, service.query)));
    answers.extend(ASKED.iter().map(|service| service.post(&unis, "{}")));
    answers.push(get(&unis.at("nothing-here")));
    answers.push(request("OPTIONS", &unis.url).send());
    for answer in &answers {
        let set = answer.headers.iter().find(|(name, _)| name.starts_with("set-cookie"));
        assert_eq!(set, None);
    }
    let with = request("GET", &unis.at("network-map")).header("Cookie", "session=1").send();
    assert_eq!((with.status, &with.body), (200, &answers[1].body));
    assert_eq!(with.header("vary"), Some("accept, accept-encoding"));
}

/// §15.4.2: a client may hide the last bits of an address.
#[test]
fn j4_truncated_addresses_are_taken() {
    let unis = Unis::plain(&data::small(), &[]).unwrap();
    let (in_mi, in_rm, hidden) = ("ipv4:192.0.2.0", "ipv4:198.51.100.0", "ipv6:2001:db8:1::");
    let endpoints = json!([in_mi, in_rm, hidden, "ipv4:0.0.0.0", "ipv6:::"]);
    let query = json!({"properties": ["network-map.pid"], "endpoints": endpoints});
    let answer = PROPERTY.post(&unis, query.to_string());
    let pid = |name: &str| json!({"network-map.pid": name});
    let expected = json!({
        in_mi: pid("MI"), in_rm: pid("RM"), hidden: pid("MI"),
        "ipv4:0.0.0.0": pid("default"), "ipv6:::": pid("default"),
    });
    assert_eq!((answer.status, &answer.json()["endpoint-properties"]), (200, &expected));

    let query = json!({
        "cost-type": {"cost-mode": "numerical", "cost-metric": "routingcost"},
        "endpoints": {"srcs": [hidden], "dsts": [in_rm, in_mi]},
    });
    let answer = COST.post(&unis, query.to_string());
    let expected = json!({hidden: {in_rm: 10, in_mi: 0}});
    assert_eq!((answer.status, &answer.json()["endpoint-cost-map"]), (200, &expected));
}

/// A partner's quota holds for it alone. All requests go through one curl, on one connection.
#[test]
fn j5_a_client_that_asks_too_often_is_told_when_to_come_back() {
    let Partners { unis, acme, bolt, .. } = partners("", "quota = 1").unwrap();
    let acme = acme.issue("oms", "URI:spiffe://acme.example/p2psp/acme/oms/1").unwrap();
    let bolt = bolt.issue("oms", "URI:spiffe://bolt.example/p2psp/bolt/oms/1").unwrap();
    let often = |who: &Certificate| {
        let url = unis.at("cost-map-routingcost-numerical?[1-30]");
        let output = client(&unis, Some(who)).arg("--head").arg(url).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let heads = often(&acme);
    let answers: Vec<&str> = heads.split("HTTP/1.1 ").skip(1).collect();
    let (good, refused): (Vec<&str>, Vec<&str>) =
        answers.iter().partition(|head| head.starts_with("200 "));
    assert_eq!(answers.len(), 30);
    assert!(!good.is_empty() && !refused.is_empty(), "{heads}");
    for head in refused {
        assert!(head.starts_with("429 ") && head.contains("retry-after: 1"), "{head}");
    }
    assert_eq!(often(&bolt).matches("HTTP/1.1 200 ").count(), 30);
}

/// The same bytes for all, in each coding, and none at all to who has them.
#[test]
fn j5_maps_are_made_once() {
    let unis = server().unwrap();
    for path in ["network-map", "cost-map-routingcost-numerical", "cost-map-routingcost-ordinal"] {
        for coding in ["identity", "gzip", "br"] {
            let ask = || request("GET", &unis.at(path)).header("Accept-Encoding", coding);
            let (first, second) = (ask().send(), ask().send());
            assert_eq!((first.status, &first.body), (200, &second.body), "{path} {coding}");
            let etag = first.header("etag").unwrap();
            let again = ask().header("If-None-Match", etag).send();
            assert_eq!((again.status, again.body.len()), (304, 0), "{path} {coding}");
        }
    }
}

/// The filter that lets all through is answered from the map's own bytes, compressed ones too.
#[test]
fn j6_an_empty_filter_is_answered_with_the_map() {
    let unis = server().unwrap();
    let cost_type = json!({"cost-mode": "ordinal", "cost-metric": "routingcost"});
    for (service, filter, path) in [
        (NETWORK_MAP_FILTERED, json!({"pids": []}), "network-map"),
        (COST_MAP_FILTERED, json!({"cost-type": cost_type}), "cost-map-routingcost-ordinal"),
        (
            COST_MAP_FILTERED,
            json!({"cost-type": cost_type, "constraints": [], "pids": {"srcs": [], "dsts": []}}),
            "cost-map-routingcost-ordinal",
        ),
    ] {
        for coding in ["identity", "gzip", "br"] {
            let map = request("GET", &unis.at(path)).header("Accept-Encoding", coding).send();
            let filtered = request("POST", &unis.at(service.path))
                .header("Content-Type", service.accepts)
                .header("Accept-Encoding", coding)
                .body(filter.to_string())
                .send();
            assert_eq!((filtered.status, &filtered.body), (200, &map.body), "{path} {coding}");
            for field in ["content-encoding", "content-type"] {
                assert_eq!(filtered.header(field), map.header(field), "{path} {coding}: {field}");
            }
            // The answer to a POST is not stored, so that nothing is there to revalidate.
            assert_eq!(
                (filtered.header("etag"), filtered.header("cache-control")),
                (None, Some("no-store"))
            );
        }
    }
}

/// No syslog of its own: lines on standard error, with what a relay needs for RFC 5424's header
/// (§6.2).
#[test]
fn j7_log_lines_carry_what_syslog_wants() {
    let unis = Unis::plain(&data::small(), &["--set", "log.format=json"]).unwrap();
    unis.signal("TERM").unwrap();
    let line: Value = serde_json::from_str(&unis.wait_for_log("SIGTERM").unwrap()).unwrap();
    let time = line["timestamp"].as_str().unwrap();
    assert!(time.len() >= "2026-01-01T00:00:00Z".len() && time.ends_with('Z'), "{time}");
    assert!(time.as_bytes()[10] == b'T' && time.as_bytes()[4] == b'-', "RFC 3339: {time}");
    let severities = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];
    assert!(severities.contains(&line["level"].as_str().unwrap()), "{line}");
    assert!(line["fields"]["message"].is_string() && line["target"].is_string(), "{line}");
}
